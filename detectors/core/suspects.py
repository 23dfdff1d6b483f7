"""Entities under suspicion, and what speaks against them."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from msgspec import convert, structs, to_builtins

from detectors.core.records import Alert, Behind, Scope, Severity, Signal

#: Seconds in which evidence fades by half, and after which an account not named again is dropped.
HALF_LIFE, FORGET = 43_200.0, 7 * 86_400
#: Nats below which evidence is forgotten.
LEAST_NATS = 3.0
#: Suspects kept at most, accounts that one is remembered to have named, members of all, and names
#: of accounts that all hold.
MOST_SUSPECTS, MOST_ACCOUNTS, MOST_KEPT, MOST_HELD = 2048, 5000, 200_000, 2_000_000
#: How many times as many accounts are worth telling, of an entity that belongs to no campaign.
GROWTH = 1.5
#: Egresses of one account that one template is remembered to have been seen at.
MOST_EGRESSES = 4
#: How many times as much of these there may be between two looks at what is too much.
SLACK = 2

Key = tuple[Scope, str]


class Told(NamedTuple):
    """What was told of an entity that belongs to no campaign."""

    accounts: int
    p_value: float
    severity: Severity


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
        #: Egresses that each account came through under it last, the newest last, if it is a
        #: template.
        self.places: dict[str, tuple[int, ...]] = {}
        self.campaign: str | None = None
        self.told: dict[str, Told] = {}  # by detector, while it belonged to none
        self.changed = True  # since the last checkpoint

    @property
    def accounts(self) -> int:
        """How many accounts' names it holds, each as often as it does."""
        return len(self.members) + 2 * len(self.named) + len(self.banned) + len(self.heirs)

    def take(self, alert: Alert, behind: Behind) -> None:
        """Take in an alert; a candidate that is weaker than what is known says nothing new."""
        tick = int(alert.ts)
        if says_more(alert, self.claims.get(alert.detector)):
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
        if behind.places is not None:
            self.banned = _newest(self.banned | dict(behind.places.banned), tick)
            if alert.signal == "heir" or self.heirs:
                self.heirs = _newest(self.heirs | dict(behind.places.heirs), tick)
        self.members = list(dict.fromkeys([*behind.members, *alert.accounts]))
        seen = np.frombuffer(behind.egresses, dtype=np.uint32).tolist()
        self.places = {
            account: _with(self.places.get(account, ()), egress)
            for account, egress in zip(behind.members, seen, strict=False)
            if egress
        }
        self.changed = True

    def tell(self, alert: Alert) -> Alert | None:
        """Return an alert of it as it is told while it belongs to no campaign, if it is.

        A candidate says again what was told if it names half as many accounts more and is as odd.
        """
        told = self.told.get(alert.detector)
        if alert.severity == "info":
            if told is None or alert.accounts_total < GROWTH * told.accounts:
                return None
            if alert.p_value > told.p_value:
                return None
            alert = structs.replace(alert, severity=told.severity)
        self.told[alert.detector] = Told(alert.accounts_total, alert.p_value, alert.severity)
        return alert

    def nats(self, tick: int) -> dict[str, float]:
        """Return how much each detector's evidence weighs by now."""
        return {name: nats_of(alert, tick) for name, alert in self.claims.items()}

    def fade(self, tick: int) -> None:
        """Forget evidence that has faded and accounts that were not named for long."""
        kept = {n: a for n, a in self.claims.items() if nats_of(a, tick) >= LEAST_NATS}
        named = {account: at for account, at in self.named.items() if tick - at <= FORGET}
        self.changed |= len(kept) < len(self.claims) or len(named) < len(self.named)
        self.claims, self.named = kept, named
        self.told = {detector: told for detector, told in self.told.items() if detector in kept}
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
            "places": list(self.places.items()),
            "campaign": self.campaign,
            "told": list(self.told.items()),
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
        suspect.places = {account: tuple(those) for account, those in state["places"]}
        suspect.told = {detector: Told(*told) for detector, told in state["told"]}
        suspect.campaign, suspect.changed = state["campaign"], False
        return suspect


class Suspects:
    """The suspects of a deployment, bounded."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Suspect] = {}
        self.evicted = 0

    @property
    def names(self) -> int:
        """How many members they have in all, each as often as it is behind one."""
        return sum(len(suspect.members) for suspect in self)

    @property
    def held(self) -> int:
        """How many accounts' names they hold in all, each as often as they do."""
        return sum(suspect.accounts for suspect in self)

    @property
    def overfull(self) -> bool:
        """Whether there is so much that what is too much must go at once."""
        return self._too_much(SLACK, members=self.names, held=self.held)

    def __iter__(self) -> Iterator[Suspect]:
        """Return the suspects in the order in which they came."""
        return iter(self.by_key.values())

    def take(self, alert: Alert, behind: Behind) -> Suspect:
        """Take in an alert, and return its entity."""
        key = (alert.entity.scope, alert.entity.value)
        suspect = self.by_key.setdefault(key, Suspect(key))
        suspect.take(alert, behind)
        return suspect

    def fade(self, tick: int) -> None:
        """Forget what has faded, and the weakest of what is too much.

        A suspect that goes leaves its campaign: whoever still holds it finds no name there.
        """
        for suspect in self:
            suspect.fade(tick)
        weak = sorted(self, key=lambda suspect: max(suspect.nats(tick).values(), default=0.0))
        members, held = self.names, self.held
        for suspect in weak:
            over = self._too_much(members=members, held=held)
            if over or not (suspect.claims and suspect.named):
                members -= len(suspect.members)
                held -= suspect.accounts
                self.evicted += over
                self.by_key.pop(suspect.key).campaign = None

    def _too_much(self, slack: int = 1, *, members: int, held: int) -> bool:
        return (
            len(self.by_key) > slack * MOST_SUSPECTS
            or members > slack * MOST_KEPT
            or held > slack * MOST_HELD
        )


def says_more(alert: Alert, before: Alert | None) -> bool:
    """Say whether an alert is to be kept instead of the one before, of the same detector."""
    tick = int(alert.ts)
    strong = alert.severity != "info"
    return before is None or strong or nats_of(alert, tick) >= nats_of(before, tick)


def nats_of(alert: Alert, tick: int) -> float:
    """Return how much an alert's evidence weighs by now."""
    fading = 0.5 ** (max(tick - alert.ts, 0.0) / HALF_LIFE)
    nats: float = -math.log(max(alert.p_value, 1e-300)) * fading
    return nats


def _with(egresses: tuple[int, ...], egress: int) -> tuple[int, ...]:
    """Return the egresses with one more, or with it moved to the end."""
    return (*(each for each in egresses if each != egress), egress)[-MOST_EGRESSES:]


def _newest(accounts: dict[str, int], tick: int) -> dict[str, int]:
    """Return accounts in the order of their seconds, without those of long ago or too many."""
    kept = sorted((at, account) for account, at in accounts.items() if tick - at <= FORGET)
    return {account: at for at, account in kept[-MOST_ACCOUNTS:]}
