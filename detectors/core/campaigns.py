"""Campaigns: suspects that share accounts, under a name that stays."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xxhash
from msgspec import convert

from detectors.core.level import FAINT
from detectors.core.mesh import Mesh
from detectors.core.records import Alert, Signal
from detectors.core.suspects import LEAST_NATS, Key, Suspect, Suspects, nats_of, says_more
from detectors.core.ties import agreed, components
from detectors.sketches.combination import harmonic, together
from detectors.sketches.company import CORRELATION, LEAST_RATE, MOST_RATE
from detectors.sketches.crowding import Crowd
from detectors.sketches.proportion import at_least

#: Looks back that are kept of one campaign.
HISTORY = 200
#: Campaigns that one is remembered to have taken in.
MOST_MERGED = 50
#: Nats from which on a group is a candidate, and from which on it is a signal of its own where the
#: accounts of all templates met.
SELDOM = -math.log(FAINT)
#: Nats that it costs to take the stronger of two: what one template says of where its accounts met,
#: or what all say together.
CHOICE = math.log(2)


@dataclass(slots=True, kw_only=True)
class Campaign:
    """What is known of one campaign, beside its suspects."""

    id: str
    formed: int  # second of event time
    onset: float = math.inf  # the earliest that it was ever told to have begun
    told_at: int = 0  # when it was last told; 0 if it never was
    told_accounts: int = 0
    told_signals: list[str] = field(default_factory=list)
    tested: float = 0.0  # nats of the strongest test that was no alert
    history: list[tuple[int, int, int]] = field(default_factory=list)  # second, accounts, suspects
    #: What all its accounts together did, and what single ones did: one of a detector and scope.
    own: list[Alert] = field(default_factory=list)
    #: Campaigns that were told and are part of it now, in order.
    merged: list[str] = field(default_factory=list)


class Together(NamedTuple):
    """Where the accounts of a campaign's templates were, all taken together."""

    egresses: float
    again: float  # egresses at which two or more met, see `Mesh`
    expected: float  # how many these would be of accounts at random
    nats: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A campaign as it stands: its suspects, and the accounts they agree on."""

    suspects: list[Suspect]
    accounts: list[str]  # those that most suspects name first
    meeting: Together | None  # if it has several templates
    own: Sequence[Alert] = ()  # what they all together did, and what single ones did

    def claims(self) -> dict[str, list[Alert]]:
        """Return what speaks against them, by detector, the strongest first."""
        found: dict[str, list[Alert]] = {}
        for suspect in self.suspects:
            for alert in suspect.claims.values():
                found.setdefault(alert.detector, []).append(alert)
        for alert in self.own:
            found.setdefault(alert.detector, []).append(alert)
        for alerts in found.values():
            alerts.sort(key=lambda alert: (alert.p_value, alert.id))
        return found

    def signals(self) -> frozenset[Signal]:
        """Return what they are told for: the signals of the claims, and where all of them met."""
        found = {alert.signal for alerts in self.claims().values() for alert in alerts}
        if self.meeting is not None and self.meeting.nats >= SELDOM:
            found.add("repetition")
        return frozenset(found)

    def strong(self) -> bool:
        """Say whether one of them is an alert by itself."""
        return any(a.severity != "info" for s in self.suspects for a in s.claims.values())

    def nats(self, tick: int) -> float:
        """Return the evidence of all together: alike signals as one, different ones added up."""
        return together([weight for weight in self._weights(tick) if weight > 0])

    def beyond(self, tick: int) -> float:
        """Return the evidence beyond that for which they were picked.

        A signal is here only because it was seldom somewhere, and there may be many a day of which
        that is so by chance.  Given that it is, its p-value is as likely to lie anywhere below.
        """
        return together([max(weight - SELDOM, 0.0) for weight in self._weights(tick)])

    def _weights(self, tick: int) -> list[float]:
        """Return the nats of each signal.

        Of detectors of one signal each counts once, however many suspects it speaks of.  What a
        single account did is the oddest of what each of them was tested for, so its p-value counts
        as often as there are accounts.  That it is here as an alert by itself, and not because it
        was seldom, makes it rarer still than `beyond` takes it to be.
        """
        by_signal: dict[str, dict[str, list[float]]] = {}
        for suspect in self.suspects:
            for detector, nats in suspect.nats(tick).items():
                those = by_signal.setdefault(suspect.claims[detector].signal, {})
                those.setdefault(detector, []).append(nats)
        for alert in self.own:
            tests = len(self.accounts) if alert.entity.scope == "account" else 1
            nats = max(nats_of(alert, tick) - math.log(max(tests, 1)), 0.0)
            by_signal.setdefault(alert.signal, {}).setdefault(alert.detector, []).append(nats)
        weights = {
            signal: harmonic([harmonic(nats) for nats in those.values()])
            for signal, those in by_signal.items()
        }
        if self.meeting is not None:
            weights["repetition"] = max(weights.get("repetition", 0.0), self.meeting.nats)
        return list(weights.values())


class Campaigns:
    """Keeps names for the components of a graph that changes.

    Suspects that share accounts are one campaign.  When campaigns merge, the older name stays, or
    that which was told already; when one falls apart, the part with most accounts keeps it.
    """

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self.suspects = Suspects()
        self.by_id: dict[str, Campaign] = {}
        self.members: dict[str, Members] = {}
        self._campaign_of: dict[str, str] = {}

    def campaign_of(self, account: str) -> str | None:
        """Return the name of the campaign that an account takes part in."""
        return self._campaign_of.get(account)

    def of_most(self, accounts: Sequence[str]) -> str | None:
        """Return the name of the campaign that more than half of some accounts take part in."""
        names = Counter(self._campaign_of.get(account) for account in accounts)
        ((name, count),) = names.most_common(1) or [(None, 0)]
        return name if 2 * count > len(accounts) else None

    def take(self, name: str, own: Alert) -> None:
        """Take in what a campaign's accounts did, together or one, unless more is known of it."""
        campaign = self.by_id[name]
        known = {(alert.detector, alert.entity.scope): alert for alert in campaign.own}
        kind = own.detector, own.entity.scope
        if says_more(own, known.get(kind)):
            campaign.own = sorted((known | {kind: own}).values(), key=_when)
            self.members[name] = replace(self.members[name], own=campaign.own)

    def group(self, tick: int, *, accounts: int, crowd: Crowd | None) -> None:
        """Give what hangs together its names, where there are so many accounts in all."""
        parts = components(self.suspects, accounts=accounts, crowd=crowd)
        found = [members_of(part, crowd=crowd) for part in parts]
        found.sort(key=lambda m: (-len(m.accounts), m.suspects[0].key))
        before, self.members = self.members, {}
        for members in found:
            self.members[self._name(members, tick)] = members
        own = [(alert, name) for name, campaign in self.by_id.items() for alert in campaign.own]
        names = {s.key: name for name, members in self.members.items() for s in members.suspects}
        for name in sorted(before.keys() - self.members.keys()):
            self._merge(
                self.by_id.pop(name), Counter(names.get(s.key) for s in before[name].suspects)
            )
        self._place_accounts()
        for suspect in self.suspects:
            name_now = names.get(suspect.key)
            suspect.changed |= suspect.campaign != name_now
            suspect.campaign = name_now
        self._hand_on([(a, name) for a, name in own if nats_of(a, tick) >= LEAST_NATS])

    def note(self, name: str, tick: int) -> None:
        """Write down how large a campaign is by now."""
        campaign, members = self.by_id[name], self.members[name]
        campaign.history.append((tick, len(members.accounts), len(members.suspects)))
        thin(campaign.history, most=HISTORY)

    def snapshot(self) -> dict[str, Any]:
        """Return the campaigns; their suspects, which know their names, are saved one by one.

        Accounts are saved as they were agreed on: by now their suspects may name others.
        """
        return {
            "campaigns": [asdict(campaign) for campaign in self.by_id.values()],
            "members": [[name, m.accounts, m.meeting] for name, m in self.members.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`, once the suspects are there."""
        for kept in state["campaigns"]:
            kept["history"] = [tuple(entry) for entry in kept["history"]]
            kept["own"] = convert(kept["own"], list[Alert])
            self.by_id[kept["id"]] = Campaign(**kept)
        suspects: dict[str | None, list[Suspect]] = {}
        for suspect in sorted(self.suspects, key=_key):
            suspects.setdefault(suspect.campaign, []).append(suspect)
        for name, accounts, meeting in state["members"]:
            self.members[name] = Members(
                suspects=suspects[name],
                accounts=accounts,
                meeting=meeting and Together(*meeting),
                own=self.by_id[name].own,
            )
        self._place_accounts()

    def _place_accounts(self) -> None:
        """Note which campaign each account is in, of several the largest."""
        self._campaign_of = {}
        for name, members in self.members.items():
            for account in members.accounts:
                self._campaign_of.setdefault(account, name)

    def _merge(self, gone: Campaign, into: Counter[str | None]) -> None:
        """Note which campaign most of one that was told are part of by now, if of any."""
        ((name, _),) = into.most_common(1)
        if name is None or not gone.told_at:
            return
        campaign = self.by_id[name]
        campaign.merged = [*campaign.merged, *gone.merged, gone.id][-MOST_MERGED:]
        campaign.onset = min(campaign.onset, gone.onset)

    def _hand_on(self, own: list[tuple[Alert, str]]) -> None:
        """Give what accounts did to the campaign they are in by now, or else to whose it was."""
        for campaign in self.by_id.values():
            campaign.own = []
        for alert, name in sorted(own, key=lambda known: _when(known[0])):
            now = self.of_most(alert.accounts) or name
            if now in self.by_id:
                self.take(now, alert)

    def _name(self, members: Members, tick: int) -> str:
        known = {s.campaign for s in members.suspects if s.campaign in self.by_id}
        free = [self.by_id[c] for c in known if c and c not in self.members]
        if free:
            return min(free, key=lambda c: (c.told_at == 0, c.formed, c.id)).id
        scope, value = members.suspects[0].key
        digest = xxhash.xxh3_64_hexdigest(f"{scope}|{value}|{tick}".encode(), self.seed)
        self.by_id[digest] = Campaign(id=digest, formed=tick)
        return digest


def _key(suspect: Suspect) -> Key:
    return suspect.key


def _when(alert: Alert) -> tuple[float, str]:
    return alert.ts, alert.id


def thin(history: list[tuple[int, int, int]], *, most: int) -> None:
    """Drop looks back, of those in between the one whose neighbours are closest in time.

    The first and the last stay, and what is between them is spread over the whole life.

    >>> history = [(second, 1, 2) for second in range(100)]
    >>> thin(history, most=4)
    >>> [second for second, _, _ in history]
    [0, 32, 64, 99]
    """
    while len(history) > max(most, 2):
        gaps = [later[0] - before[0] for before, later in zip(history, history[2:], strict=False)]
        del history[1 + gaps.index(min(gaps))]


def members_of(suspects: list[Suspect], *, crowd: Crowd | None) -> Members:
    """Return a campaign's suspects in order, who takes part, and where they met.

    Args:
        suspects: that are one.
        crowd: at which egresses accounts at random would be.
    """
    ordered = sorted(suspects, key=_key)
    meeting = None if crowd is None else _meeting(ordered, crowd)
    return Members(suspects=ordered, accounts=agreed(ordered), meeting=meeting)


def _meeting(suspects: list[Suspect], crowd: Crowd) -> Together | None:
    templates = [suspect for suspect in suspects if suspect.places]
    if len(templates) < 2:
        return None
    mesh = Mesh.of(templates)
    egresses, again = np.array([float(len(mesh.at))]), np.array([float(mesh.again)])
    rate = np.clip(crowd.part(np.array([float(mesh.places)])), LEAST_RATE, MOST_RATE)
    nats = at_least(again, of=egresses, rate=rate, correlation=CORRELATION)
    return Together(
        egresses=float(egresses[0]),
        again=float(again[0]),
        expected=float(rate[0] * egresses[0]),
        nats=max(float(nats[0]) - CHOICE, 0.0),
    )
