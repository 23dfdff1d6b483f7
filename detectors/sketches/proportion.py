"""How surprising is it that so many of so few did it."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Floats = NDArray[np.float64]


def at_least(
    count: Floats, *, of: Floats, rate: Floats | float, correlation: Floats | float
) -> Floats:
    """Return -ln of the chance that ``count`` or more of ``of`` do what each does with ``rate``.

    A binomial tail (as a regularised incomplete beta function, so that counts may be fractions)
    whose counts are divided by the design effect 1 + (n - 1) r: members of one group do alike
    with correlation r, so that n of them say less than n independent ones.

    References:
        Kish (1965), Survey sampling.

    >>> alone = at_least(np.array([9.0]), of=np.array([10.0]), rate=0.01, correlation=0.0)
    >>> alike = at_least(np.array([9.0]), of=np.array([10.0]), rate=0.01, correlation=0.1)
    >>> bool(alone[0] > alike[0] > 10)
    True
    """
    effect = 1.0 + np.maximum(of - 1.0, 0.0) * correlation
    positive = np.maximum(count, 1e-9)
    tail = betainc(
        positive / effect,
        np.maximum(of - positive, 0.0) / effect + 1.0,
        np.clip(rate, 1e-12, 0.999),
    )
    nats: Floats = -np.log(np.maximum(tail, 1e-300))
    return nats
