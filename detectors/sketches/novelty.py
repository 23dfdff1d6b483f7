"""Was a value like this ever seen: the distance to the nearest one, in the series' own spread."""

import math
from bisect import bisect_left
from typing import Any

#: Values before which nothing is novel.
LEAST = 11
#: Steps, as parts of the range so far, within which two values are one; and values kept at most.
STEPS, MOST = 4096, 8192
#: How many spreads away a value is that leaves a line that never moved.
FLAT = 10.0


class Values:
    """Keeps values apart from each other, and finds the nearest.

    A value nearer than a 4096th of the range to a kept one adds nothing.  Where the range grew so
    much that too many are kept, every second is forgotten.

    >>> values = Values()
    >>> values.nearest(3.0)
    inf
    >>> values.add(1.0), values.add(9.0)
    (None, None)
    >>> values.nearest(3.0)
    2.0
    """

    def __init__(self, kept: list[float] | None = None) -> None:
        self.kept = kept or []

    def nearest(self, value: float) -> float:
        """Return the distance to the nearest value, infinity where there is none."""
        kept, place = self.kept, bisect_left(self.kept, value)
        below = value - kept[place - 1] if place else math.inf
        return min(below, kept[place] - value) if place < len(kept) else below

    def add(self, value: float) -> None:
        """Remember a value."""
        kept, place = self.kept, bisect_left(self.kept, value)
        if kept:
            near = value - kept[place - 1] if place else math.inf
            near = min(near, kept[place] - value) if place < len(kept) else near
            if near <= (kept[-1] - kept[0]) / STEPS:
                return
        kept.insert(place, value)
        if len(kept) > MOST:
            self.kept = [kept[0], *kept[1:-1:2], kept[-1]]


class Novelty:
    """Says how new a value is among all that were before it.

    The distance to the nearest earlier value is taken in standard deviations of the series and
    compared with what such distances usually are in it: a series that shows something new all the
    time must show something newer.  The answer is ln(1 + ratio).

    Args:
        usual: what the distance usually is, in standard deviations.
        weight: values that ``usual`` counts as.
        own: how far the series' own usual distance is believed, 0 to 1, against ``usual``.

    References:
        Grossberg (1987), Competitive learning: from interactive activation to adaptive resonance
        (what resembles nothing that is remembered is novel, and is then remembered).

    >>> novelty = Novelty(usual=0.01)
    >>> for value in range(100):
    ...     _ = novelty.judge(value % 10)
    >>> round(novelty.judge(5), 1), round(novelty.judge(30), 1)
    (0.0, 6.6)
    """

    def __init__(self, *, usual: float, weight: float = 1000.0, own: float = 0.3) -> None:
        self.usual, self.weight, self.own = usual, weight, own
        self._values = Values()
        self._count = 0
        self._mean = self._squares = 0.0
        self._sum = 0.0  # of the distances so far

    @property
    def spread(self) -> float:
        """The standard deviation so far."""
        return math.sqrt(max(self._squares, 0.0) / self._count) if self._count else 0.0

    def judge(self, value: float) -> float:
        """Say how new the value is, and remember it."""
        apart, spread = 0.0, self.spread
        if self._count >= LEAST:
            nearest = self._values.nearest(value)
            apart = nearest / spread if spread > 0 else FLAT * (nearest > 0)
        answer = self.compare(apart)
        self.learn(value)
        return answer

    def learn(self, value: float) -> None:
        """Remember a value."""
        self._count += 1
        step = value - self._mean
        self._mean += step / self._count
        self._squares += step * (value - self._mean)
        self._values.add(value)

    def compare(self, apart: float) -> float:
        """Say how new that is which lies ``apart`` standard deviations from all before it."""
        usual = (self._sum + self.usual * self.weight) / (self._count + self.weight)
        self._sum += apart
        return math.log1p(apart / (usual**self.own * self.usual ** (1.0 - self.own)))

    def snapshot(self) -> list[Any]:
        """Return all that is remembered."""
        return [self._values.kept, self._count, self._mean, self._squares, self._sum]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        kept, self._count, self._mean, self._squares, self._sum = state
        self._values = Values(list(kept))
