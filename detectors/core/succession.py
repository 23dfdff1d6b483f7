"""Who was banned in a group, and who came after."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.core.heirs import DAY, HOUR, LATE_PROVEN, PROVEN
from detectors.core.members import Members
from detectors.core.parts import fitting
from detectors.core.records import Places

#: Seconds within which a banned account's place may be taken.
REGROWTH = {"1 h": HOUR, "24 h": DAY}
#: Seconds over which an account's load is reckoned at least.
LEAST_LIFE = 600


@dataclass(frozen=True, slots=True)
class Succession:
    """The banned accounts of a group and its heirs, both in the order of time."""

    banned: list[str]
    banned_at: list[int]
    banned_rates: list[float]  # requests a second
    heirs: list[str]  # no more of them than took a place within a day of a ban
    joined_at: list[int]
    heir_rates: list[float]
    active: list[str]  # those that came while a place was open, with most requests first

    @classmethod
    def of(cls, members: Members | None, row: int, name: str, *, now: int) -> "Succession":
        """Return what the members of a group say, whose row and name are given."""
        if members is None:
            return cls([], [], [], [], [], [], [])
        proven = np.isin(members["heir"], (PROVEN, LATE_PROVEN))
        some = (members["banned_at"] > 0) | proven
        here = np.flatnonzero((members["group"] == row) & some)
        rows = np.array(
            [r for r in here.tolist() if members.names[r].startswith(f"{name}\n")], dtype=np.int64
        )
        ended = np.where(members["banned_at"][rows] > 0, members["last_seen"][rows], now)
        lived = np.maximum(ended - members["joined_at"][rows], LEAST_LIFE)
        rates = members["requests"][rows] / lived
        banned = np.flatnonzero(members["banned_at"][rows] > 0)
        banned = banned[np.argsort(members["banned_at"][rows[banned]], kind="stable")]
        active = np.flatnonzero(members["heir"][rows] == PROVEN)
        active = active[np.argsort(-members["requests"][rows[active]], kind="stable")]
        heirs = np.flatnonzero(proven[rows])
        heirs = heirs[np.argsort(members["joined_at"][rows[heirs]], kind="stable")]
        left, came = members["banned_at"][rows[banned]], members["joined_at"][rows[heirs]]
        heirs = heirs[replaced(left.tolist(), came.tolist(), within=DAY)]
        accounts = [members.names[r].partition("\n")[2] for r in rows.tolist()]
        return cls(
            banned=[accounts[r] for r in banned.tolist()],
            banned_at=left.tolist(),
            banned_rates=rates[banned].tolist(),
            heirs=[accounts[r] for r in heirs.tolist()],
            joined_at=members["joined_at"][rows[heirs]].tolist(),
            heir_rates=rates[heirs].tolist(),
            active=[accounts[r] for r in active.tolist()],
        )

    def regrowth(self, *, within: int, now: int) -> tuple[float, float]:
        """Return the share of banned accounts, and of their load, replaced within some seconds.

        Of bans that are older than that, or of all while none is.
        """
        counted = [at for at in self.banned_at if at <= now - within] or self.banned_at
        back = replaced(counted, self.joined_at, within=within)
        lost = sum(self.banned_rates[: len(counted)])
        load = sum(self.heir_rates[heir] for heir in back)
        return len(back) / max(len(counted), 1), load / lost if lost > 0 else 0.0

    def open_for(self, *, within: int, now: int) -> int:
        """Return for how long a newcomer may have taken a place within some seconds of a ban."""
        until = [*self.banned_at, now][1:]
        return sum(min(end - at, within) for at, end in zip(self.banned_at, until, strict=True))

    def places(self, *, most: int, room: int) -> Places:
        """Return the newest of it, as the campaigns are told: so many and so many bytes of each."""
        banned, heirs = (
            fitting(list(zip(names, times, strict=True))[: -most - 1 : -1], room)[::-1]
            for names, times in ((self.banned, self.banned_at), (self.heirs, self.joined_at))
        )
        return Places(banned, heirs)


def regrowth_of(what: str, within: str) -> str:
    """Return what evidence of regrowth within a time of `REGROWTH` is called."""
    return f"regrowth of {what} within {within} of a ban"


def replaced(banned_at: Sequence[int], joined_at: Sequence[int], *, within: int) -> list[int]:
    """Return which heirs took a place within some seconds of the ban, each the oldest one open.

    >>> replaced([100, 200, 300], [50, 150, 9_000], within=3600)
    [1]
    >>> replaced([100, 200, 300], [50, 150, 9_000], within=86_400)
    [1, 2]
    """
    took, heir = [], 0
    for at in banned_at:
        while heir < len(joined_at) and joined_at[heir] < at:
            heir += 1
        if heir < len(joined_at) and joined_at[heir] <= at + within:
            took.append(heir)
            heir += 1
    return took
