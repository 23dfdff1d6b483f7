"""Was a value like this ever seen at this time of the day."""

from typing import Any

from detectors.sketches.novelty import Values

DAY = 86_400
#: Parts of a day; a value is compared with those of its own part and of the two beside it.
PARTS = 48
#: Days before which no rhythm is known.
LEAST_DAYS = 5


class Rhythm:
    """Keeps the values of earlier days by their time of the day, in UTC.

    >>> rhythm = Rhythm()
    >>> for hour in range(24 * 7):
    ...     _ = rhythm.judge(hour % 24, hour * 3600.0)
    >>> rhythm.judge(0.0, 7 * 86400.0), rhythm.judge(12.0, 7 * 86400.0)
    (0.0, 12.0)
    """

    def __init__(self) -> None:
        self._parts = [Values() for _ in range(PARTS)]
        self._today = [Values() for _ in range(PARTS)]
        self._first: int | None = None
        self._day = 0

    def judge(self, value: float, time: float) -> float:
        """Return the distance to the nearest value of earlier days, zero before five days."""
        day, second = divmod(int(time), DAY)
        part = second * PARTS // DAY
        if self._first is None:
            self._first = self._day = day
        if day > self._day:
            for earlier, today in zip(self._parts, self._today, strict=True):
                for known in today.kept:
                    earlier.add(known)
                today.kept = []
            self._day = day
        apart = 0.0
        if day - self._first >= LEAST_DAYS:
            beside = (part - 1, part, (part + 1) % PARTS)
            nearest = min(self._parts[place].nearest(value) for place in beside)
            apart = nearest if nearest < float("inf") else 0.0
        self._today[part].add(value)
        return apart

    def snapshot(self) -> list[Any]:
        """Return all that is remembered."""
        kept = [[part.kept for part in parts] for parts in (self._parts, self._today)]
        return [*kept, self._first, self._day]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        parts, today, self._first, self._day = state
        self._parts = [Values(list(kept)) for kept in parts]
        self._today = [Values(list(kept)) for kept in today]
