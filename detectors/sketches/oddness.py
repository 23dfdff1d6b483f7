"""Since when rows are odd: they teach nothing until they have been for a day."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Seconds for which what is odd teaches nothing; then the world has changed.
DAY = 86_400


def note(since: Ints, rows: Ints, odd: Flags, *, tick: int) -> None:
    """Write down in a column since when rows are odd, and 0 for those that are not.

    >>> since = np.array([0, 0, 50])
    >>> note(since, np.array([1, 2]), np.array([True, True]), tick=90)
    >>> since.tolist()
    [0, 90, 50]
    >>> note(since, np.array([1]), np.array([False]), tick=95)
    >>> since.tolist()
    [0, 0, 50]
    """
    since[rows] = np.where(odd, np.where(since[rows] > 0, since[rows], tick), 0)


def held(since: Ints, rows: Ints, *, tick: int) -> Flags:
    """Say which rows are odd, and have not been for a day.

    >>> held(np.array([0, 90, 50]), np.arange(3), tick=DAY + 60).tolist()
    [False, True, False]
    """
    new: Flags = (since[rows] > 0) & (tick - since[rows] < DAY)
    return new
