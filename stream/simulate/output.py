"""Simulated records to a file, plain or packed, or to the standard output."""

import gzip
import os
import sys
from types import TracebackType
from typing import BinaryIO, Self

from detectors.core.errors import WeirError


class OutputError(WeirError):
    """A file cannot be written; the message is a sentence that names it."""


class Output:
    """A file of JSON lines that is written; ``.gz`` is packed, ``-`` is the standard output.

    Args:
        name: path, or ``-``.

    Raises:
        OutputError: the file cannot be made.
    """

    def __init__(self, name: str) -> None:
        self.name, self.lines = name, 0
        self._raw: BinaryIO
        try:
            self._raw = sys.stdout.buffer if name == "-" else open(name, "wb")  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None
        self._file: BinaryIO | gzip.GzipFile = self._raw
        if name.endswith(".gz"):
            # Without name and time within, so that equal worlds are equal bytes.
            self._file = gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._raw, mtime=0)

    def write(self, line: bytes) -> None:
        """Write one record.

        Raises:
            OutputError: the disk is full, say.
            BrokenPipeError: nobody reads the standard output any more.
        """
        try:
            self._file.write(line + b"\n")
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._error(error) from None
        self.lines += 1

    def flush(self) -> None:
        """Let a reader see what was written."""
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._file is not self._raw:
                self._file.close()
            self._raw.flush() if self.name == "-" else self._raw.close()
        except BrokenPipeError:
            raise
        except OSError as fault:
            raise self._error(fault) from None

    def _error(self, error: OSError) -> OutputError:
        reason = error.strerror or os.strerror(error.errno or 0)
        return OutputError(f"{self.name} cannot be written ({reason}): name another file")
