"""How much likelier two members of one group are the same than any two."""

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats

#: Correlations believed, at least and at most.
LEAST, MOST = 0.05, 1.0
#: Groups seen after which what was seen first counts half.
MEMORY = 5_000.0


class Sameness:
    """The correlation within groups of a thing that comes in many kinds.

    Of all, two taken at random are of one kind with chance q; two of one group with chance
    q + r (1 - q).  Were groups drawn at random, r would be 0; where each group has a kind of its
    own, it is 1, and a group that is all of one kind says no more than one member would.

    Args:
        shape: of the things.
        correlation: assumed before anything was seen.
        weight: groups that the assumption counts as.

    References:
        Wright (1951), The genetical structure of populations; Weir, Cockerham (1984), Estimating
        F-statistics for the analysis of population structure.

    >>> sameness = Sameness((1,), correlation=0.1, weight=10.0)
    >>> sameness.learn(np.zeros(40, dtype=int), np.full(40, 0.9), usual=0.1)
    >>> bool(sameness.correlation[0] > 0.7)
    True
    """

    def __init__(self, shape: tuple[int, ...], *, correlation: float, weight: float) -> None:
        self._over = np.full(shape, correlation * weight)
        self.groups = np.full(shape, weight)

    @property
    def correlation(self) -> Floats:
        """The correlation within groups, of each thing."""
        found: Floats = np.clip(self._over / self.groups, LEAST, MOST)
        return found

    def learn(self, at: NDArray[np.int64], same: Floats, *, usual: float) -> None:
        """Take in groups: the thing, and the chance that two of one, or any two, are the same."""
        np.add.at(self._over, at, (same - usual) / max(1.0 - usual, 0.05))
        np.add.at(self.groups, at, 1.0)
        full = self.groups > MEMORY
        self._over[full] /= 2
        self.groups[full] /= 2

    def snapshot(self) -> list[list[float]]:
        """Return what was learned."""
        return [self._over.ravel().tolist(), self.groups.ravel().tolist()]

    def restore(self, state: list[list[float]]) -> None:
        """Take back a `snapshot`."""
        shape = self._over.shape
        self._over, self.groups = (np.array(values).reshape(shape) for values in state)
