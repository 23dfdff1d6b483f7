"""What entities are after, counted so that nobody counts more than once."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.core.numbering import numbered
from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.sketches.decayed import Floats, fade
from detectors.text.capability import CAPABILITIES, ORDINARY

Ints = NDArray[np.int64]
Counts = NDArray[np.int32]

KINDS = len(CAPABILITIES)
#: Seconds over which what was asked for fades, lately and as a rule: half-lives of half an hour
#: and of a day.
LATELY, USUALLY = 1800 / float(np.log(2)), 86_400 / float(np.log(2))
HORIZONS = (LATELY, USUALLY)
#: An entity is after what so large a part of it is after, and so many requests or accounts.
PART, LEAST_REQUESTS, LEAST_ACCOUNTS = 0.2, 3.0, 1.5

#: Columns of an account, of a membership, and of a group.
OF_ACCOUNTS: Mapping[str, Column] = {
    "after": Column("float32", (1, KINDS)),  # requests, over `USUALLY`
    "after_at": Column(TICK),
}
OF_MEMBERS: Mapping[str, Column] = {
    "after": Column("float32", (2, KINDS)),  # requests, over `HORIZONS`
    "after_at": Column(TICK),
}
OF_GROUPS: Mapping[str, Column] = {
    "after": Column("float32", (2, KINDS)),  # accounts, over `HORIZONS`
    "after_at": Column(TICK),
}

_LINK = np.dtype([("link", "<u4"), ("code", "u1"), ("count", "<u4")])


def fold(
    profiles: Profiles, rows: Rows, counts: Ints | Counts, *, tick: int
) -> NDArray[np.float32]:
    """Add a tick to what accounts asked for, and return by how much their votes changed.

    An account's vote is its counts over one more than their sum: one at most, and less while
    little is known.  What it voted before has faded since in whatever it was added to, and is taken
    back.

    Args:
        profiles: accounts or memberships, with the column ``after``.
        rows: (k,) rows, each once.
        counts: (k, KINDS) requests by capability.
        tick: second of event time.

    Returns:
        (k, horizons, KINDS) changes.
    """
    horizons = HORIZONS[-profiles["after"].shape[1] :]
    elapsed = np.maximum(tick - profiles["after_at"][rows], 0)
    fading = np.exp(-elapsed[:, None] / np.array(horizons)).astype(np.float32)[:, :, None]
    before = profiles["after"][rows]
    voted = before.sum(axis=2, keepdims=True) + np.float32(1.0)
    before *= fading
    after = before + counts.astype(np.float32)[:, None, :]
    profiles["after"][rows] = after
    profiles["after_at"][rows] = tick
    # In single precision, as what is stored: a hundred thousand changes are off by 1e-5 in all.
    after /= after.sum(axis=2, keepdims=True) + np.float32(1.0)
    before /= voted
    after -= before
    return after


def fold_group(
    profiles: Profiles,
    members: Profiles,
    who: Rows,
    *,
    group: Rows,
    counts: Ints | Counts,
    tick: int,
) -> None:
    """Add a tick to what the accounts of groups are after.

    Args:
        profiles: the groups, with the columns `OF_GROUPS`.
        members: the memberships, with the columns `OF_MEMBERS`.
        who: (k,) rows of memberships, each once.
        group: the row of each one's group.
        counts: (k, KINDS) requests by capability.
        tick: second of event time.
    """
    said = counts.any(axis=1) & (who != OVERFLOW) & (group != OVERFLOW)
    who, group, counts = who[said], group[said], counts[said]
    # A group that was evicted has lost what its members had voted.
    lost = members["after_at"][who] < profiles["first_seen"][group]
    if lost.any():
        members["after"][who[lost]] = 0.0
    changes = fold(members, who, counts, tick=tick)
    rows, which = numbered(group)
    held = faded(profiles, rows, tick=tick)
    size = held[:1].size
    keys = which[:, None] * size + np.arange(size)
    held += np.bincount(keys.ravel(), changes.ravel(), held.size).reshape(held.shape)
    profiles["after"][rows] = np.maximum(held, 0.0)
    profiles["after_at"][rows] = tick


def faded(profiles: Profiles, rows: Rows, *, tick: int) -> Floats:
    """Return what rows are after as it stands at a tick, (k, horizons, KINDS)."""
    held = profiles["after"][rows].astype(np.float64)
    elapsed = np.maximum(tick - profiles["after_at"][rows], 0)
    horizons = np.array(HORIZONS[-held.shape[1] :])
    now: Floats = held * np.exp(-elapsed[:, None] / horizons)[:, :, None]
    return now


def fade_mix(mix: Floats, *, elapsed: float) -> Floats:
    """Return a count of accounts by capability as it stands after so many seconds."""
    now: Floats = fade(mix[None, :], elapsed=np.array([elapsed]), horizon=USUALLY)[0]
    return now


def is_after(counts: NDArray[np.float32], code: int) -> NDArray[np.bool_]:
    """Say of which entities a capability is a good part of what they are after."""
    after: NDArray[np.bool_] = counts[:, code] > PART * np.maximum(counts.sum(axis=1), 1e-9)
    return after


def summed(counts: Counts | None, where: Rows, rows: int) -> Ints | None:
    """Return (rows, KINDS) sums of counts by where they are, or None where nothing tells."""
    if counts is None:
        return None
    link, code = np.nonzero(counts)
    sums = np.bincount(where[link] * KINDS + code, counts[link, code], rows * KINDS)
    found: Ints = sums.astype(np.int64).reshape(rows, KINDS)
    return found


def dominant(profiles: Profiles, row: int, *, least: float) -> str | None:
    """Return what else than the ordinary an entity is mostly after, or None.

    Args:
        profiles: with the column ``after``.
        row: of the entity.
        least: requests, or accounts, of it.
    """
    after = profiles["after"][row, -1].astype(np.float64)
    best = ORDINARY + 1 + int(after[ORDINARY + 1 :].argmax())
    enough = after[best] >= max(PART * float(after.sum()), least)
    return CAPABILITIES[best] if enough else None


def count(codes: NDArray[np.int8], where: Rows, rows: int) -> Ints | None:
    """Return (rows, KINDS) how many with each code are where, or None where nothing tells.

    >>> count(np.array([2, -1], dtype=np.int8), np.array([0, 1]), 2).sum(axis=1).tolist()
    [1, 0]
    """
    said = codes >= 0
    if not said.any():
        return None
    counts: Ints = np.bincount(where[said] * KINDS + codes[said], minlength=rows * KINDS)
    return counts.reshape(rows, KINDS)


def or_none_said(counts: Ints | None, rows: int) -> Ints:
    """Return the counts, or as many zeros that take no room.

    >>> or_none_said(None, 3).any(axis=1).tolist()
    [False, False, False]
    """
    return np.broadcast_to(np.int64(0), (rows, KINDS)) if counts is None else counts


def pack_links(counts: Ints) -> bytes:
    """Return (n, KINDS) counts of links as bytes: nothing where there is nothing.

    >>> counts = np.zeros((3, KINDS), dtype=np.int64)
    >>> counts[1, 2] = 5
    >>> len(pack_links(counts)), unpack_links(pack_links(counts), 3)[1, 2]
    (9, np.int32(5))
    """
    link, code = np.nonzero(counts)
    packed = np.empty(len(link), dtype=_LINK)
    packed["link"], packed["code"], packed["count"] = link, code, counts[link, code]
    return packed.tobytes()


def unpack_links(data: bytes, links: int) -> Counts | None:
    """Undo `pack_links`; None where there is nothing."""
    if not data:
        return None
    packed = np.frombuffer(data, dtype=_LINK)
    counts = np.zeros((links, KINDS), dtype=np.int32)
    counts[packed["link"], packed["code"]] = packed["count"]
    return counts


def joined(parts: Sequence[tuple[int, Counts | None]]) -> Counts | None:
    """Return the counts of several runs of links, of which each is so long, as one."""
    if all(counts is None for _, counts in parts):
        return None
    return np.concatenate(
        [np.zeros((size, KINDS), np.int32) if c is None else c for size, c in parts]
    )
