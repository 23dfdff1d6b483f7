"""With which client accounts come: user agent and TLS fingerprint together, as a keyed number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.core.records import Delta, Request
from detectors.sketches.decayed import Floats, presence

Clients = NDArray[np.uint16]

#: Numbers that clients are told apart by; 0 is that of whoever says nothing of its client.
CLIENTS = 4096
#: Most common clients of a group that are counted.
SLOTS = 4
#: Seconds over which accounts fade.
DAY = 86_400
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


def clients_of(requests: Iterable[Request], *, seed: int) -> Clients:
    """Return the number of each request's client.

    The key keeps a sender from choosing whose number to share.

    >>> made = [Request(str(n), 0.0, "a", "m", user_agent=of) for n, of in enumerate((None, "x"))]
    >>> [bool(number) for number in clients_of(made, seed=0)]
    [False, True]
    """
    numbers = _Numbers(seed)
    named = [(request.user_agent, request.ja4) for request in requests]
    return np.fromiter(map(numbers.__getitem__, named), np.uint16, len(named))


def fold(profiles: Profiles, rows: Rows, client: Clients) -> None:
    """Keep the last client that each account said; ``rows`` and ``client`` are of requests."""
    said = client > 0
    profiles["client"][rows[said]] = client[said]


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


@dataclass(slots=True, kw_only=True)
class Everybody:
    """How many accounts within a day come with each client, in company or alone."""

    counts: Floats = field(default_factory=lambda: np.zeros(CLIENTS))
    faded_at: int = 0

    def add(self, deltas: Iterable[Delta], *, tick: int) -> None:
        """Count the accounts that deltas tell of."""
        self.counts *= np.exp(-(tick - self.faded_at) / DAY)
        self.faded_at = tick
        for delta in deltas:
            away = np.frombuffer(delta.away, np.uint32).astype(np.int64)
            client = read(delta.client, len(away))
            told = np.minimum(client, CLIENTS - 1)
            self.counts += np.bincount(told, presence(away, horizon=DAY), CLIENTS)
        self.counts[0] = 0.0

    @property
    def usual(self) -> float:
        """The chance that two accounts taken at random come with the same client."""
        total = float(self.counts.sum())
        return float((self.counts**2).sum()) / max(total * total, 1e-9)

    def choices(self, counts: Floats) -> Floats:
        """Return how many clients are about as rare as one with so many accounts.

        It is what all clients that are no more common have together, in clients such as this.
        """
        ordered = np.sort(self.counts[self.counts > 0])
        below = np.concatenate([[0.0], np.cumsum(ordered)])
        mass = below[np.searchsorted(ordered, counts, side="right")]
        found: Floats = np.maximum(mass / np.maximum(counts, 1.0), 1.0)
        return found

    def snapshot(self) -> list[Any]:
        """Return the counts that are not zero."""
        used = np.flatnonzero(self.counts)
        return [self.faded_at, used.tolist(), self.counts[used].tolist()]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self.faded_at, used, counts = state
        self.counts[used] = counts


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
