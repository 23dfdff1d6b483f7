"""Accounts that are known elsewhere all come to one egress or template at once."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.company import excess
from detectors.sketches.rise import Rise

#: Seconds of a tick of `Rise`.
MINUTE = 60
#: New edges over a horizon below which nothing is said.
LEAST_EDGES = 4.5
#: How alike the accounts of one ordinary group are in coming to it: colleagues, a class, a fashion.
CORRELATION = 0.05
#: Nats at most: a company that changes its network does the same, so that alone it proves little.
MOST_NATS = 30.0
#: Sharing of egresses beyond the usual from which on a template's accounts are no mere readers.
SHARING = 0.2
#: Minutes over which it is learned which part of arrivals is new in all groups of a scope; that
#: part before data speak, and the arrivals it counts as.
USUALLY, USUAL_PART, WEIGHT = 1440.0, 0.05, 20.0
#: Scopes that groups may have, and the number of one of them.
SCOPES, TEMPLATE = 3, 2
#: Seconds after which a group is none at its beginning, where everybody is new.
SETTLED = 3600


class _Counts(NamedTuple):
    """What the minutes before a tick left in the rows of a table, as of the tick's minute."""

    here: Floats  # (k, 2): arrivals of the minute in progress, every and new
    lately: Floats  # (k, 2, horizons): those of the minutes before
    usually: Floats  # (k, 2): sums of `Rise`, of the new alone


