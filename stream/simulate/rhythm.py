"""Rhythms of day and week: how fast an account's own clock runs."""

import numpy as np

from stream.simulate.columns import Floats, Ints

WEEK = 604_800.0
_HOURS = 168
_KNOTS = 2_016

# Activity by local hour of the day, and what a Saturday and a Sunday keep of it.
_DAYS: dict[str, tuple[list[float], float]] = {
    "flat": ([1.0] * 24, 1.0),
    "human": (
        [4, 2, 1, 1, 1, 2, 4, 8, 12, 15, 17, 17, 14, 15, 17, 17, 16, 14, 13, 14, 15, 14, 11, 7],
        0.7,
    ),
    "office": (
        [*[0.2] * 6, 1, 4, 12, 18, 20, 18, 11, 17, 20, 19, 16, 10, 4, 2, 1.5, 1, 0.5, 0.3],
        0.08,
    ),
    "product": (
        [6, 5, 4.5, 4, 4, 4.5, 5.5, 7, 9, 10, *[11.0] * 7, 10.5, 10.5, 11, 11, 10, 8.5, 7],
        0.85,
    ),
}
RHYTHMS = tuple(_DAYS)


class Rhythm:
    """Translate between the clock on the wall and clocks that run fast by day and slow by night.

    A renewal process in an account's own time is a process with a daily rhythm on the wall.
    """

    def __init__(self) -> None:
        hours = np.arange(_HOURS + 1) * 3_600.0
        own = [np.concatenate([[0.0], np.cumsum(_week(name))]) for name in RHYTHMS]
        self._hours = hours
        self._own = [clock * (WEEK / clock[-1]) for clock in own]
        even = np.linspace(0.0, WEEK, _KNOTS + 1)
        self._wall = np.stack([np.interp(even, clock, hours) for clock in self._own])

    def own(self, *, rhythm: Ints, wall: Floats) -> Floats:
        """Return what the accounts' own clocks show at these local times."""
        weeks = np.floor(wall / WEEK) * WEEK
        shown = np.empty_like(wall)
        for number, clock in enumerate(self._own):
            mine = rhythm == number
            shown[mine] = np.interp(wall[mine] - weeks[mine], self._hours, clock)
        return shown + weeks

    def wall(self, *, rhythm: Ints, own: Floats) -> Floats:
        """Return the local times at which the accounts' own clocks show this."""
        weeks = np.floor(own / WEEK)
        place = (own / WEEK - weeks) * _KNOTS
        below = np.minimum(place.astype(np.int64), _KNOTS - 1)
        low, high = self._wall[rhythm, below], self._wall[rhythm, below + 1]
        found: Floats = weeks * WEEK + low + (high - low) * (place - below)
        return found


def _week(name: str) -> Floats:
    day, weekend = _DAYS[name]
    # The epoch began on a Thursday, so days 2 and 3 of each week are Saturday and Sunday.
    return np.concatenate([np.array(day) * (weekend if at in (2, 3) else 1.0) for at in range(7)])
