"""Entities under suspicion, what speaks against them, and which of them share accounts."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from detectors.core.records import Alert
from detectors.sketches.proportion import at_least

#: Seconds in which evidence fades by half, and after which an account not named again is dropped.
HALF_LIFE, FORGET = 43_200.0, 7 * 86_400
#: Nats below which evidence is forgotten.
LEAST_NATS = 3.0
#: Suspects kept at most, accounts of one, and accounts of all.
MOST_SUSPECTS, MOST_ACCOUNTS, MOST_NAMED = 2048, 5000, 200_000
#: Two suspects are tied by as many common accounts, as large a part of the smaller one, and where
#: so many in common would come about by chance with a probability of e to the minus so many nats.
LEAST_COMMON, LEAST_PART, TIE = 3, 0.1, 20.0
#: How alike accounts of one group are in belonging to another group.
CORRELATION = 0.01


class Suspect:
    """One entity, the newest alert of each detector about it, and the accounts they named."""

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key
        self.claims: dict[str, Alert] = {}
        self.named: dict[str, int] = {}  # account to the second it was last named, oldest first
        self.campaign: str | None = None
        self.changed = True  # since the last checkpoint

    def take(self, alert: Alert) -> None:
        """Take in an alert; one that is both older news and weaker says nothing new."""
        tick = int(alert.ts)
        before = self.claims.get(alert.detector)
        if before is None or nats_of(alert, tick) >= nats_of(before, tick):
            self.claims[alert.detector] = alert
        for account in reversed(alert.accounts):
            self.named.pop(account, None)
            self.named[account] = tick
        for account in list(self.named)[: max(len(self.named) - MOST_ACCOUNTS, 0)]:
            del self.named[account]
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

    def snapshot(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "key": self.key,
            "claims": list(self.claims.values()),
            "named": list(self.named.items()),
            "campaign": self.campaign,
        }


class Suspects:
    """The suspects of a deployment, bounded, and the ties between them.

    A tie asks whether two suspects have more accounts in common than by chance: as members of the
    larger one are that part of all accounts, how surprising is it to find so many of them in the
    smaller one?  An exit or a reseller that half the world uses is tied to nothing by that.
    """

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], Suspect] = {}
        self.evicted = 0
        self._having: dict[str, set[tuple[str, str]]] = {}  # suspects by account
        self._ties: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def __iter__(self) -> Iterator[Suspect]:
        """Return the suspects in the order in which they came."""
        return iter(self.by_key.values())

    def take(self, alert: Alert) -> Suspect:
        """Take in an alert, and return its entity."""
        key = (alert.entity.scope, alert.entity.value)
        suspect = self.by_key.get(key) or self.add(Suspect(key))
        before = set(suspect.named)
        suspect.take(alert)
        self._index(suspect, before)
        return suspect

    def add(self, suspect: Suspect) -> Suspect:
        """Add a suspect, as it was saved."""
        self.by_key[suspect.key] = suspect
        self._index(suspect, set())
        return suspect

    def tie(self, suspect: Suspect, *, accounts: int) -> None:
        """Find anew to whom a suspect is tied, where there are so many accounts in all."""
        self._untie(suspect.key)
        common: Counter[tuple[str, str]] = Counter()
        for account in suspect.named:
            common.update(self._having[account])
        del common[suspect.key]
        for key, count in common.items():
            if count >= LEAST_COMMON and self._tied(suspect, self.by_key[key], count, accounts):
                self._ties.setdefault(suspect.key, set()).add(key)
                self._ties.setdefault(key, set()).add(suspect.key)

    def fade(self, tick: int) -> list[Suspect]:
        """Forget what has faded, and what is too much; return the suspects dropped."""
        for suspect in self:
            before = set(suspect.named)
            suspect.fade(tick)
            self._index(suspect, before)
        weak = sorted(self, key=lambda suspect: max(suspect.nats(tick).values(), default=0.0))
        named = sum(len(suspect.named) for suspect in weak)
        dropped = []
        for suspect in weak:
            over = len(self.by_key) > MOST_SUSPECTS or named > MOST_NAMED
            if suspect.claims and suspect.named and not over:
                continue
            named -= len(suspect.named)
            self.evicted += over
            self._drop(suspect)
            dropped.append(suspect)
        return dropped

    def components(self) -> list[list[Suspect]]:
        """Return the suspects that hang together, those alone left out."""
        found, seen = [], set()
        for start in self.by_key:
            if start in seen or start not in self._ties:
                continue
            component, ahead = [], [start]
            seen.add(start)
            while ahead:
                key = ahead.pop()
                component.append(self.by_key[key])
                new = sorted(self._ties[key] - seen)
                seen.update(new)
                ahead += new
            found.append(component)
        return found

    def _tied(self, one: Suspect, other: Suspect, common: int, accounts: int) -> bool:
        small, large = sorted((len(one.named), len(other.named)))
        if common < LEAST_PART * small:
            return False
        rate = large / max(accounts, large + 1)
        chance = at_least(
            np.array([float(common)]), of=np.array([float(small)]), rate=rate,
            correlation=CORRELATION,
        )  # fmt: skip
        return bool(chance[0] >= TIE)

    def _index(self, suspect: Suspect, before: set[str]) -> None:
        for account in before - suspect.named.keys():
            self._having[account].discard(suspect.key)
            if not self._having[account]:
                del self._having[account]
        for account in suspect.named.keys() - before:
            self._having.setdefault(account, set()).add(suspect.key)

    def _untie(self, key: tuple[str, str]) -> None:
        for other in self._ties.pop(key, ()):
            self._ties[other].discard(key)
            if not self._ties[other]:
                del self._ties[other]

    def _drop(self, suspect: Suspect) -> None:
        self._untie(suspect.key)
        before, suspect.named = set(suspect.named), {}
        self._index(suspect, before)
        del self.by_key[suspect.key]


def nats_of(alert: Alert, tick: int) -> float:
    """Return how much an alert's evidence weighs by now."""
    fading = 0.5 ** (max(tick - alert.ts, 0.0) / HALF_LIFE)
    nats: float = -math.log(max(alert.p_value, 1e-300)) * fading
    return nats