class EdgeBurst(Detector):
    """Asserts that groups win accounts at their usual pace, or at the pace of all other groups.

    An edge (account to egress, template to account) is new when the account was seen elsewhere
    before, for an hour at least, and never in this group: an account's own beginning says nothing.
    New edges over some minutes are held against the pace at which the group usually wins them
    (`Rise`, all that the sketch of ``weir bench darpa`` has in common: what is a burst itself
    teaches little), and against the part of all arrivals that is new in the other groups of the
    scope in the same minutes, times the group's own arrivals: where everybody moves nobody stands
    out, people who come back in the morning make no new edge, and a popular group may win many.
    A template may be talked of: it counts as far as its accounts share their egresses more than
    accounts do anyway.

    Groups and memberships have rows of their own, which no collision mixes and a checkpoint saves
    as they change, so that the counts stand there and not in the cells of a sketch.

    Args:
        correlation: how alike the accounts of one ordinary group are in coming to it; counts are
            divided by 1 + (n - 1) r.

    References:
        Bhatia et al. (2022), Real-time anomaly detection in edge streams (MIDAS-F).
        Hooi et al. (2016), FRAUDAR: bounding graph fraud in the face of camouflage (edges to the
        popular count little).
        Kish (1965), Survey sampling (the design effect).

    >>> EdgeBurst().signal
    'edge'
    """

    name: ClassVar[str] = "edge_burst"
    signal: ClassVar[Signal] = "edge"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "template"})

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation
        self.rise = Rise()
        self._spans = np.array([*self.rise.horizons, USUALLY])
        #: Arrivals of all groups by scope, every and new, over the horizons and `USUALLY`.
        self._crowd = np.zeros((SCOPES, 2, len(self._spans)))
        self._minute = 0  # of the crowd's counts
        self._first = 0

    @property
    def columns(self) -> Mapping[str, Column]:
        """Arrivals of the minute in progress, lately and usually."""
        return {
            "edge_minute": Column("int32"),
            "edge_here": Column("float32", (2,)),
            "edge_lately": Column("float32", (2, len(self.rise.horizons))),
            "edge_usually": Column("float64", (2,)),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the new edges over the horizon at which they are oddest."""
        scores = np.zeros(len(tick.rows))
        some = np.flatnonzero(_arrivals(tick)[:, 1])
        if len(some):
            present, _ = self._present(profiles, tick.take(some))
            some = some[(present[:, 1] >= LEAST_EDGES).any(axis=1)]
        if len(some):
            nats, _, _ = self._judged(profiles, tick.take(some))
            scores[some] = nats.max(axis=1)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Count the tick's arrivals; minutes that ended teach what is usual."""
        arrivals = _arrivals(tick)
        some = np.flatnonzero(arrivals[:, 0])
        minute = tick.number // MINUTE
        self._first = self._first or minute
        if not len(some):
            return
        rows, added = tick.rows[some], arrivals[some].astype(np.float64)
        counts = self._counts(profiles, rows, minute)
        profiles["edge_here"][rows] = counts.here + added
        profiles["edge_lately"][rows] = counts.lately
        profiles["edge_usually"][rows] = counts.usually
        profiles["edge_minute"][rows] = minute
        self._crowd = self._crowd_at(minute)
        self._minute = minute
        settled = tick.number - profiles["first_seen"][rows] >= SETTLED
        np.add.at(self._crowd, tick.scopes[some][settled], added[settled][:, :, None])

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts came, how many were to be expected, and who they are."""
        one = tick.only(position)
        row = int(one.rows[0])
        nats, new, expected = (values[0] for values in self._judged(profiles, one))
        best = int(nats.argmax())
        since = tick.number - int(self.rise.horizons[best]) * MINUTE
        accounts = tick.accounts(profiles, position, since=since, settled_after=since)
        minutes = [f"{horizon:.0f} minutes" for horizon in self.rise.horizons]
        parts = share({name: float(n) for name, n in zip(minutes, nats, strict=True)})
        return Finding(
            summary=(
                f"{len(accounts)} accounts that are known elsewhere came to "
                f"{profiles.names[row].replace(':', ' ', 1)} for the first time within "
                f"{minutes[best]}, where {expected[best]:.1f} were to be expected."
            ),
            evidence=[
                Evidence(
                    feature=f"accounts new to the group, over {name}",
                    observed=float(new[number]),
                    expected=float(expected[number]),
                    contribution=parts[name],
                    unit="accounts",
                    note="counts fade",
                )
                for number, name in enumerate(minutes)
            ],
            onset=float(max(since, int(profiles["first_seen"][row]))),
            accounts=accounts,
        )

    def snapshot(self) -> bytes:
        """Return the arrivals at all groups."""
        return pack({"crowd": self._crowd.tolist(), "minutes": [self._minute, self._first]})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self._crowd = np.array(kept["crowd"])
        self._minute, self._first = kept["minutes"]

    def _judged(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
        """Return nats, new edges, and those expected, over each horizon, (k, horizons)."""
        minute = tick.number // MINUTE
        present, counts = self._present(profiles, tick)
        every, new = present[:, 0], present[:, 1]
        settled = tick.number - profiles["first_seen"][tick.rows] >= SETTLED
        own = np.where(settled[:, None, None], present - _arrivals(tick)[:, :, None], 0.0)
        least = every * self._part(tick.scopes, own, minute)
        ticks = minute - (self._first or minute) + 1
        expected = np.maximum(self.rise.expected(counts.usually, ticks=ticks), least)
        nats = self.rise.nats(new, counts.usually, ticks=ticks, least=least)
        nats /= 1.0 + np.maximum(new - 1.0, 0.0) * self.correlation
        nats = np.where(new >= LEAST_EDGES, nats - np.log(len(self.rise.horizons)), 0.0)
        together = np.minimum(excess(profiles, tick) / SHARING, 1.0)
        nats *= np.where(tick.scopes == TEMPLATE, together, 1.0)[:, None]
        return np.clip(nats, 0.0, MOST_NATS), new, expected

    def _present(self, profiles: Profiles, tick: Tick) -> tuple[Floats, _Counts]:
        """Return arrivals over each horizon, the tick's too, (k, 2, horizons), and those before."""
        counts = self._counts(profiles, tick.rows, tick.number // MINUTE)
        return counts.lately + (counts.here + _arrivals(tick))[:, :, None], counts

    def _part(self, scopes: NDArray[np.int8], own: Floats, minute: int) -> Floats:
        """Return the part of arrivals that is new in the other groups, (k, horizons)."""
        crowd = self._crowd_at(minute)
        usual = (crowd[:, 1, -1] + USUAL_PART * WEIGHT) / (crowd[:, 0, -1] + WEIGHT)
        others = np.maximum(crowd[scopes, :, :-1] - own, 0.0)
        part = (others[:, 1] + WEIGHT * usual[scopes, None]) / (others[:, 0] + WEIGHT)
        return np.minimum(part, 1.0)

    def _crowd_at(self, minute: int) -> Floats:
        faded = self._crowd * (1.0 - 1.0 / self._spans) ** (minute - self._minute)
        return faded if minute > self._minute else self._crowd.copy()

    def _counts(self, profiles: Profiles, rows: NDArray[np.int64], minute: int) -> _Counts:
        """Return the counts of rows as they stand in a minute, before its tick is counted."""
        before = profiles["edge_minute"][rows].astype(np.int64)
        here = profiles["edge_here"][rows].astype(np.float64)
        lately = profiles["edge_lately"][rows].astype(np.float64)
        usually = profiles["edge_usually"][rows]
        over = np.flatnonzero((before < minute) & (before > 0))
        if len(over):
            ticks = (before[over] - self._first + 1).astype(np.float64)
            elapsed = minute - before[over]
            ended = lately[over] + here[over][:, :, None]
            sums = self.rise.taught(here[over, 1], ended[:, 1], usually[over], ticks=ticks)
            every, _ = self.rise.faded(ended[:, 0], sums, elapsed=elapsed)
            new, usually[over] = self.rise.faded(ended[:, 1], sums, elapsed=elapsed)
            lately[over] = np.stack([every, new], axis=1)
            here[over] = 0.0
        return _Counts(here, lately, usually)


def _arrivals(tick: Tick) -> NDArray[np.int64]:
    return np.zeros((len(tick.rows), 2), np.int64) if tick.arrivals is None else tick.arrivals
