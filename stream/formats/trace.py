"""What traces without accounts have in common: one file is one account, one line one request."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import PurePath
from typing import Protocol

from detectors.core.records import Request
from stream.decoded import RECORD_BYTES, Collector, Decoded


class Parse(Protocol):
    """Turns one line into a request, or raises `InvalidEventError`."""

    def __call__(self, line: bytes, *, number: int, account: str) -> Request:
        """Read the line with that number of the file read as that account."""


def account_of(name: str) -> str:
    """Return the account that a file is read as: its name without folder and endings.

    >>> account_of("traces/AzureLLMInferenceTrace_conv.csv.gz"), account_of("-")
    ('AzureLLMInferenceTrace_conv', 'stdin')
    """
    path = PurePath("stdin" if name == "-" else name)
    path = path.with_suffix("") if path.suffix == ".gz" else path
    # A name that is not UTF-8 must not reach the engine: it could not be written anywhere.
    return os.fsencode(path.stem).decode("utf-8", "replace")[:200]


def read(
    blocks: Iterable[bytes],
    *,
    name: str,
    parse: Parse,
    is_header: Callable[[bytes], bool] | None = None,
    max_bytes: int = RECORD_BYTES,
) -> Iterator[Decoded]:
    """Yield what each block of whole lines holds; blank lines hold nothing.

    Args:
        blocks: of the file.
        name: of the file, shown in dead letters.
        parse: reads a line.
        is_header: says of the first line whether it names the columns.
        max_bytes: length past which a line is not looked at.
    """
    collector = Collector(source=name, max_bytes=max_bytes)
    account, number = account_of(name), 0
    for block in blocks:
        for line in block.removesuffix(b"\n").split(b"\n"):
            number += 1
            first = number == 1 and is_header is not None and is_header(line)
            if line.strip() and not first:
                collector.take(line, number, partial(parse, number=number, account=account))
        yield collector.done()
