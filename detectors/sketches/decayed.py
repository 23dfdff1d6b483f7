"""How much lately: counts that fade with time."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fade(values: Floats, *, elapsed: NDArray[np.int64], horizon: float) -> Floats:
    """Return counts as they stand after ``elapsed`` seconds, fading by e every ``horizon``.

    ``values`` is (n,) or (n, m), ``elapsed`` (n,); nothing is changed in place.

    >>> fade(np.array([8.0]), elapsed=np.array([0]), horizon=60.0).tolist()
    [8.0]
    """
    factor = np.exp(-elapsed / horizon)
    return values * (factor if values.ndim == 1 else factor[:, None])


def presence(elapsed: NDArray[np.int64], *, horizon: float | Floats) -> Floats:
    """Return what an entity adds to a fading count of entities, so that each counts as one.

    One that comes every second adds a little each time, one that was away adds a whole; the
    fading sum then estimates how many were there within the horizon.

    >>> presence(np.array([10**9]), horizon=300.0).tolist()
    [1.0]
    """
    return -np.expm1(-elapsed / horizon)
