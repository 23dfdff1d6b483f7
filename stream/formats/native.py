"""Weir's own records as JSON lines: requests, lifecycle events and releases mixed."""

from collections.abc import Iterable, Iterator

from stream.codec import decode_lines
from stream.decoded import RECORD_BYTES, Collector, Decoded


def read(blocks: Iterable[bytes], *, name: str, max_bytes: int = RECORD_BYTES) -> Iterator[Decoded]:
    """Yield what each block of whole lines holds; offsets are numbers of lines, from 1."""
    collector = Collector(source=name, max_bytes=max_bytes, sampling=True)
    number = 1
    for block in blocks:
        number = decode_lines(block, collector, first=number)
        yield collector.done()
