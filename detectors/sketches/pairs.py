"""How many starts fall together, and how many would by chance."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Pairs of other accounts' starts that the assumption of evenness counts as.
PRIOR = 200.0


def together(own: Ints, others: Ints) -> tuple[Floats, Floats]:
    """Return the pairs of starts that share a bin, and how many were to be expected.

    Given how many starts a block of time has, each pair shares a bin with the chance that two
    starts of *other* accounts do: one in as many bins as there are where time is even, more where
    everybody comes at once.  So neither a rate that rises and falls more slowly than the block is
    long, nor an outage that all feel, makes a pair remarkable.

    Args:
        own: (n, bins) starts of the group's members in a block.
        others: (n, bins) starts of accounts outside, in the same block.

    References:
        Grün (2009), Data-driven significance estimation for precise spike correlation (counting
        coincidences given how many events a short block holds).

    >>> spread, packed = np.ones((1, 30), dtype=int), np.zeros((1, 30), dtype=int)
    >>> packed[0, 7] = 30
    >>> [round(float(a[0])) for own in (spread, packed) for a in together(own, 20 * spread)]
    [0, 14, 435, 14]
    >>> [round(float(a[0])) for a in together(packed, 20 * packed)]
    [435, 435]
    """
    bins = own.shape[1]
    count, others_count = own.sum(axis=1), others.sum(axis=1)
    shared = (own * (own - 1)).sum(axis=1) / 2.0
    alike = (others * (others - 1)).sum(axis=1) + PRIOR / bins
    chance = alike / (others_count * (others_count - 1) + PRIOR)
    return shared, count * (count - 1) / 2.0 * chance
