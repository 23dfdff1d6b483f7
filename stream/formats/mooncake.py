"""Mooncake's traces of Kimi: JSON lines of requests with the hashes of their prefix blocks."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from detectors.core.errors import InvalidEventError
from detectors.core.records import Count, Request
from stream.codec import fault_of
from stream.decoded import RECORD_BYTES, Decoded
from stream.formats import trace

MODEL = "mooncake"
#: The traces count milliseconds from an unnamed start; it is read as 2024-01-01T00:00:00Z.
START = 1_704_067_200.0
#: Prefixes that a request may name.
PREFIXES = 64


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of the trace."""

    timestamp: Annotated[float, msgspec.Meta(ge=0)]
    input_length: Count
    output_length: Count
    hash_ids: list[Count] = []


def read(blocks: Iterable[bytes], *, name: str, max_bytes: int = RECORD_BYTES) -> Iterator[Decoded]:
    """Yield the requests of each block, all of one account named after the file."""
    return trace.read(blocks, name=name, parse=parse, max_bytes=max_bytes)


def parse(line: bytes, *, number: int, account: str) -> Request:
    """Read one line.

    >>> line = b'{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46]}'
    >>> parse(line, number=9, account="conversation_trace").prefix_hashes
    ['46']
    """
    try:
        read = _LINE.decode(line)
    except (ValueError, RecursionError) as error:
        raise fault_of(error, line) from None
    if read.timestamp > 1e12:
        raise InvalidEventError("bad_time", "timestamp is no count of milliseconds from a start")
    return Request(
        id=f"{account}-{number}",
        ts=START + read.timestamp / 1000,
        account=account,
        model=MODEL,
        input_tokens=read.input_length,
        output_tokens=read.output_length,
        prefix_hashes=[str(block) for block in read.hash_ids[:PREFIXES]],
    )


_LINE = msgspec.json.Decoder(Line)
