"""How much more than usual: faded counts beside a baseline that a burst cannot poison."""

import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import pack, unpack
from detectors.sketches.decayed import Floats

Cells = NDArray[np.int64]


class Settings(TypedDict, total=False):
    """What `Bursts` may be told besides its size."""

    horizons: tuple[float, ...]
    prior: float
    doubt: float
    guard: float
    pace: float
    memory: float


class Bursts:
    """Counts in the cells of a count-min sketch, now and usually.

    Now: an event counts in full in its tick and fades by 1 / horizon with every tick after it, over
    several horizons at once.  Usually: events per tick since the start, fading over ``memory``
    ticks.  The score is the log-likelihood ratio of a Poisson count as high as now against the
    usual rate, n ln(n / e) - (n - e), divided by the cell's own variance over its mean, so that
    what is bursty by habit must rise further; it is the highest over the horizons, in nats.

    A tick that scores above ``guard`` teaches at most ``pace`` times what is usual: a flood does
    not make itself usual, and a world that stays changed is accepted in the end, sooner where
    there was traffic before.

    Ticks must be entered in ascending order; within one, the answers do not depend on how its
    events are cut into batches.

    Args:
        rows: of the sketch; an item has one cell in each.
        width: cells in a row.
        horizons: ticks over which the present fades.
        prior: events that every cell is believed to have had before the start.
        doubt: ticks that these are spread over.
        guard: nats above which little is learned.
        pace: what is learned then at most, as a multiple of the usual.
        memory: ticks over which the usual fades.

    References:
        Bhatia et al. (2022), Real-time anomaly detection in edge streams (MIDAS-F: faded counts,
        conditional merge).
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

    def __init__(
        self,
        *,
        rows: int,
        width: int,
        horizons: tuple[float, ...] = (2.0, 10.0, 50.0),
        prior: float = 0.1,
        doubt: float = 10.0,
        guard: float = 10.0,
        pace: float = 40.0,
        memory: float = 1e6,
    ) -> None:
        self.horizons, self.prior, self.doubt = horizons, prior, doubt
        self.guard, self.pace, self.memory = guard, pace, memory
        self._logs = np.array([math.log1p(-1.0 / horizon) for horizon in horizons])
        self._spans = np.array(horizons)
        cells = rows * width
        self._here = np.zeros(cells)  # events of the tick in progress: whole numbers, so exact
        self._lately = np.zeros((cells, len(horizons)))  # faded events, as of the cell's last tick
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
        return self._nats(present, usually.min(axis=0))

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

    def _now(self, cells: Cells) -> tuple[Floats, Floats]:
        elapsed = (self._tick - self._last[cells])[..., None]
        lately = self._lately[cells] * np.exp(elapsed * self._logs)
        return lately, self._usually[cells] * np.exp(-elapsed / self.memory)

    def _nats(self, present: Floats, usually: Floats) -> Floats:
        mean, variance = self._moments(usually)
        expected = mean[:, None] * self._spans
        more = np.maximum(present, expected)
        ratio = (more * np.log(more / expected) - (more - expected)).max(axis=1)
        nats: Floats = ratio / np.maximum(variance / mean, 1.0)
        return nats

    def _moments(self, usually: Floats) -> tuple[Floats, Floats]:
        ticks = self._exposure()
        mean = (usually[:, 0] + self.prior) / ticks
        return mean, (usually[:, 1] + self.prior) / ticks - mean**2

    def _exposure(self) -> float:
        ticks = self._tick - (self._first or 0) + 1
        return self.doubt - self.memory * math.expm1(-ticks / self.memory)

    def _close(self) -> None:
        cells = np.unique(np.concatenate(self._touched))
        self._touched = []
        lately, usually = self._now(cells)
        here = self._here[cells]
        lately += here[:, None]
        most = np.where(
            self._nats(lately, usually) < self.guard, np.inf, self.pace * self._moments(usually)[0]
        )
        taught = np.minimum(here, most)
        usually += np.stack([taught, taught**2], axis=1)
        self._lately[cells], self._usually[cells] = lately, usually
        self._last[cells] = self._tick
        self._here[cells] = 0.0
