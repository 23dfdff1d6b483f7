"""What part of accounts moves to a model, and how surprising it is that more do."""

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.proportion import at_least

Floats = NDArray[np.float64]

#: How alike the members of one ordinary group move: the correlation within groups.
CORRELATION = 0.02
#: Share of accounts that move to a model within the horizon, below which none is believed to lie.
LEAST_ADOPTION = 0.002
#: Accounts that must have moved before anything is said of a group.
LEAST_MOVERS = 3.0
#: Accounts without company from which on they are asked how many move; and accounts, half of one
#: of whom moves, that are added to all.
LEAST_LONE, UNSEEN = 20.0, 20.0


def adopting(moved: Floats, active: Floats | float) -> Floats:
    """Return the part of accounts that moves, as far as so many of them say.

    >>> adopting(np.array([0.0, 30.0]), 280.0).round(4).tolist()
    [0.0017, 0.1017]
    """
    share: Floats = (np.minimum(moved, active) + 0.5) / (active + UNSEEN)
    return share


def surprise(
    moved: Floats, *, of: Floats, rate: Floats, choices: int, correlation: float = CORRELATION
) -> Floats:
    """Return nats of the chance that so many accounts of a group moved, were they as all others.

    Args:
        moved: accounts of the group that moved to one model.
        of: accounts of the group.
        rate: part of all others that moved there.
        choices: models and horizons, of which these are the oddest.
        correlation: how alike the members of a group move.
    """
    nats: Floats = at_least(moved, of=of, rate=rate, correlation=correlation) - np.log(choices)
    return nats
