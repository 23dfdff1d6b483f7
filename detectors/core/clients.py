"""With which client accounts come: user agent and TLS fingerprint together, as a keyed number."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.sketches.decayed import Floats, presence

Clients = NDArray[np.uint16]

#: Numbers that clients are told apart by; 0 is that of whoever says nothing of its client.
CLIENTS = 1024
#: Most common clients of a group that are counted.
SLOTS = 4
#: Seconds over which accounts fade; after which an account's client is looked at again; and after
#: which organisations are counted anew.
DAY, AGAIN, LOOK = 86_400, 60, 600
#: A membership that has said a client which its group does not count.
UNCOUNTED = 65_535
#: Names of clients whose numbers are remembered.
REMEMBERED = 4096

#: Columns of an account or a membership, and of a group.
COLUMNS: Mapping[str, Column] = {"client": Column("uint16"), "client_at": Column(TICK)}
OF_GROUPS: Mapping[str, Column] = {
    "clients": Column("uint16", (SLOTS,)),
    "client_accounts": Column("float64", (SLOTS,)),  # of each of them, within a day
    "client_said": Column("float64"),  # accounts within a day that said any client
    "client_told": Column(TICK),
}


class Named(dict[tuple[str | None, str | None], int]):
    """The number of each client, by user agent and TLS fingerprint.

    The key keeps a sender from choosing whose number to share.

    >>> named = Named(seed=0)
    >>> named[None, None], named["app/1", None] > 0
    (0, True)
    """

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def __missing__(self, client: tuple[str | None, str | None]) -> int:
        """Number a client, and remember it."""
        if len(self) >= REMEMBERED:
            self.clear()
        text = "\n".join(part or "" for part in client)
        digest = xxhash.xxh3_64_intdigest(text.encode(), self._seed)
        number = self[client] = digest % (CLIENTS - 1) + 1 if len(text) > 1 else 0
        return number


def fold(
    profiles: Profiles,
    rows: Rows,
    last: Rows,
    *,
    agents: Sequence[str | None],
    fingerprints: Sequence[str | None],
    named: Named,
    tick: int,
) -> None:
    """Keep with which client accounts came last, looking once in `AGAIN` at each.

    Args:
        profiles: of the accounts, with the columns `COLUMNS`.
        rows: accounts of a tick, each once.
        last: position of each one's last request.
        agents: user agent of each request.
        fingerprints: TLS fingerprint of each.
        named: numbers of clients.
        tick: second of event time.
    """
    due = np.flatnonzero(tick - profiles["client_at"][rows] >= AGAIN)
    if not len(due):
        return
    found = [named[agents[at], fingerprints[at]] for at in last[due].tolist()]
    client = np.array(found, dtype=np.uint16)
    looked, said = rows[due], client > 0
    profiles["client"][looked[said]] = client[said]
    profiles["client_at"][looked] = tick


def read(data: bytes, accounts: int) -> Clients:
    """Return the clients of a delta's accounts, 0 where it tells none."""
    return np.frombuffer(data, np.uint16) if data else np.zeros(accounts, np.uint16)


def fold_group(
    profiles: Profiles, members: Profiles, who: Rows, *, group: Rows, client: Clients, tick: int
) -> None:
    """Count the accounts of groups by client.

    A group counts its `SLOTS` most common clients, each account with the one that it came with
    last, looked at once in `AGAIN`.  A client that has no slot wears down the weakest, by each
    account once a day, and takes it when nothing is left (a count that is never too high).

    Args:
        profiles: the groups, with the columns `OF_GROUPS`.
        members: the memberships, with the columns `COLUMNS`.
        who: (k,) rows of memberships, each once.
        group: the row of each one's group.
        client: of each one, 0 where nothing is said.
        tick: second of event time.

    References:
        Misra, Gries (1982), Finding repeated elements.
    """
    due = (client > 0) & (tick - members["client_at"][who] >= AGAIN)
    due &= (who != OVERFLOW) & (group != OVERFLOW)
    if not due.any():
        return
    who, group, client = who[due], group[due], client[due]
    held, seen = members["client"][who], members["client_at"][who]
    # A group that was evicted has lost what was counted of its members.
    held[seen < profiles["first_seen"][group]] = 0
    fresh = np.where(held > 0, presence(np.maximum(tick - seen, 0), horizon=DAY), 1.0)
    rows, which = np.unique(group, return_inverse=True)
    counts, total = faded(profiles, rows, tick=tick)
    slots = profiles["clients"][rows]
    left, slot = np.nonzero((slots[which] == held[:, None]) & (held != client)[:, None])
    np.subtract.at(counts, (which[left], slot), 1.0 - fresh[left])
    np.maximum(counts, 0.0, out=counts)
    known = slots[which] == client[:, None]
    lacking = np.flatnonzero(~known.any(axis=1))
    if len(lacking):
        _make_room(slots, counts, which[lacking], client[lacking], fresh[lacking])
        known = slots[which] == client[:, None]
    here, slot = np.nonzero(known)
    np.add.at(counts, (which[here], slot), np.where(held == client, fresh, 1.0)[here])
    profiles["clients"][rows], profiles["client_accounts"][rows] = slots, counts
    profiles["client_said"][rows] = total + np.bincount(which, fresh, len(rows))
    profiles["client_told"][rows] = tick
    members["client"][who] = np.where(known.any(axis=1), client, UNCOUNTED)
    members["client_at"][who] = tick


