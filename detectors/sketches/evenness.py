"""How alike the members of a group are in what they do, from a histogram of their counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Where each bucket of counts begins: about half as much again each time.
EDGES = np.array([1, 2, *(base << octave for octave in range(11) for base in (3, 4)), 6144])
BUCKETS = len(EDGES)
#: The bucket of each count up to the last edge, -1 for none.
_BUCKET_OF = np.searchsorted(EDGES, np.arange(EDGES[-1] + 1), side="right") - 1
_ENDS = np.append(EDGES[1:], 4 * EDGES[-1]) - 1
_CENTRES = np.log(np.sqrt(EDGES * _ENDS))
#: Part of the members left out at either end: others who pass through a group of machines must
#: not hide it, nor one machine among people make them look alike.
TRIM = 0.15
#: Variance that is left of a normal distribution trimmed so, to be made up for.
LEFT = 0.310
#: Variance within each bucket: counts in the last one may be anything, and are not alike for that.
GRAINS = np.append(np.log((_ENDS[:-1] + 1) / EDGES[:-1]) ** 2 / 12, 2.0)
#: The part of a Poisson count's variance that nobody goes below.
LEAST_NOISE = 0.25


def bucket_of(counts: NDArray[np.signedinteger[Any]]) -> Ints:
    """Return the bucket of each count, -1 for zero.

    >>> bucket_of(np.array([0, 1, 5, 9999])).tolist()
    [-1, 0, 3, 24]
    """
    buckets: Ints = _BUCKET_OF[np.minimum(counts, EDGES[-1])]
    return buckets


def spread(histogram: Ints) -> tuple[Floats, Floats, Floats]:
    """Return each row's members, their middle count, and the variance of their counts' logarithm.

    The variance is that of the members between two quantiles, made up for what was cut off, so
    that a few strangers at either end do not matter.

    Args:
        histogram: (n, BUCKETS) members by bucket.

    References:
        Tukey (1960), A survey of sampling from contaminated distributions (trimmed estimates).

    >>> alike = np.zeros((1, BUCKETS), dtype=np.int64)
    >>> alike[0, 6], alike[0, 15] = 30, 2
    >>> many = np.zeros((1, BUCKETS), dtype=np.int64)
    >>> many[0, BUCKETS - 1] = 30
    >>> unlike = np.zeros((1, BUCKETS), dtype=np.int64)
    >>> unlike[0, ::2] = 4
    >>> [round(float(spread(rows)[2][0]), 1) for rows in (alike, unlike, many)]
    [0.0, 10.9, 2.0]
    """
    members = histogram.sum(axis=1).astype(np.float64)
    whole = np.maximum(members, 1.0)[:, None]
    upto = np.cumsum(histogram, axis=1) / whole
    kept = np.clip(upto, TRIM, 1 - TRIM)
    weights = np.diff(kept, axis=1, prepend=TRIM) / (1 - 2 * TRIM)
    mean = weights @ _CENTRES
    grain = weights @ GRAINS
    variance = ((_CENTRES - mean[:, None]) ** 2 * weights).sum(axis=1) / LEFT + grain
    middle = np.exp(mean)
    return members, middle, np.maximum(variance, grain + LEAST_NOISE / middle)
