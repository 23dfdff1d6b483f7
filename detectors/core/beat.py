"""When accounts that share nothing with anybody come: what time itself does to everybody."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Seconds of silence after which a request is a start.
QUIET = 30
#: Seconds of the bins kept, and how many of them: an hour and more.
BIN, KEPT = 2, 2048
#: What is counted of a second: accounts that are there, and accounts that start.
KINDS = 2
#: Times are rounded where so large a part of so many lone accounts comes at multiples of five
#: seconds; those are in two of five bins.
ROUNDED, LEAST_TOLD = 0.8, 20


@dataclass(slots=True, kw_only=True)
class Beat:
    """Lone accounts in each two seconds of the last hour, and starts by hour of the day.

    >>> beat = Beat()
    >>> beat.add(7, np.array([1, 100]))
    >>> beat.block(np.array([0]), kind=1, bins=5, width=2).tolist()
    [[0, 0, 0, 1, 0]]
    """

    counts: Ints = field(default_factory=lambda: np.zeros((KINDS, KEPT), dtype=np.int64))
    numbers: Ints = field(default_factory=lambda: np.full(KEPT, -1, dtype=np.int64))
    hours: NDArray[np.float64] = field(default_factory=lambda: np.zeros(24))
    hour: int = 0

    def add(self, tick: int, away: Ints) -> None:
        """Count accounts seen in a second that were away for so many seconds."""
        number = tick // BIN
        place, hour = number % KEPT, tick // 3600
        if self.numbers[place] != number:
            self.numbers[place] = number
            self.counts[:, place] = 0
        starts = int((away >= QUIET).sum())
        self.counts[0, place] += len(away)
        self.counts[1, place] += starts
        if hour != self.hour:
            self.hours[passed(np.array([self.hour]), hour)[0]] *= 0.5
            self.hour = hour
        self.hours[hour % 24] += starts

    def rounded(self) -> bool:
        """Say whether times are rounded to five seconds or more: then all come together."""
        told = self.counts[0]
        total = told.sum()
        if total < LEAST_TOLD:
            return False
        place = self.numbers % 5
        return bool(told[(place == 0) | (place == 2)].sum() > ROUNDED * total)

    def block(self, starts: Ints, *, kind: int, bins: int, width: int) -> Ints:
        """Return the counts of blocks that begin at these seconds, (n, bins) of a width.

        What lies further back than is kept counts as nothing.
        """
        fine = starts[:, None] // BIN + np.arange(bins * width // BIN)
        place = fine % KEPT
        found = np.where(self.numbers[place] == fine, self.counts[kind][place], 0)
        counts: Ints = found.reshape(len(starts), bins, width // BIN).sum(axis=2)
        return counts

    def snapshot(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "counts": self.counts.tobytes(),
            "numbers": self.numbers.tobytes(),
            "hours": self.hours.tolist(),
            "hour": self.hour,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self.counts = np.frombuffer(state["counts"], dtype=np.int64).reshape(KINDS, KEPT).copy()
        self.numbers = np.frombuffer(state["numbers"], dtype=np.int64).copy()
        self.hours, self.hour = np.array(state["hours"]), state["hour"]


def passed(before: Ints, now: int) -> NDArray[np.bool_]:
    """Return which hours of the day have begun since the hours before, (n, 24).

    >>> np.flatnonzero(passed(np.array([22]), 25)[0]).tolist()
    [0, 1, 23]
    """
    ahead = (np.arange(24) - before[:, None] - 1) % 24
    return ahead < (now - before)[:, None]