def faded(profiles: Profiles, rows: Rows, *, tick: int) -> tuple[Floats, Floats]:
    """Return the accounts of groups by slot, and those that said any client, as of a tick."""
    fading = np.exp(-np.maximum(tick - profiles["client_told"][rows], 0) / DAY)
    counts: Floats = profiles["client_accounts"][rows] * fading[:, None]
    said: Floats = profiles["client_said"][rows] * fading
    return counts, said


class Organisations:
    """How many organisations come with each client.

    Accounts that come with one client and share groups, directly or over others, are one: whoever
    decided on it decided once, so neither an office nor a campaign makes its client a popular one
    by its own size.  An account without company is one too.  Counted is what was seen in a day.

    References:
        Kish (1965), Survey sampling (what is drawn in clusters counts by clusters).

    >>> organisations = Organisations()
    >>> account, group = np.array([1, 2, 2, 3], np.uint64), np.array([7, 7, 8, 8])
    >>> organisations.count(np.full(4, 5), account, group, np.array([5]), np.array([9], np.uint64))
    >>> float(organisations.counts[5]), float(organisations.accounts[5])
    (2.0, 4.0)
    """

    def __init__(self) -> None:
        self.counts = np.zeros(CLIENTS)
        self.accounts = np.zeros(CLIENTS)
        self._below = np.zeros(1)
        self._looked_at = 0

    def look(self, members: Profiles, tied_since: Floats, singles: Profiles, *, tick: int) -> None:
        """Count anew, unless that is not long ago.

        Args:
            members: memberships, with the columns `COLUMNS`.
            tied_since: tick since when each group has its row, infinite for those that do not make
                their accounts one: a membership that is older is of the group before.
            singles: accounts without company, with their clients.
            tick: second of event time.
        """
        self._looked_at = self._looked_at or tick  # at first there is too little to see
        if tick - self._looked_at < LOOK:
            return
        self._looked_at = tick
        client, seen = members["client"], members["client_at"]
        rows = np.flatnonzero((client > 0) & (client < CLIENTS))
        rows = rows[(seen[rows] >= tied_since[members["group"][rows]]) & (tick - seen[rows] < DAY)]
        alone = singles.live
        alone = alone[(singles["client"][alone] > 0) & (tick - singles["last_seen"][alone] < DAY)]
        self.count(
            client[rows].astype(np.int64),
            members["account"][rows],
            members["group"][rows].astype(np.int64),
            singles["client"][alone].astype(np.int64),
            singles["account"][alone],
        )

    def count(
        self,
        client: NDArray[np.int64],
        account: NDArray[np.uint64],
        group: NDArray[np.int64],
        alone: NDArray[np.int64],
        singles: NDArray[np.uint64],
    ) -> None:
        """Count from memberships, the client, account and group of each; and from singles."""
        every = np.concatenate([client, alone])
        # One account that has changed its client is two here.
        who = np.concatenate([account, singles]) ^ (every.astype(np.uint64) << np.uint64(48))
        _, first, which = np.unique(who, return_index=True, return_inverse=True)
        together, group = np.unique(group * CLIENTS + client, return_inverse=True)
        nodes = len(first) + len(together)
        edges = which[: len(client)], len(first) + group
        graph = coo_array((np.ones(len(client), dtype=np.int8), edges), shape=(nodes, nodes))
        _, part = connected_components(graph, directed=False)
        _, one = np.unique(part[: len(first)], return_index=True)
        having = every[first]
        self.accounts = np.bincount(having, minlength=CLIENTS).astype(np.float64)
        self.counts = np.bincount(having[one], minlength=CLIENTS).astype(np.float64)
        self._sum()

    @property
    def usual(self) -> float:
        """The chance that two organisations taken at random come with the same client."""
        total = float(self.counts.sum())
        return float((self.counts**2).sum()) / max(total * total, 1e-9)

    def as_rare(self, counts: Floats) -> Floats:
        """Return how many organisations come with clients that have no more than so many each.

        What one account alone has, a script of its own say, is no client that a group might share.
        """
        found: Floats = self._below[np.minimum(counts, len(self._below) - 1).astype(np.int64)]
        return found

    def snapshot(self) -> list[Any]:
        """Return what was counted, and when."""
        used = np.flatnonzero(self.accounts)
        counts = [self.counts[used].tolist(), self.accounts[used].tolist()]
        return [self._looked_at, used.tolist(), *counts]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self._looked_at, used, counts, accounts = state
        self.counts[used], self.accounts[used] = counts, accounts
        self._sum()

    def _sum(self) -> None:
        counts = self.counts[self.accounts > 1].astype(np.int64)
        self._below = np.cumsum(np.bincount(counts, weights=counts, minlength=1))


def _make_room(
    slots: Clients, counts: Floats, which: Rows, client: Clients, weight: Floats
) -> None:
    """Let the client that most accounts bring to each group contend for its weakest slot."""
    keys, where = np.unique(which * CLIENTS + client, return_inverse=True)
    weights = np.bincount(where, weight, len(keys))
    order = np.lexsort((-weights, keys // CLIENTS))
    _, first = np.unique(keys[order] // CLIENTS, return_index=True)
    best = order[first]
    group, client = keys[best] // CLIENTS, (keys[best] % CLIENTS).astype(np.uint16)
    weakest = counts[group].argmin(axis=1)
    remaining = counts[group, weakest] - weights[best]
    counts[group, weakest] = np.maximum(remaining, 0.0)
    won = remaining < 0
    slots[group[won], weakest[won]] = client[won]
