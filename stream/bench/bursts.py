"""How much more than usual: faded counts beside a baseline that a burst cannot poison."""

from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import pack, unpack
from detectors.sketches.decayed import Floats
from detectors.sketches.rise import Rise

Cells = NDArray[np.int64]


class Settings(TypedDict, total=False):
    """What `Bursts` may be told besides its size: the arguments of `Rise`."""

    horizons: tuple[float, ...]
    prior: float
    doubt: float
    guard: float
    pace: float
    memory: float


class Bursts:
    """Counts in the cells of a count-min sketch, now and usually, as `Rise` has them.

    The score of an item is the highest over the horizons, in nats; of the counts in its cells the
    lowest are taken.

    Ticks must be entered in ascending order; within one, the answers do not depend on how its
    events are cut into batches.

    Args:
        rows: of the sketch; an item has one cell in each.
        width: cells in a row.
        settings: arguments of `Rise`.

    References:
        Cormode, Muthukrishnan (2005), An improved data stream summary: the count-min sketch.

    >>> bursts = Bursts(rows=1, width=4)
    >>> cell = np.array([[2]])
    >>> for tick in range(100):
    ...     bursts.advance(tick)
    ...     bursts.learn(cell, np.array([1.0]))
    >>> bursts.advance(100)
    >>> [round(float(bursts.score(cell, np.array([[n]]))[0])) for n in (1.0, 10.0, 100.0)]
    [0, 11, 307]
    """

    def __init__(self, *, rows: int, width: int, **settings: Unpack[Settings]) -> None:
        self.rise = Rise(**settings)
        cells = rows * width
        self._here = np.zeros(cells)  # events of the tick in progress: whole numbers, so exact
        #: Faded events, as of the cell's last tick.
        self._lately = np.zeros((cells, len(self.rise.horizons)))
        self._usually = np.zeros((cells, 2))  # sums of events and of their squares, ditto
        self._last = np.zeros(cells, dtype=np.int64)
        self._first: int | None = None
        self._tick = 0
        self._touched: list[Cells] = []

    @property
    def state_bytes(self) -> int:
        """Bytes held."""
        arrays = (self._here, self._lately, self._usually, self._last)
        return sum(array.nbytes for array in arrays)

    def advance(self, tick: int) -> None:
        """Enter a tick: those before it are over and taught.  Late ones count to the present."""
        if self._first is None:
            self._first = self._tick = tick
            self._last[:] = tick
        if tick <= self._tick:
            return
        if self._touched:
            self._close()
        self._tick = tick

    def score(self, cells: Cells, counts: Floats) -> Floats:
        """Return the nats of items with these cells, (rows, n), in the tick in progress.

        ``counts`` (rows, n) are the events of each cell that come on top of those learned, the
        item itself among them.
        """
        lately, usually = self._now(cells)
        present = (lately + (self._here[cells] + counts)[..., None]).min(axis=0)
        nats: Floats = self.rise.nats(present, usually.min(axis=0), ticks=self._ticks).max(axis=1)
        return nats

    def learn(self, cells: Cells, amounts: Floats) -> None:
        """Count amounts (n,), whole numbers, in cells (rows, n)."""
        flat = cells.ravel()
        np.add.at(self._here, flat, np.broadcast_to(amounts, cells.shape).ravel())
        self._touched.append(flat)

    def snapshot(self) -> bytes:
        """Return all that was counted."""
        return pack(
            {
                "here": self._here.tobytes(),
                "lately": self._lately.tobytes(),
                "usually": self._usually.tobytes(),
                "last": self._last.tobytes(),
                "first": self._first,
                "tick": self._tick,
            }
        )

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot` of a sketch of the same shape."""
        kept = unpack(state)
        self._here = np.frombuffer(kept["here"]).copy()
        self._lately = np.frombuffer(kept["lately"]).reshape(self._lately.shape).copy()
        self._usually = np.frombuffer(kept["usually"]).reshape(self._usually.shape).copy()
        self._last = np.frombuffer(kept["last"], dtype=np.int64).copy()
        self._first, self._tick = kept["first"], kept["tick"]
        self._touched = [np.flatnonzero(self._here)]

    @property
    def _ticks(self) -> int:
        return self._tick - (self._first or 0) + 1

    def _now(self, cells: Cells) -> tuple[Floats, Floats]:
        return self.rise.faded(
            self._lately[cells], self._usually[cells], elapsed=self._tick - self._last[cells]
        )

    def _close(self) -> None:
        cells = np.unique(np.concatenate(self._touched))
        self._touched = []
        lately, usually = self._now(cells)
        here = self._here[cells]
        lately += here[:, None]
        self._lately[cells] = lately
        self._usually[cells] = self.rise.taught(here, lately, usually, ticks=self._ticks)
        self._last[cells] = self._tick
        self._here[cells] = 0.0
