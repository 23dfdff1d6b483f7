"""One campaign: what is known of it, and as it stands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from detectors.core.agreed import agreed
from detectors.core.level import FAINT
from detectors.core.mesh import Mesh
from detectors.core.records import Alert, Signal
from detectors.core.suspects import Suspect, nats_of
from detectors.sketches.combination import harmonic, together
from detectors.sketches.company import CORRELATION, LEAST_RATE, MOST_RATE
from detectors.sketches.crowding import Crowd
from detectors.sketches.proportion import at_least

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
    ordered = sorted(suspects, key=lambda suspect: suspect.key)
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
