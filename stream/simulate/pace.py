"""Lets simulated time keep step with the clock on the wall."""

import time
from collections.abc import Callable, Iterator

from stream.simulate.line import time_of

#: Seconds slept at most at a time, so that a caller can look around.
LOOK = 0.2


class Pace:
    """Holds records back until their time has come.

    A stretch of event time that is to run at another speed is laid so that it never lies ahead of
    the clock: fast, it begins in the past and arrives at the clock with its end.

    >>> Pace(speed=2.0, clock=lambda: 1000.0).start(seconds=600.0)
    700.0

    Args:
        speed: seconds of event time in a second.
        clock: seconds since the epoch.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed, self._clock, self._sleep = speed, clock, sleep

    def start(self, *, seconds: float) -> float:
        """Return the event time at which a stretch must start that begins now."""
        return self._clock() - max(0.0, seconds - seconds / self._speed)

    def keep(
        self, lines: Iterator[bytes], *, start: float, waiting: Callable[[], None]
    ) -> Iterator[bytes]:
        """Yield records when they are due.

        Args:
            lines: records in event-time order.
            start: event time that is due at once.
            waiting: called every so often while nothing is due.
        """
        began = self._clock()
        for line in lines:
            due = began + (time_of(line) - start) / self._speed
            while (left := due - self._clock()) > 0:
                self._sleep(min(left, LOOK))
                waiting()
            yield line
