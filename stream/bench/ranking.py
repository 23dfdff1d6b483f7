"""How well scores rank what is wanted above the rest."""

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats

Labels = NDArray[np.bool_]


def roc_auc(scores: Floats, wanted: Labels) -> float:
    """Return the chance that one wanted scores above one that is not, half of it for a tie.

    >>> roc_auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    ends = np.concatenate([starts[1:], [len(ordered)]])
    ranks = np.empty(len(scores))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    count = int(wanted.sum())
    above = float(ranks[wanted].sum()) - count * (count + 1) / 2
    return above / (count * (len(scores) - count))


def true_positive_rate(scores: Floats, wanted: Labels, *, false_positive_rate: float) -> float:
    """Return the share of the wanted above the lowest limit that lets so few others through.

    >>> scores, wanted = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True])
    >>> true_positive_rate(scores, wanted, false_positive_rate=0.1)
    0.5
    """
    others = np.sort(scores[~wanted])[::-1]
    limit = others[int(len(others) * false_positive_rate)]
    return float((scores[wanted] > limit).mean())
