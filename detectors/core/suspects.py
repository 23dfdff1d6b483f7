"""Entities under suspicion, what speaks against them, and which of them share accounts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from msgspec import convert, to_builtins

from detectors.core.records import Alert, Places, Scope, Signal
from detectors.sketches.proportion import at_least

#: Seconds in which evidence fades by half, and after which an account not named again is dropped.
HALF_LIFE, FORGET = 43_200.0, 7 * 86_400
#: Nats below which evidence is forgotten.
LEAST_NATS = 3.0
#: Suspects kept at most, accounts that one is remembered to have named, and accounts of all.
MOST_SUSPECTS, MOST_ACCOUNTS, MOST_KEPT = 2048, 5000, 200_000
#: Two suspects are tied by at least so many common members, as large a part of the smaller one, and
#: where that many would be common by chance with a probability of e to the minus so many nats.
LEAST_COMMON, LEAST_PART, TIE = 3, 0.2, 20.0
#: Nats for what belongs to several that are tied already, by the accounts that alerts named; and
#: for an alert by itself, as two of them at a time that have nothing to do with each other are
#: seldom: the budget is a few false alerts a day.
JOIN, JOIN_ALERT = 8.0, 2.5
#: How alike members of one group are in belonging to another group.
CORRELATION = 0.01

Key = tuple[Scope, str]


class Suspect:
    """One entity, the newest alert of each detector about it, and its accounts."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.claims: dict[str, Alert] = {}
        self.members: list[str] = []  # whoever is behind it
        self.named: dict[str, int] = {}  # account to the second it was last named, oldest first
        self.ties: dict[str, tuple[Signal, ...]] = {}  # of each of them, what it was named for
        self.banned: dict[str, int] = {}  # account to the second it was banned, in order
        self.heirs: dict[str, int] = {}  # newcomer to the second it came, once heirs are told of
        self.campaign: str | None = None
        self.changed = True  # since the last checkpoint

    @property
    def accounts(self) -> int:
        """How many accounts' names it holds, each as often as it does."""
        return len(self.members) + 2 * len(self.named) + len(self.banned) + len(self.heirs)

    def take(self, alert: Alert, members: Sequence[str], places: Places | None) -> None:
        """Take in an alert; a candidate that is weaker than what is known says nothing new."""
        tick = int(alert.ts)
        before = self.claims.get(alert.detector)
        strong = alert.severity != "info"
        if before is None or strong or nats_of(alert, tick) >= nats_of(before, tick):
            self.claims[alert.detector] = alert
        for account in reversed(alert.accounts):
            self.named.pop(account, None)
            self.named[account] = tick
        known: dict[tuple[Signal, ...], tuple[Signal, ...]] = {}  # one object of those alike
        for account in alert.accounts:
            tie = self.ties.get(account, ())
            if alert.signal not in tie:
                self.ties[account] = known.setdefault(tie, (*tie, alert.signal))
        for account in list(self.named)[: max(len(self.named) - MOST_ACCOUNTS, 0)]:
            del self.named[account], self.ties[account]
        if places is not None:
            self.banned = _newest(self.banned | dict(places.banned), tick)
            if alert.signal == "heir" or self.heirs:
                self.heirs = _newest(self.heirs | dict(places.heirs), tick)
        self.members = list(dict.fromkeys([*members, *alert.accounts]))
        self.changed = True

    def nats(self, tick: int) -> dict[str, float]:
        """Return how much each detector's evidence weighs by now."""
        return {name: nats_of(alert, tick) for name, alert in self.claims.items()}

    def fade(self, tick: int) -> None:
        """Forget evidence that has faded and accounts that were not named for long."""
        kept = {n: a for n, a in self.claims.items() if nats_of(a, tick) >= LEAST_NATS}
        named = {account: at for account, at in self.named.items() if tick - at <= FORGET}
        self.changed |= len(kept) < len(self.claims) or len(named) < len(self.named)
        self.claims, self.named = kept, named
        self.ties = {account: self.ties[account] for account in named}

    def snapshot(self) -> dict[str, Any]:
        """Return all of it."""
        ties = [self.ties[account] for account in self.named]
        tied = list(dict.fromkeys(ties))
        return {
            "key": self.key,
            "claims": to_builtins(list(self.claims.values())),
            "members": self.members,
            "named": list(self.named.items()),
            "tied": tied,
            "ties": [tied.index(tie) for tie in ties],
            "banned": list(self.banned.items()),
            "heirs": list(self.heirs.items()),
            "campaign": self.campaign,
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "Suspect":
        """Return what was saved."""
        suspect = cls((state["key"][0], state["key"][1]))
        suspect.claims = {a.detector: a for a in convert(state["claims"], list[Alert])}
        suspect.members, suspect.named = state["members"], dict(state["named"])
        tied = [tuple(tie) for tie in state["tied"]]
        suspect.ties = {a: tied[t] for a, t in zip(suspect.named, state["ties"], strict=True)}
        suspect.banned, suspect.heirs = dict(state["banned"]), dict(state["heirs"])
        suspect.campaign, suspect.changed = state["campaign"], False
        return suspect


class Suspects:
    """The suspects of a deployment, bounded, and which of them hang together.

    Two are tied when they have more members in common than by chance: as the members of the larger
    one are that part of all accounts, how surprising is it to find so many of them in the smaller
    one?  An exit or a reseller that half the world uses is tied to nothing by that.  What is tied
    then draws in others by the accounts that the alerts named, all taken together: a campaign's
    payments, egresses and templates cross each other, and two of them may have few in common.
    """

    def __init__(self) -> None:
        self.by_key: dict[Key, Suspect] = {}
        self.evicted = 0

    def __iter__(self) -> Iterator[Suspect]:
        """Return the suspects in the order in which they came."""
        return iter(self.by_key.values())

    def take(self, alert: Alert, members: Sequence[str], places: Places | None) -> Suspect:
        """Take in an alert, and return its entity."""
        key = (alert.entity.scope, alert.entity.value)
        suspect = self.by_key.setdefault(key, Suspect(key))
        suspect.take(alert, members, places)
        return suspect

    def fade(self, tick: int) -> None:
        """Forget what has faded, and the weakest of what is too much."""
        for suspect in self:
            suspect.fade(tick)
        weak = sorted(self, key=lambda suspect: max(suspect.nats(tick).values(), default=0.0))
        kept = sum(len(suspect.members) for suspect in weak)
        for suspect in weak:
            over = len(self.by_key) > MOST_SUSPECTS or kept > MOST_KEPT
            if over or not (suspect.claims and suspect.named):
                kept -= len(suspect.members)
                self.evicted += over
                del self.by_key[suspect.key]

    def components(self, *, accounts: int) -> list[list[Suspect]]:
        """Return the suspects that hang together, those alone left out.

        Args:
            accounts: how many there are in all.
        """
        parts = [_Part([suspect], set(suspect.members)) for suspect in self]
        parts = _tied(parts, accounts=accounts, nats=TIE, suspects=1)
        for part in parts:
            part.accounts = set(agreed(part.suspects))
        while len(joined := _tied(parts, accounts=accounts, nats=JOIN, suspects=2)) < len(parts):
            parts = joined
            for part in parts:
                part.accounts = set(agreed(part.suspects))
        return [part.suspects for part in parts if len(part.suspects) > 1]


def agreed(suspects: Sequence[Suspect]) -> list[str]:
    """Return the accounts that two suspects name, or one that is an alert by itself.

    What else stands behind a suspect's egress may be anybody.  Those named most often come first;
    of one suspect alone all count.
    """
    named: Counter[str] = Counter()
    surely: set[str] = set()
    for suspect in suspects:
        named.update(suspect.named.keys())
        for alert in suspect.claims.values():
            if alert.severity != "info" or len(suspects) == 1:
                surely.update(alert.accounts)
    accounts = [account for account, count in named.items() if count >= 2 or account in surely]
    return sorted(accounts, key=lambda account: (-named[account], account))


def nats_of(alert: Alert, tick: int) -> float:
    """Return how much an alert's evidence weighs by now."""
    fading = 0.5 ** (max(tick - alert.ts, 0.0) / HALF_LIFE)
    nats: float = -math.log(max(alert.p_value, 1e-300)) * fading
    return nats


def _newest(accounts: dict[str, int], tick: int) -> dict[str, int]:
    """Return accounts in the order of their seconds, without those of long ago or too many."""
    kept = sorted((at, account) for account, at in accounts.items() if tick - at <= FORGET)
    return {account: at for at, account in kept[-MOST_ACCOUNTS:]}


@dataclass(slots=True)
class _Part:
    suspects: list[Suspect]
    accounts: set[str]


def _tied(parts: list[_Part], *, accounts: int, nats: float, suspects: int) -> list[_Part]:
    """Return the parts with those made one that are tied, of which one has so many suspects."""
    root = list(range(len(parts)))
    having: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        common = Counter(chain.from_iterable(having.get(a, ()) for a in part.accounts))
        for account in part.accounts:
            having.setdefault(account, []).append(number)
        others = [
            other
            for other, count in common.items()
            if count >= LEAST_COMMON
            and max(len(part.suspects), len(parts[other].suspects)) >= suspects
        ]
        if not others:
            continue
        counts = np.array([common[other] for other in others], dtype=np.float64)
        sizes = np.array([len(parts[other].accounts) for other in others], dtype=np.float64)
        small, large = np.minimum(sizes, len(part.accounts)), np.maximum(sizes, len(part.accounts))
        rate = large / np.maximum(accounts, large + 1.0)
        chance = at_least(counts, of=small, rate=rate, correlation=CORRELATION)
        needed = np.array([_needed(part, parts[other], nats) for other in others])
        tied = (counts >= LEAST_PART * small) & (chance >= needed)
        for position in np.flatnonzero(tied).tolist():
            one, other = sorted((_root(root, number), _root(root, others[position])))
            root[other] = one
    merged: dict[int, _Part] = {}
    for number, part in enumerate(parts):
        whole = merged.setdefault(_root(root, number), _Part([], set()))
        whole.suspects += part.suspects
        whole.accounts |= part.accounts
    return list(merged.values())


def _needed(one: _Part, other: _Part, nats: float) -> float:
    """Return the nats that tie two parts, of which one may be an alert by itself."""
    alone = min(one, other, key=lambda part: len(part.suspects)).suspects
    alert = any(claim.severity != "info" for s in alone for claim in s.claims.values())
    return JOIN_ALERT if nats == JOIN and alert else nats


def _root(root: list[int], number: int) -> int:
    while root[number] != number:
        number = root[number] = root[root[number]]
    return number
