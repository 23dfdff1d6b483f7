"""Ordinary failures: what is refused or breaks, and how clients try again."""

from typing import Final

import numpy as np

from stream.simulate.columns import Columns
from stream.simulate.population import Population

_BELOW: Final = ((0.018, 429), (0.006, 500), (0.002, 400))
_RETRIED: Final = 0.6  # of what failed for a passing reason
_PATIENCE: Final = 2.5  # seconds until a client tries again
_POOLED: Final = 0.4  # chance that who owns several accounts tries again with the next


class Failures:
    """Let requests fail, and try some of them again.

    A retry has the prompt, the conversation and the turn of what failed. It mostly comes from the
    same account; a reseller or an office that owns many may spread its load over them, so that
    ordinary conversations, too, go on under another account after a 429.
    """

    def __init__(self, *, population: Population, chance: np.random.Generator) -> None:
        self._sibling = population.sibling
        self._pools = np.isin(
            population.kind, [population.names.index(name) for name in ("reseller",)]
        )
        self._chance = chance

    def strike(self, requests: Columns) -> Columns:
        """Mark in place what fails, and return the retries, which all succeed."""
        chance = self._chance
        luck = chance.random(len(requests))
        failed = luck < _BELOW[0][0]
        passing = failed & (luck >= _BELOW[-1][0]) & (chance.random(len(requests)) < _RETRIED)
        retries = requests[passing]
        for below, status in _BELOW:
            requests["status"][luck < below] = status
        requests["output_tokens"][failed] = 0
        actor = retries["actor"]
        retries["ts"] += 0.4 + chance.exponential(_PATIENCE, size=len(retries))
        pooled = self._pools[actor] & (chance.random(len(retries)) < _POOLED)
        retries["actor"] = np.where(pooled, self._sibling[actor], actor)
        return retries
