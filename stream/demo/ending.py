"""When the demo is to end: at its time, on Ctrl-C, or with its terminal."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Tells that the end is wanted; a second signal ends at once.

    Args:
        until: monotonic time of the end, None for never.
    """

    def __init__(self, *, until: float | None) -> None:
        self._until = until
        self._signal: int | None = None
        self._event = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    @property
    def wanted(self) -> bool:
        """Whether it is time."""
        over = self._until is not None and time.monotonic() >= self._until
        return over or self._event.is_set()

    @property
    def code(self) -> int:
        """The exit code: Ctrl-C is the ordinary end of a demo, other signals are not."""
        return 0 if self._signal in (None, signal.SIGINT) else 128 + (self._signal or 0)

    def wait(self, seconds: float) -> None:
        """Wait, but not past a signal."""
        self._event.wait(seconds)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._event.is_set():
            raise KeyboardInterrupt
        self._signal = number
        self._event.set()
