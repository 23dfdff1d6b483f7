"""With which client accounts come: user agent and TLS fingerprint together, as a keyed number."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.core.records import Request
from detectors.sketches.decayed import Floats, presence

Clients = NDArray[np.uint16]

#: Numbers that clients are told apart by; 0 is that of whoever says nothing of its client.
CLIENTS = 1024
#: Most common clients of a group that are counted.
SLOTS = 4
#: Seconds over which accounts fade, and after which the groups are told of them anew.
DAY, TELL = 86_400, 60
#: Accounts up to which a client is taken for one account's own.
ALONE = 1.5
#: A membership that has said a client which its group does not count.
UNCOUNTED = 65_535

#: Columns of an account or a membership, and of a group.
COLUMNS: Mapping[str, Column] = {"client": Column("uint16")}
OF_GROUPS: Mapping[str, Column] = {
    "clients": Column("uint16", (SLOTS,)),
    "client_accounts": Column("float64", (SLOTS,)),  # of each of them, within a day
    "client_said": Column("float64"),  # accounts within a day that said any client
    "client_at": Column(TICK),
}

_COUNT = np.dtype([("client", "<u2"), ("accounts", "<f4")])


def clients_of(requests: Sequence[Request], *, seed: int) -> Clients:
    """Return the number of each request's client.

    The key keeps a sender from choosing whose number to share.

    >>> made = [Request(str(n), 0.0, "a", "m", user_agent=of) for n, of in enumerate((None, "x"))]
    >>> [bool(number) for number in clients_of(made, seed=0)]
    [False, True]
    """
    numbers = _Numbers(seed)
    agents, fingerprints = [r.user_agent for r in requests], [r.ja4 for r in requests]
    found = map(numbers.__getitem__, zip(agents, fingerprints, strict=True))
    return np.fromiter(found, np.uint16, len(requests))


def read(data: bytes, accounts: int) -> Clients:
    """Return the clients of a delta's accounts; an older worker tells none."""
    return np.frombuffer(data, np.uint16) if data else np.zeros(accounts, np.uint16)


def fold_group(
    profiles: Profiles, members: Profiles, who: Rows, *, group: Rows, client: Clients, tick: int
) -> None:
    """Count the accounts of groups by client.

    A group counts its `SLOTS` most common clients.  One that has no slot wears down the weakest,
    by each account once a day, and takes it when nothing is left (a count that is never too high).

    Args:
        profiles: the groups, with the columns `OF_GROUPS`.
        members: the memberships, with the columns `COLUMNS`, as they were before the tick.
        who: (k,) rows of memberships, each once.
        group: the row of each one's group.
        client: of each one, 0 where nothing is said.
        tick: second of event time.

    References:
        Misra, Gries (1982), Finding repeated elements.
    """
    said = (client > 0) & (who != OVERFLOW) & (group != OVERFLOW)
    if not said.any():
        return
    who, group, client = who[said], group[said], client[said]
    held, seen = members["client"][who], members["last_seen"][who]
    # A group that was evicted has lost what was counted of its members.
    held[(seen < profiles["first_seen"][group]) | (members["requests"][who] == 0)] = 0
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
    profiles["client_at"][rows] = tick
    members["client"][who] = np.where(known.any(axis=1), client, UNCOUNTED)


def faded(profiles: Profiles, rows: Rows, *, tick: int) -> tuple[Floats, Floats]:
    """Return the accounts of groups by slot, and those that said any client, as of a tick."""
    fading = np.exp(-np.maximum(tick - profiles["client_at"][rows], 0) / DAY)
    counts: Floats = profiles["client_accounts"][rows] * fading[:, None]
    said: Floats = profiles["client_said"][rows] * fading
    return counts, said


