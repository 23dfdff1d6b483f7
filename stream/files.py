"""Files as blocks of whole lines: plain or gzip, or standard input."""

import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from detectors.core.errors import WeirError

_GZIP = b"\x1f\x8b"


class InputError(WeirError):
    """A file cannot be read or written; the message is a sentence that names it."""


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class InputFile:
    """One file to read; gzip is known by its first bytes or by the name's ending.

    Args:
        name: path, or ``-`` for standard input.

    Raises:
        InputError: there is no such file, or it must not be read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # Shown in dead letters, which are UTF-8 whatever the file system thinks.
        self.title = "stdin" if name == "-" else os.fsencode(name).decode("utf-8", "replace")
        self.size: int | None = None
        self._raw: BinaryIO | None = None
        self._fault: InputError | None = None
        self._unpacked_bytes = 0
        if name == "-":
            return
        try:
            status = os.stat(name)
            if stat.S_ISDIR(status.st_mode):
                raise InputError(f"{self.title} is a directory: name the files in it.")
            if not os.access(name, os.R_OK):
                raise InputError(f"{self.title} must not be read by this user.")
        except OSError as error:
            raise InputError(f"{self.title} cannot be read: {error.strerror}.") from None
        if stat.S_ISREG(status.st_mode):
            self.size = status.st_size

    @property
    def bytes_read(self) -> int:
        """Bytes read so far: of the file as it lies on disk, else of what came out of it."""
        if self._raw is None or self.size is None:
            return self._unpacked_bytes
        return self.size if self._raw.closed else self._raw.tell()

    def blocks(self, *, block_bytes: int, line_bytes: int) -> Iterator[bytes]:
        """Yield the file in blocks of whole lines; the last line may lack its newline.

        Memory stays bounded: of a line longer than `line_bytes` the beginning is kept, one byte
        longer than that.

        Raises:
            InputError: the file breaks off or is damaged, after all whole lines before that.
        """
        try:
            self._raw = sys.stdin.buffer if self.name == "-" else open(self.name, "rb")  # noqa: SIM115
            yield from self._lines(self._unpacked(self._raw), block_bytes, line_bytes)
        except OSError as error:
            raise InputError(f"{self.title} cannot be read: {error.strerror or error}.") from None
        finally:
            if self._raw is not None and self.name != "-":
                self._raw.close()

    def lines(self, *, block_bytes: int, line_bytes: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not blank, with their numbers from 1; otherwise as `blocks`."""
        first = 1
        for block in self.blocks(block_bytes=block_bytes, line_bytes=line_bytes):
            lines = block.removesuffix(b"\n").split(b"\n")
            for number, line in enumerate(lines, first):
                if line.strip():
                    yield number, line
            first += len(lines)

    def _unpacked(self, raw: BinaryIO) -> _Readable:
        packed = self.name.endswith(".gz") or raw.peek(2)[:2] == _GZIP  # type: ignore[attr-defined]
        return gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw  # type: ignore[return-value]

    def _lines(self, stream: _Readable, block_bytes: int, line_bytes: int) -> Iterator[bytes]:
        tail = b""
        while block := self._block(stream, block_bytes):
            data = tail + block
            cut = data.rfind(b"\n") + 1
            tail = data[cut:][: line_bytes + 1]
            if cut:
                yield data[:cut]
        if self._fault is not None:
            # The line that was torn could pass for a whole one with other numbers.
            raise self._fault
        if tail:
            yield tail

    def _block(self, stream: _Readable, size: int) -> bytes:
        # Filled up, so that blocks do not depend on how a pipe or a packed file comes in.
        pieces: list[bytes] = []
        missing = size
        while missing and self._fault is None:
            try:
                piece = stream.read1(missing)
            except EOFError:
                self._fault = InputError(
                    f"{self.title} breaks off within its gzip data: all lines before were read."
                )
            except (gzip.BadGzipFile, zlib.error):
                self._fault = InputError(
                    f"{self.title} is damaged or not gzip: all lines before the fault were read."
                )
            else:
                if not piece:
                    break
                pieces.append(piece)
                missing -= len(piece)
                self._unpacked_bytes += len(piece)
        return b"".join(pieces)
