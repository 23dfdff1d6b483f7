"""Organic adoption of a new model: a crowd that moves over days, a few of it within minutes."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from stream.simulate.columns import Flags, Floats, Ints

_MEDIAN = 2 * 86_400.0
_SPREAD = 2.2
_KEEN = 0.015  # customers who were waiting for it
_KEEN_SECONDS = 240.0
_NEVER = 0.3


@dataclass(frozen=True, slots=True)
class Adoption:
    """When each of a crowd moves after a release, and with how much of its traffic."""

    delay: Floats  # seconds after the release; infinite for those who never move
    share: Floats

    @classmethod
    def draw(cls, *, haste: Floats, chance: np.random.Generator) -> Self:
        """Draw one delay and one share for every entry of `haste`, the scale of its delay.

        Delays are log-normal over four orders of magnitude, so that the first are there in minutes
        and the last come after months; the keen move within minutes and with everything.
        """
        count = len(haste)
        delay = _MEDIAN * haste * np.exp(_SPREAD * chance.normal(size=count))
        share = np.where(chance.random(count) < 0.4, 1.0, 0.1 + 0.9 * chance.random(count))
        keen = chance.random(count) < _KEEN
        delay = np.where(keen, chance.exponential(_KEEN_SECONDS, size=count), delay)
        delay = np.where(~keen & (chance.random(count) < _NEVER), np.inf, delay)
        return cls(delay=delay, share=np.where(keen, 1.0, share))

    def moved(self, *, rows: Ints, since: Floats, luck: Floats) -> Flags:
        """Say whether requests of these entries, so long after the release, ask the new model."""
        return (since >= self.delay[rows]) & (luck < self.share[rows])