class Everybody:
    """How many accounts within a day come with each client, in company or alone.

    Each source of accounts counts its own, and tells the groups once a minute.

    >>> table = Profiles(capacity=10, columns=COLUMNS)
    >>> accounts, groups, rows = Everybody(), Everybody(), table.rows_of(["a", "b"], tick=60)
    >>> accounts.fold(table, rows, rows, np.array([3, 3], np.uint16), away=rows * 10**9, tick=60)
    >>> groups.take(0, accounts.told(60), tick=60)
    >>> float(groups.counts[3])
    2.0
    """

    def __init__(self) -> None:
        self.counts = np.zeros(CLIENTS)
        self._faded_at = 0
        self._first = False  # of its minute, the tick counted last
        self._sources: dict[int, tuple[int, bytes]] = {}

    def fold(
        self,
        profiles: Profiles,
        rows: Rows,
        asking: Rows,
        client: Clients,
        *,
        away: Rows,
        tick: int,
    ) -> None:
        """Keep the last client that each account of a tick said, and count it.

        Args:
            profiles: of the accounts, with the columns `COLUMNS`.
            rows: accounts of the tick, each once.
            asking: the account of each request of the tick.
            client: of each request.
            away: seconds since each of ``rows`` was seen before.
            tick: second of event time.
        """
        before, said = profiles["client"][rows], client > 0
        profiles["client"][asking[said]] = client[said]
        now, fresh = profiles["client"][rows], presence(away, horizon=DAY)
        self._first = tick // TELL != self._faded_at // TELL
        self.counts *= np.exp(-max(tick - self._faded_at, 0) / DAY)
        self._faded_at = tick
        changed = now != before
        self.counts -= np.bincount(before, np.where(changed, 1.0 - fresh, 0.0), CLIENTS)
        self.counts += np.bincount(now, np.where(changed, 1.0, fresh), CLIENTS)
        self.counts[0] = 0.0
        np.maximum(self.counts, 0.0, out=self.counts)

    def told(self, tick: int) -> bytes:
        """Return the counts for the groups, with the first tick of a minute that had any."""
        if not self._first or tick != self._faded_at:
            return b""
        used = np.flatnonzero(self.counts)
        packed = np.empty(len(used), dtype=_COUNT)
        packed["client"], packed["accounts"] = used, self.counts[used]
        return packed.tobytes()

    def take(self, source: int, told: bytes, *, tick: int) -> None:
        """Take in what a source of accounts told, and sum over all."""
        if not told:
            return
        self._sources[source] = tick, told
        self.counts[:] = 0.0
        for _, (at, data) in sorted(self._sources.items()):
            packed = np.frombuffer(data, dtype=_COUNT)
            self.counts[packed["client"]] += packed["accounts"] * np.exp(-(tick - at) / DAY)

    @property
    def usual(self) -> float:
        """The chance that two accounts taken at random come with the same client."""
        total = float(self.counts.sum())
        return float((self.counts**2).sum()) / max(total * total, 1e-9)

    def as_rare(self, counts: Floats) -> Floats:
        """Return how many accounts come with clients that have no more than so many each.

        What one account alone has, a script of its own say, is no client that a group might share.
        """
        ordered = np.sort(self.counts[self.counts > ALONE])
        below = np.concatenate([[0.0], np.cumsum(ordered)])
        found: Floats = below[np.searchsorted(ordered, counts, side="right")]
        return found

    def snapshot(self) -> list[Any]:
        """Return what was counted or told."""
        used = np.flatnonzero(self.counts)
        counts = [used.tolist(), self.counts[used].tolist()]
        return [*counts, self._faded_at, self._first, sorted(self._sources.items())]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        used, counts, self._faded_at, self._first, sources = state
        self.counts[used] = counts
        self._sources = {source: tuple(told) for source, told in sources}


class _Numbers(dict[tuple[str | None, str | None], int]):
    def __init__(self, seed: int) -> None:
        super().__init__({(None, None): 0, ("", ""): 0, ("", None): 0, (None, ""): 0})
        self._seed = seed

    def __missing__(self, named: tuple[str | None, str | None]) -> int:
        text = "\n".join(part or "" for part in named)
        digest = xxhash.xxh3_64_intdigest(text.encode(), self._seed)
        number = self[named] = digest % (CLIENTS - 1) + 1
        return number


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
