"""Several p-values as one, though what they speak of hangs together."""

import math
from collections.abc import Sequence

from scipy.special import gammaincc

#: How alike different signals of one entity are taken to be, as a correlation: as much as the two
#: that were most alike in worlds without a campaign (`python -m tests.bench.alike`).
CORRELATION = 0.33
#: Covariance of -2 ln p of two signals with that correlation.
COVARIANCE = 3.263 * CORRELATION + 0.710 * CORRELATION**2 + 0.027 * CORRELATION**3
#: Nats past which a p-value is no longer told apart from nought.
MOST_NATS = 690.0


def harmonic(nats: Sequence[float]) -> float:
    """Return the harmonic mean of p-values of one signal, all in nats (-ln p).

    However strongly the p-values depend on each other, their harmonic mean is nearly a p-value:
    the strongest counts, divided by how many were looked at, and ten equal ones say no more than
    one.

    References:
        Wilson (2019), The harmonic mean p-value for combining dependent tests.

    >>> harmonic([20.0]), round(harmonic([20.0, 20.0]), 6), round(harmonic([20.0, 0.0]), 3)
    (20.0, 20.0, 19.307)
    """
    top = max(nats)
    inverse = sum(math.exp(value - top) for value in nats)
    return max(top + math.log(inverse / len(nats)), 0.0)


def together(nats: Sequence[float]) -> float:
    """Return the combined p-value of different signals of one entity, in nats.

    Fisher's sum, whose variance allows for signals that rise together, so that what is merely
    another sight of the same thing is not counted twice.

    References:
        Kost, McDermott (2002), Combining dependent P-values (after Brown, 1975).

    >>> together([7.0])
    7.0
    >>> 14.0 > together([7.0, 7.0]) > 7.0
    True
    >>> together([600.0, 600.0])
    690.0
    """
    count = len(nats)
    if count == 1:
        return min(nats[0], MOST_NATS)
    statistic = 2.0 * sum(min(value, MOST_NATS) for value in nats)
    mean = 2.0 * count
    variance = 4.0 * count + count * (count - 1) * COVARIANCE
    scale, freedom = variance / (2.0 * mean), 2.0 * mean**2 / variance
    chance = float(gammaincc(freedom / 2.0, statistic / scale / 2.0))
    if chance > 1e-290:
        combined = -math.log(min(chance, 1.0))
    else:  # the tail of the gamma distribution, to first order
        half = statistic / scale / 2.0
        combined = half - (freedom / 2.0 - 1.0) * math.log(half) + math.lgamma(freedom / 2.0)
    return min(max(combined, 0.0), MOST_NATS)
