"""Which entities are under suspicion, and to which detectors they were seldom."""

import numpy as np
from numpy.typing import NDArray

from detectors.core.calibration import DAY
from detectors.core.profiles import TICK, Column, Profiles, Rows

#: Seconds of event time in which a profile's highest score counts as one test.
TEST = 600
#: Seconds an entity stays under suspicion after an alert; and how long learning is held at most.
SUSPICION, HOLD = 3600, DAY
COLUMNS = {
    "suspect_since": Column(TICK),  # its end is among every table's own columns
    "test": Column(TICK),  # number of the test in progress, the same for all detectors
}
#: Columns of levels that have candidates: the detectors to which a row was seldom, a bit each.
SELDOM = {
    "seldom_by": Column("int32"),
    "seldom_since": Column(TICK),
    "seldom_until": Column(TICK),
}

Booleans = NDArray[np.bool_]


class Suspicion:
    """Keeps who is under suspicion, so that nothing is learned of them for a while.

    Args:
        profiles: with the columns `COLUMNS`, and `SELDOM` if what is merely seldom counts.
    """

    def __init__(self, profiles: Profiles) -> None:
        self.profiles = profiles

    def of(self, rows: Rows, tick: int) -> Booleans:
        """Say which rows are under suspicion, so that nothing may be learned of them."""
        until = self.profiles["suspect_until"][rows]
        since = self.profiles["suspect_since"][rows]
        suspect: Booleans = (until > tick) & (tick - since < HOLD)
        return suspect

    def begin(self, rows: Rows, tick: int) -> None:
        """Put rows under suspicion, or go on with it."""
        new = rows[self.profiles["suspect_until"][rows] <= tick]
        self.profiles["suspect_since"][new] = tick
        self.profiles["suspect_until"][rows] = tick + SUSPICION

    def seldom(self, rows: Rows, tick: int, *, bit: int) -> None:
        """Note that rows are seldom to a detector: they do not teach the others what is usual.

        Its own calibration goes on learning of them, or it would come to take for seldom what is
        not; where detectors have nothing to do with each other, the others lose nothing by it.
        """
        profiles = self.profiles
        new = rows[profiles["seldom_until"][rows] <= tick]
        profiles["seldom_since"][new] = tick
        profiles["seldom_by"][new] = 0
        profiles["seldom_by"][rows] |= bit
        profiles["seldom_until"][rows] = tick + SUSPICION

    def ended(self, rows: Rows, test: Rows, *, tick: int) -> Booleans:
        """Say which rows' last tests have ended, those left out that ran under suspicion."""
        ended: Booleans = (test != tick // TEST) & (test > 0)
        if ended.any():
            ended &= ~self._held("suspect", rows, test * TEST)
        return ended

    def seldom_by(self, rows: Rows, test: Rows) -> NDArray[np.int32]:
        """Return the bits of the detectors to which rows were seldom in tests of these numbers."""
        if "seldom_by" not in self.profiles:
            return np.zeros(len(rows), dtype=np.int32)
        seldom: NDArray[np.int32] = self.profiles["seldom_by"][rows]
        if not seldom.any():
            return seldom
        return np.where(self._held("seldom", rows, test * TEST), seldom, 0)

    def _held(self, what: str, rows: Rows, start: Rows) -> Booleans:
        """Say which rows were suspect, or seldom, in tests that began at ``start``."""
        since, until = (self.profiles[f"{what}_{end}"][rows] for end in ("since", "until"))
        held: Booleans = (since < start + TEST) & (start < until) & (start - since < HOLD)
        return held
