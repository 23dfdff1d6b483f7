"""How far a count lies above what is usual, and what it may teach: the arithmetic alone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Faded counts beside a baseline that a burst cannot poison, for one event or a million items.

    Now: an event counts in full in its tick and fades by 1 / horizon with every tick after it, over
    several horizons (h) at once.  Usually: sums of events per tick and of their squares, fading
    over ``memory`` ticks.  The score is the log-likelihood ratio of a Poisson count as high as now
    against the usual rate, n ln(n / e) - (n - e), divided by the item's own variance over its mean,
    so that what is bursty by habit must rise further.

    A tick that scores above ``guard`` teaches at most ``pace`` times what is usual: a flood does
    not make itself usual, and a world that stays changed is accepted in the end, sooner where
    there was traffic before.

    Who holds the counts is for others to say: `Bursts` in the cells of a sketch, `EdgeBurst` in the
    rows of a table.

    Args:
        horizons: ticks over which the present fades.
        prior: events that every item is believed to have had before the start.
        doubt: ticks that these are spread over.
        guard: nats above which little is learned.
        pace: what is learned then at most, as a multiple of the usual.
        memory: ticks over which the usual fades.

    References:
        Bhatia et al. (2022), Real-time anomaly detection in edge streams (MIDAS-F: faded counts,
        conditional merge).

    >>> rise, usually = Rise(), np.array([[99.9, 99.9]])
    >>> now = np.array([[1.0, 1.0, 1.0], [10.0, 10.0, 10.0]])
    >>> rise.nats(now, np.repeat(usually, 2, axis=0), ticks=90).max(axis=1).round(1).tolist()
    [0.0, 8.1]
    """

    horizons: tuple[float, ...] = (2.0, 10.0, 50.0)
    prior: float = 0.1
    doubt: float = 10.0
    guard: float = 10.0
    pace: float = 40.0
    memory: float = 1e6

    def faded(
        self, lately: Floats, usually: Floats, *, elapsed: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Return counts (n, h) and sums (n, 2) as they stand so many ticks (n,) later."""
        logs = np.array([math.log1p(-1.0 / horizon) for horizon in self.horizons])
        passed = elapsed[..., None]
        return lately * np.exp(passed * logs), usually * np.exp(-passed / self.memory)

    def expected(self, usually: Floats, *, ticks: Floats | int) -> Floats:
        """Return the usual count over each horizon, (n, h), this many ticks after the start."""
        mean, _ = self._moments(usually, ticks)
        expected: Floats = mean[:, None] * np.array(self.horizons)
        return expected

    def nats(
        self,
        present: Floats,
        usually: Floats,
        *,
        ticks: Floats | int,
        least: Floats | float = 0.0,
    ) -> Floats:
        """Return the score over each horizon, (n, h).

        Args:
            present: (n, h) counts now.
            usually: (n, 2) sums.
            ticks: passed since the start.
            least: what is to be expected at least, (n, h).
        """
        mean, variance = self._moments(usually, ticks)
        expected = np.maximum(mean[:, None] * np.array(self.horizons), least)
        more = np.maximum(present, expected)
        ratio = more * np.log(more / expected) - (more - expected)
        nats: Floats = ratio / np.maximum(variance / mean, 1.0)[:, None]
        return nats

    def taught(
        self, here: Floats, lately: Floats, usually: Floats, *, ticks: Floats | int
    ) -> Floats:
        """Return the sums after a tick with ``here`` events, which are in ``lately`` already."""
        high = self.nats(lately, usually, ticks=ticks).max(axis=1) >= self.guard
        most = np.where(high, self.pace * self._moments(usually, ticks)[0], np.inf)
        learned = np.minimum(here, most)
        sums: Floats = usually + np.stack([learned, learned**2], axis=1)
        return sums

    def _moments(self, usually: Floats, ticks: Floats | int) -> tuple[Floats, Floats]:
        """Return mean and variance of the events in a tick."""
        exposure = self.doubt - self.memory * np.expm1(-np.asarray(ticks) / self.memory)
        mean = (usually[:, 0] + self.prior) / exposure
        return mean, (usually[:, 1] + self.prior) / exposure - mean**2
