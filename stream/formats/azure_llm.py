"""Azure's LLM inference traces: CSV with TIMESTAMP, ContextTokens and GeneratedTokens."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from detectors.core.errors import InvalidEventError
from detectors.core.records import Request
from stream.decoded import RECORD_BYTES, Decoded
from stream.formats import trace

MODEL = "azure-llm"

# Times have up to nine digits behind the point, more than `datetime` keeps; no offset means UTC.
_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?,(\d{1,15}),(\d{1,15})\r?"
)
_HEADER = b"TIMESTAMP,ContextTokens,GeneratedTokens"


def read(blocks: Iterable[bytes], *, name: str, max_bytes: int = RECORD_BYTES) -> Iterator[Decoded]:
    """Yield the requests of each block, all of one account named after the file."""
    return trace.read(blocks, name=name, parse=parse, is_header=is_header, max_bytes=max_bytes)


def is_header(line: bytes) -> bool:
    """Say whether a line names the columns."""
    return line.removeprefix(b"\xef\xbb\xbf").strip() == _HEADER


def parse(line: bytes, *, number: int, account: str) -> Request:
    r"""Read one line.

    >>> parse(b"2023-11-16 18:15:46.6805900,374,44\r", number=2, account="conv").ts
    1700158546.68059
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise InvalidEventError("contract", f"the line is not {_HEADER.decode()}")
    moment, fraction, tokens_in, tokens_out = match.groups()
    try:
        seconds = datetime.fromisoformat(f"{moment.decode()}+00:00").timestamp()
    except ValueError:
        raise InvalidEventError("bad_time", "TIMESTAMP is no date and time") from None
    return Request(
        id=f"{account}-{number}",
        ts=seconds + (int(fraction) / 10 ** len(fraction) if fraction else 0.0),
        account=account,
        model=MODEL,
        input_tokens=int(tokens_in),
        output_tokens=int(tokens_out),
    )
