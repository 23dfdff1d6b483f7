"""What is true of a world, read after the last alert."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stream.simulate import World, labels
from stream.simulate.traffic import Traffic


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The labels that scoring needs, of accounts that sent something.

    Args:
        members: campaign accounts with at least one extraction request, and when their first
            request of any kind was.
        idle: campaign accounts that never extracted anything; to name one is neither a find nor
            an error.
        benign: the other accounts' classes, among them the customers of the campaign's proxies.
        heirs: which of the members took over from a banned account.
        bans: when accounts of the campaign were banned.
        times: when the campaign sent its requests, ascending.
        begins: the campaign's first extraction request.
        pivot: when it began to move to the released model, and which that is.
    """

    start: float
    end: float
    members: dict[str, float] = field(default_factory=dict)
    idle: frozenset[str] = frozenset()
    benign: dict[str, str] = field(default_factory=dict)
    heirs: frozenset[str] = frozenset()
    bans: tuple[float, ...] = ()
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    begins: float | None = None
    pivot: tuple[float, str] | None = None

    @property
    def days(self) -> float:
        """How long the world was."""
        return (self.end - self.start) / 86_400

    def is_right(self, accounts: Sequence[str]) -> bool:
        """Say whether most of the accounts of an alert are the campaign's."""
        theirs = sum(account in self.members or account in self.idle for account in accounts)
        return theirs > len(accounts) / 2

    def requests_per_account(self, until: float) -> float:
        """Return how many requests each of the campaign's accounts had sent on average."""
        sent = int(np.searchsorted(self.times, until, side="right"))
        active = sum(first <= until for first in self.members.values())
        return sent / max(active, 1)


def truth_of(world: World, *, seen: set[str]) -> Truth:
    """Read the labels of a world.

    Args:
        world: the one that was replayed.
        seen: accounts that sent a request in it; nobody can be named, or spared, who did nothing.
    """
    known = labels(world)
    benign = {
        account: name
        for name, accounts in known["benign"].items()
        for account in accounts
        if account in seen
    }
    if not known["campaigns"]:
        return Truth(start=world.start, end=world.end, benign=benign)
    members: dict[str, float] = {}
    everyone: set[str] = set()
    heirs: set[str] = set()
    for campaign in known["campaigns"]:
        members |= {
            account: each["first"]
            for account, each in campaign["accounts"].items()
            if each["extraction"]
        }
        everyone |= set(campaign["accounts"])
        heirs |= set(campaign["heirs"].values())
    pivots = [campaign["pivot"] for campaign in known["campaigns"] if campaign["pivot"]]
    begins = [c["first_extraction"] for c in known["campaigns"] if c["first_extraction"]]
    drawn = [columns["ts"] for columns in Traffic(world).extraction()]
    return Truth(
        start=world.start,
        end=world.end,
        members=members,
        idle=frozenset(everyone - members.keys()),
        benign=benign,
        heirs=frozenset(heirs & members.keys()),
        bans=tuple(ban["ts"] for campaign in known["campaigns"] for ban in campaign["bans"]),
        times=np.sort(np.concatenate([np.zeros(0), *drawn])),
        begins=min(begins, default=None),
        pivot=min(((pivot["start"], pivot["model"]) for pivot in pivots), default=None),
    )
