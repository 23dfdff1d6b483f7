"""What prompts have in common: the wording of a template, and nobody's own words."""

from collections.abc import Sequence

import numpy as np

from detectors.text.features import FEATURES, Ints

#: A feature is part of a wording if so many prompts have it, as with the weights that ship.
LEAST_PROMPTS = 3
#: Features of a prompt that are part of a wording; fewer are what any texts have in common.
LEAST_FEATURES = 8
#: Prompts whose features make up one verdict.
MOST_PROMPTS = 64


def wording(prompts: Sequence[Ints]) -> list[list[int]]:
    """Return what each prompt shares with at least two others.

    Nothing is returned of a prompt that shares too little to be of a template.  Of more than
    `MOST_PROMPTS` some are left out, evenly.

    Args:
        prompts: feature numbers of each, without repeats within it.

    >>> template = list(range(10))
    >>> prompts = [np.array([*template, 100 + filling]) for filling in (1, 2, 3)]
    >>> wording(prompts) == [template] * 3
    True
    """
    if not prompts:
        return []
    shared = np.bincount(np.concatenate(prompts), minlength=FEATURES) >= LEAST_PROMPTS
    kept = [numbers[shared[numbers]].tolist() for numbers in prompts]
    kept = [numbers for numbers in kept if len(numbers) >= LEAST_FEATURES]
    step = max(len(kept) / MOST_PROMPTS, 1.0)
    return [kept[int(place * step)] for place in range(min(len(kept), MOST_PROMPTS))]
