"""The demo in plain lines, for a pipe or a log."""

import time

from detectors.core.records import Alert
from stream.demo.screen import Moment, figures, told

#: Seconds between lines of figures.
EVERY = 2.0


class Lines:
    """Plain lines, for a pipe or a log."""

    def __init__(self) -> None:
        self._shown = 0.0

    def note(self, sentence: str) -> None:
        """Print it."""
        print(f"weir: {sentence}", flush=True)

    def alert(self, alert: Alert) -> None:
        """Print one line."""
        print(f"{_clock()} ALERT {alert.severity} {told(alert)}", flush=True)

    def moment(self, moment: Moment) -> None:
        """Print a line every so often."""
        if time.monotonic() - self._shown >= EVERY:
            self._shown = time.monotonic()
            listed = ", ".join(f"{value} {name}" for name, value in figures(moment))
            print(f"{_clock()} {moment.stage}: {listed}", flush=True)

    def close(self) -> None:
        """Nothing is left open."""


def _clock() -> str:
    return time.strftime("%H:%M:%S")
