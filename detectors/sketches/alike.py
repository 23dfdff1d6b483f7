"""How surprising a small variance is, where every group has a variance of its own."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, digamma, polygamma

Floats = NDArray[np.float64]

#: Degrees of freedom of the distribution of the groups' own variances, at least and at most.
FEWEST, MOST = 2.0, 20.0
#: Groups seen after which what was seen first counts half.
MEMORY = 5_000.0


class Alike:
    """The variances of many groups, and the chance of one as low as another.

    A group's variance is taken for its own true one times a chi-square, its own true one for an
    inverse chi-square around the population's; so a ratio to the population's follows an F
    distribution, whose second degrees of freedom say how far groups differ.  Both are learned by
    the moments of the logarithms.  Where many groups are even by nature, no group stands out.

    Args:
        variance: expected before anything was seen.
        freedom: degrees of freedom assumed then.
        weight: groups that the two assumptions count as.

    References:
        Smyth (2004), Linear models and empirical Bayes methods for assessing differential
        expression (the moments of log variances).

    >>> alike = Alike(variance=1.0, freedom=4.0, weight=20.0)
    >>> low, usual = alike.surprise(np.array([0.05, 1.0]), freedom=np.array([30.0, 30.0]))
    >>> bool(low > 10 > 1 > usual)
    True
    """

    def __init__(self, *, variance: float, freedom: float, weight: float) -> None:
        middle = float(np.log(variance) - _offset(freedom))
        self._sums = np.array(
            [weight, weight * middle, weight * (middle**2 + float(polygamma(1, freedom / 2)))]
        )

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the groups' own variances."""
        weight, total, squares = self._sums.tolist()
        apart = max(squares / weight - (total / weight) ** 2, 1e-3)
        half = (1 + np.sqrt(1 + 2 * apart)) / (2 * apart)  # trigamma(x) is about 1/x + 1/(2 x²)
        return float(np.clip(2 * half, FEWEST, MOST))

    @property
    def variance(self) -> float:
        """The variance around which the groups' own lie."""
        return float(np.exp(self._sums[1] / self._sums[0] + _offset(self.freedom)))

    def surprise(self, variances: Floats, *, freedom: Floats) -> Floats:
        """Return -ln of the chance of a variance as low, estimated with so much freedom."""
        theirs, ratio = self.freedom, variances / self.variance
        place = freedom * ratio / (freedom * ratio + theirs)
        nats: Floats = -np.log(np.maximum(betainc(freedom / 2, theirs / 2, place), 1e-300))
        return nats

    def learn(self, variances: Floats, *, freedom: Floats) -> None:
        """Take in the variances of groups that are not suspect."""
        logs = np.log(variances) - _offset(freedom)
        self._sums += [len(logs), logs.sum(), (logs**2 - polygamma(1, freedom / 2)).sum()]
        if self._sums[0] > MEMORY:
            self._sums /= 2

    def snapshot(self) -> list[float]:
        """Return what was learned."""
        kept: list[float] = self._sums.tolist()
        return kept

    def restore(self, state: list[float]) -> None:
        """Take back a `snapshot`."""
        self._sums = np.array(state)


def _offset(freedom: Floats | float) -> Floats:
    """Return what the logarithm of a chi-square over its freedom is on average."""
    half = np.asarray(freedom, dtype=np.float64) / 2
    offset: Floats = digamma(half) - np.log(half)
    return offset
