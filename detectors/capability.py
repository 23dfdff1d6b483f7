"""The accounts of a group are after something that hardly anybody else is after."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.core import capabilities
from detectors.core.capabilities import KINDS
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches import oddness
from detectors.sketches.proportion import at_least
from detectors.sketches.scatter import Scatter
from detectors.text.capability import CAPABILITIES, ORDINARY

#: What is looked at: the mix over a day against everybody's, and lately against the group's own.
WAYS = 2
#: Part of the accounts that is taken to be after anything, and accounts that this is taken for.
PRIOR_RATE, PRIOR_ACCOUNTS = 0.02, 20.0
#: Accounts for which everybody's mix counts in what a group's own past was.
PRIOR_PAST = 4.0
#: Rates below and above which none is believed to lie: the text model is mistaken now and then.
LEAST_RATE, MOST_RATE = 0.005, 0.95
#: Groups that the correlation assumed counts as.
PRIOR_GROUPS = 20.0
#: Nats at most: what is asked for is never enough, and weighs no more than any weak signal.
MOST_NATS = 11.0
#: Nats from which on a group teaches nothing, until it has been so odd for a day.
ODD, DAY, HOUR = 6.0, 86_400, 3600
#: Seconds between two looks at a group, unless one more account is after something.
LOOK = 30
#: Scopes that a level of groups may have.
SCOPES = 8


class Capability(Detector):
    """Asserts that what the accounts of a group are after is what other groups' accounts are after.

    Each account counts as one at most, whatever it asks, split by what its requests are after; so
    one busy product sets no mix.  The part of a group's accounts that is after a capability is held
    against everybody's over a day, and against the group's own past over half an hour: a binomial
    tail in which accounts of one group do alike (`at_least`).  How much alike is learned from
    groups (`Scatter`): where tutors, coding agents and graders have groups of their own, one more
    of them is no surprise.

    What somebody asks for is no wrong in itself.  So this never is an alert: it is a candidate,
    which counts together with other signals of entities that share accounts.  An account has no
    such company, and is not looked at.

    Args:
        least_accounts: of a group that say what they are after, below which nothing is said of it.
        correlation: within groups, until it is learned.

    References:
        Kish (1965), Survey sampling; Williams (1982), Extra-binomial variation in logistic linear
        models.

    >>> Capability().signal, Capability().supports
    ('concentration', True)
    """

    name: ClassVar[str] = "capability"
    signal: ClassVar[Signal] = "concentration"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "payment", "template"})
    supports: ClassVar[bool] = True

    def __init__(self, *, least_accounts: int = 5, correlation: float = 0.1) -> None:
        self.least_accounts = least_accounts
        self.apart = Scatter((SCOPES, WAYS, KINDS), correlation=correlation, weight=PRIOR_GROUPS)

    @property
    def columns(self) -> Mapping[str, Column]:
        """When a group was looked at and taught, what was seen, and since when it is odd."""
        return {
            "capability_looked_at": Column(TICK),
            "capability_seen": Column("float32"),  # accounts then after anything, lately
            "capability_taught": Column("int32"),  # hour
            "capability_odd_since": Column(TICK),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the oddest capability, less the choice; 0 between two looks."""
        scores = np.zeros(len(tick.rows))
        due = self._due(profiles, tick)
        if len(due):
            part = tick.take(due)
            scores[due] = _total(self._nats(part, *self._seen(profiles, part)))
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Once an hour and group, learn how far groups differ; but not of those that are odd."""
        due = self._due(profiles, tick)
        if not len(due):
            return
        part = tick.take(due)
        rows = part.rows
        seen = accounts, votes, rate = self._seen(profiles, part)
        odd = _total(self._nats(part, *seen)) >= ODD
        oddness.note(profiles["capability_odd_since"], rows, odd, tick=tick.number)
        profiles["capability_looked_at"][rows] = tick.number
        profiles["capability_seen"][rows] = _after_anything(votes)
        taught = profiles["capability_taught"][rows] != tick.number // HOUR
        taught &= ~part.suspect & ~self.withholds(profiles, part)
        taught &= accounts[:, -1] >= self.least_accounts
        if not taught.any():
            return
        profiles["capability_taught"][rows[taught]] = tick.number // HOUR
        group, way, code = np.nonzero(
            (taught[:, None] & (accounts >= self.least_accounts))[:, :, None]
            & (np.arange(KINDS) != ORDINARY)
        )
        of = accounts[group, way]
        self.apart.learn(
            (part.scopes[group].astype(np.int64), way, code),
            votes[group, way, code] / of,
            of=of,
            rate=rate[group, way, code],
        )

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the capability, how many accounts are after it, and how many would be elsewhere."""
        one = tick.only(position)
        row = int(one.rows[0])
        seen = self._seen(profiles, one)
        best = int(self._nats(one, *seen)[0].argmax())
        way, code = divmod(best, KINDS)
        accounts, votes, rate = (values[0] for values in seen)
        share = float(votes[way, code] / max(accounts[way], 1e-9))
        usual = float(rate[way, code])
        against = "everybody's" if way else "its own past"
        behind = tick.accounts(profiles, position, since=tick.number - DAY, after=code)
        since = int(profiles["capability_odd_since"][row])
        return Finding(
            summary=(
                f"{share:.0%} of what the accounts behind "
                f"{profiles.names[row].replace(':', ' ', 1)} ask for is {CAPABILITIES[code]}, "
                f"against {usual:.1%} by {against}: {len(behind)} accounts are after it."
            ),
            evidence=[
                Evidence(
                    feature=f"part of the accounts after {CAPABILITIES[code]}",
                    observed=share,
                    expected=usual,
                    contribution=1.0,
                    note=f"of {accounts[way]:.0f} accounts; a new one counts half",
                )
            ],
            onset=float(since or tick.number),
            accounts=behind,
        )

    def withholds(self, profiles: Profiles, tick: Tick) -> NDArray[np.bool_]:
        """Say which groups are odd, and have not been for a day."""
        return oddness.held(profiles["capability_odd_since"], tick.rows, tick=tick.number)

    def snapshot(self) -> bytes:
        """Return how far groups differ in what they are after."""
        return pack({"apart": self.apart.snapshot()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self.apart.restore(unpack(state)["apart"])

    def _due(self, profiles: Profiles, tick: Tick) -> NDArray[np.int64]:
        said = np.flatnonzero(tick.capabilities.any(axis=1))
        if not len(said):
            return said
        rows = tick.rows[said]
        after = _after_anything(capabilities.faded(profiles, rows, tick=tick.number))
        due = tick.number - profiles["capability_looked_at"][rows] >= LOOK
        due |= after >= profiles["capability_seen"][rows] + 1.0
        return said[due]

    def _seen(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
        """Return accounts (k, ways), those after each capability, and the part to be expected."""
        votes = capabilities.faded(profiles, tick.rows, tick=tick.number)
        accounts = votes.sum(axis=2)
        others = np.maximum(tick.population.mix - votes[:, -1], 0.0)
        rest = others.sum(axis=1, keepdims=True)
        elsewhere = (others + PRIOR_RATE * PRIOR_ACCOUNTS) / (rest + PRIOR_ACCOUNTS)
        past = votes[:, -1] + PRIOR_PAST * elsewhere
        past /= accounts[:, -1:] + PRIOR_PAST
        rate = np.clip(np.stack([past, elsewhere], axis=1), LEAST_RATE, MOST_RATE)
        return accounts, votes, rate

    def _nats(self, tick: Tick, accounts: Floats, votes: Floats, rate: Floats) -> Floats:
        """Return the nats of what was seen, of each way and capability, (k, ways * KINDS)."""
        of = accounts[:, :, None]
        worth = (of >= self.least_accounts) & (votes > rate * of) & (np.arange(KINDS) != ORDINARY)
        group, way, code = np.nonzero(worth)
        nats = np.zeros(votes.shape)
        if len(group):
            scopes = tick.scopes[group].astype(np.int64)
            nats[group, way, code] = at_least(
                votes[group, way, code],
                of=accounts[group, way],
                rate=rate[group, way, code],
                correlation=self.apart.correlation[scopes, way, code],
            )
        return nats.reshape(len(tick.rows), WAYS * KINDS)


def _total(nats: Floats) -> Floats:
    choice = np.log(WAYS * (KINDS - 1))
    total: Floats = np.clip(nats.max(axis=1, initial=0.0) - choice, 0.0, MOST_NATS)
    return total


def _after_anything(votes: Floats) -> Floats:
    """Return how many of each row's accounts are after anything but the ordinary, lately."""
    after: Floats = votes[:, 0, ORDINARY + 1 :].sum(axis=1)
    return after
