"""How often accounts taken at random would meet, by how everybody crowds in groups."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Numbers of accounts for which it is known where they would meet; and looks that teach it.
DRAWN = np.concatenate([[0.0], 2.0 ** np.arange(13)])
LOOKS = 1440
#: Accounts that there are taken to be at least, the others by themselves.  Where there are few,
#: those of one template are most of those seen at any egress, and would make themselves usual.
LEAST_EVERYBODY = 1000.0


class Crowd(NamedTuple):
    """Where as many accounts as each of `DRAWN`, taken at random, would be.

    >>> crowd = Crowd(groups=[0.0, 1.0, *([2.0] * 12)], met=[0.0, 0.0, *([1.0] * 12)])
    >>> crowd.part(np.array([2.0])).tolist(), crowd.common(np.array([1.0, 2.0]), 2.0).tolist()
    ([0.5], [1.0, 2.0])
    """

    groups: list[float]
    met: list[float]  # of them, those at which there would be two or more

    def part(self, drawn: Floats) -> Floats:
        """Return the part of their groups at which two or more of so many accounts would meet."""
        parts = np.array(self.met) / np.maximum(self.groups, 1e-9)
        found: Floats = np.interp(drawn, DRAWN, parts)
        return found

    def common(self, one: Floats, other: float) -> Floats:
        """Return at how many groups accounts of both would be, were so many drawn twice.

        What one or the other has is what both have together: inclusion and exclusion, group by
        group.
        """
        first, second = np.interp(one, DRAWN, self.groups), np.interp(other, DRAWN, self.groups)
        expected: Floats = first + second - np.interp(one + other, DRAWN, self.groups)
        return np.maximum(expected, 0.0)

    @classmethod
    def closest(cls, crowds: "Sequence[Crowd]") -> "Crowd | None":
        """Return one where accounts meet as often as they do in any of several."""
        if not crowds:
            return None
        groups = np.array([crowd.groups for crowd in crowds]).min(axis=0)
        parts = np.max([np.array(c.met) / np.maximum(c.groups, 1e-9) for c in crowds], axis=0)
        return cls(groups.tolist(), (groups * parts).tolist())


class Crowding:
    """Knows for some numbers of accounts, taken at random, where they would be.

    That is at how many groups, and at how many of them two or more: a sum over all groups of the
    chances that a binomial count of its accounts is one or more, and two or more.  Learned slowly,
    over a day of looks, or over all since the start.

    >>> crowding = Crowding()
    >>> crowding.look(np.array([50.0, 50.0]), alone=900.0, partitions=1)
    >>> crowding.crowd.part(np.array([2.0, 40.0])).round(2).tolist()
    [0.0, 0.03]
    """

    def __init__(self) -> None:
        self.looks = 0
        self.seen = np.zeros((2, len(DRAWN)))  # groups, and groups met at

    def look(self, present: Floats, *, alone: float, partitions: int) -> None:
        """Learn from the accounts of each group, and those that are in none.

        Args:
            present: accounts of each group that is counted here.
            alone: accounts that share with nobody.
            partitions: of the groups; each counts its own part of all.
        """
        present = np.maximum(present, 1.0)
        alone = max(alone, LEAST_EVERYBODY / partitions - float(present.sum()))
        everybody = float(present.sum() + alone) * partitions
        drawn = np.minimum(DRAWN / everybody, 1.0)[:, None]
        none = (1.0 - drawn) ** present
        one = present * drawn * (1.0 - drawn) ** (present - 1.0)
        groups = (1.0 - none).sum(axis=1) + alone * drawn[:, 0]
        met = np.maximum(1.0 - none - one, 0.0).sum(axis=1)
        self.looks += 1
        now = np.stack([groups, met]) * partitions
        self.seen += (now - self.seen) / min(self.looks, LOOKS)

    @property
    def crowd(self) -> Crowd:
        """What was learned so far."""
        return Crowd(*self.seen.tolist())

    def snapshot(self) -> dict[str, Any]:
        """Return all that was learned."""
        return {"looks": self.looks, "seen": self.seen.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self.looks, self.seen = state["looks"], np.array(state["seen"])
