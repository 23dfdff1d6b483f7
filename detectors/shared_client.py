"""The accounts of a group come with one client that hardly anybody else has."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core import clients
from detectors.core.clients import DAY, SLOTS, Clients
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.profiles import TICK, Column, Profiles, Rows
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches import oddness
from detectors.sketches.proportion import at_least
from detectors.sketches.sameness import Sameness

#: Organisations that stand for those not seen yet.
UNSEEN = 20.0
#: Parts of the organisations below and above which none is believed to lie.
LEAST_RATE, MOST_RATE = 0.001, 0.95
#: Groups that the correlation assumed counts as; while fewer were seen, all of them teach.
PRIOR_GROUPS = 20.0
#: Nats at most: a client in common is never enough, and weighs no more than any weak signal.
MOST_NATS = 9.0
#: Nats from which on a group teaches nothing, until it has been so odd for a day.
ODD, HOUR = 6.0, 3600
#: Seconds between two looks at a group.
LOOK = 30
#: Scopes that a level of groups may have.
SCOPES = 8


class Seen(NamedTuple):
    """The clients of groups: (k, slots), but ``said``."""

    clients: Clients
    accounts: Floats  # of the group within a day
    said: Floats  # (k,) accounts of the group that said any client
    rate: Floats  # part of all organisations that come with the client
    rare: Floats  # part of them that come with clients as rare


class Looked(NamedTuple):
    """What was seen in a tick of these rows."""

    rows: Rows
    due: NDArray[np.int64]  # positions of the groups looked at
    seen: Seen
    nats: Floats  # of each one's oddest client


class SharedClient(Detector):
    """Asserts that the accounts of a group come with the clients that everybody comes with.

    A client is the user agent and the TLS fingerprint together.  Each account counts once, with
    the client it came with last.  The accounts of a group that come with one client are held
    against the part of all organisations that do (`Organisations`): by accident (a binomial tail,
    for each of the clients as rare), or as one client for all of a group, which is as likely as
    accounts of one group are alike, times the part of organisations with clients as rare.  So a
    popular client counts for little, however many of a group have it, and forging one gains
    nothing; nor does a campaign make its own client popular by its size.  How alike accounts of a
    group are is learned (`Sameness`): where every office has a program of its own, one more that
    has is no surprise.

    One client in one organisation is ordinary.  So this never is an alert: it is a candidate, which
    counts together with other signals of entities that share accounts.  What a group asks for and
    which client it has are one signal, as one product explains both.

    Args:
        least_accounts: of a group with one client, below which nothing is said of it.
        correlation: within groups, until it is learned.

    References:
        Hooi et al. (2016), FRAUDAR: bounding graph fraud in the face of camouflage; Weir, Cockerham
        (1984), Estimating F-statistics for the analysis of population structure.

    >>> SharedClient().signal, SharedClient().supports
    ('concentration', True)
    """

    name: ClassVar[str] = "shared_client"
    signal: ClassVar[Signal] = "concentration"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "payment", "template"})
    supports: ClassVar[bool] = True

    def __init__(self, *, least_accounts: int = 5, correlation: float = 0.1) -> None:
        self.least_accounts = least_accounts
        self.sameness = Sameness((SCOPES,), correlation=correlation, weight=PRIOR_GROUPS)
        self._looked: Looked | None = None  # what was last seen: `learn` asks what `score` asked

    @property
    def columns(self) -> Mapping[str, Column]:
        """When a group was looked at and taught, and since when it is odd."""
        return {
            "shared_client_looked_at": Column(TICK),
            "shared_client_taught": Column("int32"),  # hour
            "shared_client_odd_since": Column(TICK),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the oddest client; 0 between two looks."""
        scores = np.zeros(len(tick.rows))
        looked = self._look(profiles, tick)
        if looked is not None:
            scores[looked.due] = looked.nats
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Once an hour and group, learn how alike accounts of a group are; but not of odd ones."""
        looked = self._look(profiles, tick)
        self._looked = None
        if looked is None:
            return
        part, seen = tick.take(looked.due), looked.seen
        rows, odd = part.rows, looked.nats >= ODD
        oddness.note(profiles["shared_client_odd_since"], rows, odd, tick=tick.number)
        profiles["shared_client_looked_at"][rows] = tick.number
        taught = profiles["shared_client_taught"][rows] != tick.number // HOUR
        taught &= ~part.suspect & ~self.withholds(profiles, part)
        profiles["shared_client_taught"][rows[taught]] = tick.number // HOUR
        pairs = seen.accounts * np.maximum(seen.accounts - 1.0, 0.0)
        same = pairs.sum(axis=1) / np.maximum(seen.said * (seen.said - 1.0), 1e-9)
        self.sameness.learn(
            part.scopes[taught].astype(np.int64),
            np.minimum(same[taught], 1.0),
            usual=tick.population.clients.usual,
        )

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name how many accounts come with the client, and how many do elsewhere."""
        one = tick.only(position)
        row = int(one.rows[0])
        seen = self._seen(profiles, one)
        best = int(self._nats(one, seen)[0].argmax())
        share = float(seen.accounts[0, best] / max(seen.said[0], 1e-9))
        rate = float(seen.rate[0, best])
        behind = tick.accounts(
            profiles, position, since=tick.number - DAY, client=int(seen.clients[0, best])
        )
        since = int(profiles["shared_client_odd_since"][row])
        return Finding(
            summary=(
                f"{share:.0%} of the accounts behind {profiles.names[row].replace(':', ' ', 1)} "
                f"come with one client (user agent and TLS fingerprint), which {rate:.1%} of all "
                f"organisations have: {len(behind)} accounts."
            ),
            evidence=[
                Evidence(
                    feature="part of the accounts with one client",
                    observed=share,
                    expected=rate,
                    contribution=1.0,
                    note=f"of {seen.said[0]:.0f} accounts within a day that said theirs",
                )
            ],
            onset=float(since or tick.number),
            accounts=behind,
        )

    def withholds(self, profiles: Profiles, tick: Tick) -> NDArray[np.bool_]:
        """Say which groups are odd, and have not been for a day, once enough was learned."""
        held = oddness.held(profiles["shared_client_odd_since"], tick.rows, tick=tick.number)
        known = self.sameness.groups[tick.scopes.astype(np.int64)] >= 2 * PRIOR_GROUPS
        withheld: NDArray[np.bool_] = known & held
        return withheld

    def snapshot(self) -> bytes:
        """Return how alike accounts of a group are."""
        return pack({"sameness": self.sameness.snapshot()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self.sameness.restore(unpack(state)["sameness"])

    def _look(self, profiles: Profiles, tick: Tick) -> Looked | None:
        """Return what is to be seen of the groups that are due, if any is."""
        if self._looked is not None and self._looked.rows is tick.rows:
            return self._looked
        due = tick.number - profiles["shared_client_looked_at"][tick.rows] >= LOOK
        due &= profiles["client_said"][tick.rows] >= self.least_accounts
        if not due.any():
            return None
        at = np.flatnonzero(due)
        part = tick.take(at)
        seen = self._seen(profiles, part)
        nats = self._nats(part, seen).max(axis=1)
        self._looked = Looked(tick.rows, at, seen, nats)
        return self._looked

    def _seen(self, profiles: Profiles, tick: Tick) -> Seen:
        everyone = tick.population.clients
        numbers = profiles["clients"][tick.rows]
        accounts, said = clients.faded(profiles, tick.rows, tick=tick.number)
        having = everyone.counts[numbers]  # the group among them
        total = everyone.counts.sum() + UNSEEN
        rate = np.clip(having / total, LEAST_RATE, MOST_RATE)
        rate[having == 0] = MOST_RATE  # not counted yet: everybody may be about to change to it
        rare = np.clip(np.maximum(everyone.as_rare(having), having) / total, rate, 1.0)
        return Seen(numbers, accounts, said, rate, rare)

    def _nats(self, tick: Tick, seen: Seen) -> Floats:
        """Return the nats of each slot, (k, slots)."""
        worth = seen.accounts >= self.least_accounts
        worth &= (seen.accounts > seen.rate * seen.said[:, None]) & (seen.clients > 0)
        group, slot = np.nonzero(worth)
        nats = np.zeros((len(tick.rows), SLOTS))
        if len(group):
            rate, rare = seen.rate[group, slot], seen.rare[group, slot]
            alike = self.sameness.correlation[tick.scopes[group].astype(np.int64)]
            accident = at_least(
                seen.accounts[group, slot],
                of=np.maximum(seen.said[group], seen.accounts[group, slot]),
                rate=rate,
                correlation=alike,
            )
            chance = np.exp(-accident) * rare / rate + alike * rare
            nats[group, slot] = np.clip(-np.log(chance), 0.0, MOST_NATS)
        return nats
