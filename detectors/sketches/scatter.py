"""How far groups differ in a share, beyond what counting their members explains."""

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats

#: Correlations believed, at least and at most.
LEAST, MOST = 0.02, 1.0
#: Groups seen after which what was seen first counts half.
MEMORY = 5_000.0


class Scatter:
    """The correlation within groups of what their members do, for each of many things.

    Of ``n`` members each does a thing with the same chance ``p``; were they independent, the share
    of a group would vary by p (1 - p) / n.  Members of one group do alike, so that it varies by
    1 + (n - 1) r as much; r is learned by that moment.  In a world where some groups do nothing
    else, r is near one, and one more of them is no surprise.

    Args:
        shape: of the things.
        correlation: assumed before anything was seen.
        weight: groups that the assumption counts as.

    References:
        Williams (1982), Extra-binomial variation in logistic linear models.

    >>> scatter = Scatter((1,), correlation=0.1, weight=10.0)
    >>> at, of = (np.zeros(40, dtype=int),), np.full(40, 20.0)
    >>> alike = np.where(np.arange(40) < 4, 1.0, 0.0)
    >>> scatter.learn(at, alike, of=of, rate=np.full(40, 0.1))
    >>> bool(scatter.correlation[0] > 0.7)
    True
    """

    def __init__(self, shape: tuple[int, ...], *, correlation: float, weight: float) -> None:
        self._over = np.full(shape, correlation * weight)
        self._groups = np.full(shape, weight)

    @property
    def correlation(self) -> Floats:
        """The correlation within groups, of each thing."""
        found: Floats = np.clip(self._over / self._groups, LEAST, MOST)
        return found

    def learn(
        self, at: tuple[NDArray[np.int64], ...], shares: Floats, *, of: Floats, rate: Floats
    ) -> None:
        """Take in groups: the thing, the share, the members, and the chance of everybody."""
        apart = (shares - rate) ** 2 / (rate * (1.0 - rate))
        np.add.at(self._over, at, apart - 1.0 / of)
        np.add.at(self._groups, at, 1.0 - 1.0 / of)
        full = self._groups > MEMORY
        self._over[full] /= 2
        self._groups[full] /= 2

    def snapshot(self) -> list[list[float]]:
        """Return what was learned."""
        return [self._over.ravel().tolist(), self._groups.ravel().tolist()]

    def restore(self, state: list[list[float]]) -> None:
        """Take back a `snapshot`."""
        shape = self._over.shape
        self._over, self._groups = (np.array(values).reshape(shape) for values in state)
