"""When the members of a group come, and how much each asks: counted as the ticks pass."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.beat import BIN, QUIET, Beat, passed
from detectors.core.numbering import numbered
from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.sketches.evenness import BUCKETS, bucket_of
from detectors.sketches.pairs import together

Ints = NDArray[np.int64]

#: Windows in which members' counts are compared, in seconds; of requests, and of starts.
WINDOWS = np.array([3600, 86_400])
MEASURES = 2
#: Bins of a block, and members that one of them counts at most.
BINS, MOST_IN_BIN = 30, np.iinfo(np.uint16).max


class Series(NamedTuple):
    """Members counted in the bins of a block."""

    kind: int  # of `Beat`: 0 every member that is there in a bin, 1 those that start
    width: int  # seconds of a bin
    name: str


SERIES = (
    Series(0, 2, "members in the same two seconds"),
    Series(1, 2, "members starting in the same two seconds"),
    Series(1, 10, "members starting in the same ten seconds"),
)
WIDTHS = np.array([series.width for series in SERIES])
KINDS = np.array([series.kind for series in SERIES])
#: Seconds of a block of each series.
LENGTHS = BINS * WIDTHS
_NUMBERS = np.arange(len(SERIES))

#: Columns of an account, of a membership, and of a group.
OF_ACCOUNTS = {
    "asked_window": Column("int32", (len(WINDOWS),)),
    "asked": Column("int32", (len(WINDOWS), MEASURES)),  # under whatever group
}
OF_MEMBERS = {
    "cadence_window": Column("int32", (len(WINDOWS),)),
    "cadence_asked": Column("int32", (len(WINDOWS), MEASURES)),  # as entered in the group
}
OF_GROUPS = {
    "cadence_window": Column("int32", (len(WINDOWS),)),
    "cadence_members": Column("int32", (len(WINDOWS), MEASURES, BUCKETS)),  # by what they asked
    "cadence_block": Column("int32", (len(SERIES),)),  # number of the block in progress
    "cadence_bins": Column("uint16", (len(SERIES), BINS)),
    "cadence_closed_at": Column(TICK, (len(SERIES),)),  # tick at which a block was closed
    "cadence_shared": Column("float32", (len(SERIES),)),  # pairs of that block in the same bin
    "cadence_chance": Column("float32", (len(SERIES),)),  # how many were to be expected
    "cadence_hours": Column("float32", (24,)),  # starts by hour of the day, older days halved
    "cadence_hour": Column(TICK),
}


def count(
    profiles: Profiles, rows: Rows, *, requests: Ints, away: Ints, tick: int
) -> NDArray[np.int32]:
    """Add a tick to what accounts asked, and return it, (k, windows, measures).

    A balancer feeds accounts, and spreads what each does over egresses and templates: only all
    that an account does shows how even its part is.

    Args:
        profiles: the accounts, with the columns `OF_ACCOUNTS`.
        rows: those seen, each once.
        requests: of each.
        away: for how many seconds each was not seen.
        tick: second of event time.
    """
    windows = tick // WINDOWS
    stale = profiles["asked_window"][rows] != windows
    before = np.where(stale[:, :, None], 0, profiles["asked"][rows])
    added = np.array([requests, away >= QUIET], dtype=np.int32).T
    now: NDArray[np.int32] = before + added[:, None, :]
    profiles["asked"][rows] = now
    profiles["asked_window"][rows] = windows
    return now


def asked(data: bytes, accounts: int) -> NDArray[np.int32]:
    """Read what `count` returned from its bytes; nothing at all stands for zeros."""
    shape = (accounts, len(WINDOWS), MEASURES)
    if not data:
        return np.zeros(shape, dtype=np.int32)
    return np.frombuffer(data, dtype=np.int32).reshape(shape)


def fold(
    profiles: Profiles,
    members: Profiles,
    who: Rows,
    *,
    rows: Rows,
    where: Ints,
    away: Ints,
    asked: NDArray[np.int32],
    tick: int,
    beat: Beat,
) -> None:
    """Add a tick to the counts of members and groups.

    Args:
        profiles: the groups, with the columns `OF_GROUPS`.
        members: the memberships, with the columns `OF_MEMBERS`.
        who: rows of memberships that were seen, each once.
        rows: those of their groups, in ascending order.
        where: position of each one's group among them.
        away: for how many seconds each was not seen in the group.
        asked: what each account asked in the windows, (k, windows, measures).
        tick: second of event time.
        beat: when accounts outside of groups come.
    """
    known = (who != OVERFLOW) & (rows != OVERFLOW)[where]
    if not known.all():
        who, away, asked = who[known], away[known], asked[known]
        rows, where = numbered(rows[where[known]])
    starts = away >= QUIET
    begun = np.bincount(where, weights=starts, minlength=len(rows)).astype(np.int64)
    _fold_shares(profiles, members, who, rows, where, away, asked, tick)
    first = away >= tick % BIN + 1  # not yet seen in this bin
    here = np.bincount(where, weights=first, minlength=len(rows)).astype(np.int64)
    _fold_blocks(profiles, rows, np.array([here, begun]), tick, beat)
    hours = profiles["cadence_hour"]
    turned = rows[hours[rows] != tick // 3600]
    if len(turned):
        halved = np.where(passed(hours[turned], tick // 3600), 0.5, 1.0)
        profiles["cadence_hours"][turned] *= halved
        hours[turned] = tick // 3600
    profiles["cadence_hours"][rows, tick // 3600 % 24] += begun


def _fold_shares(
    profiles: Profiles,
    members: Profiles,
    who: Rows,
    rows: Rows,
    where: Ints,
    away: Ints,
    asked: NDArray[np.int32],
    tick: int,
) -> None:
    windows, group = tick // WINDOWS, rows[where]
    histogram = profiles["cadence_members"]
    over, window = np.nonzero(profiles["cadence_window"][rows] != windows)
    if len(over):
        histogram[rows[over], window] = 0
        profiles["cadence_window"][rows] = windows
    # A group that was evicted has lost what its members' counts were entered in.
    lost = tick - away < profiles["first_seen"][group]
    stale = (members["cadence_window"][who] != windows) | lost[:, None]
    before = np.where(stale[:, :, None], 0, members["cadence_asked"][who])
    members["cadence_asked"][who] = asked
    members["cadence_window"][who] = windows
    old, new = bucket_of(before), bucket_of(asked)
    change = old != new
    base = group[:, None, None] * len(WINDOWS) + np.arange(len(WINDOWS))[:, None]
    base = (base * MEASURES + np.arange(MEASURES)) * BUCKETS
    flat = histogram.reshape(-1)
    one = flat.dtype.type(1)  # of another type it would cost fifteen times as much
    np.add.at(flat, (base + new)[change & (new >= 0)], one)
    np.subtract.at(flat, (base + old)[change & (old >= 0)], one)


def _fold_blocks(profiles: Profiles, rows: Rows, counts: Ints, tick: int, beat: Beat) -> None:
    bins, blocks = profiles["cadence_bins"], tick // LENGTHS
    ended = profiles["cadence_block"][rows] != blocks
    if ended.any():
        for number, series in enumerate(SERIES):
            over = rows[ended[:, number]]
            if len(over):
                _close(profiles, over, number, series, tick, beat)
                bins[over, number] = 0
        profiles["cadence_block"][rows] = blocks
    places = rows[:, None], _NUMBERS, tick % LENGTHS // WIDTHS
    bins[places] = np.minimum(bins[places] + counts[KINDS].T, MOST_IN_BIN)


def _close(
    profiles: Profiles, rows: Rows, number: int, series: Series, tick: int, beat: Beat
) -> None:
    """Count the pairs of blocks that have ended."""
    own = profiles["cadence_bins"][rows, number].astype(np.int64)
    some = own.sum(axis=1) >= 2
    rows, own = rows[some], own[some]
    if len(rows):
        begins = profiles["cadence_block"][rows, number].astype(np.int64) * BINS * series.width
        others = beat.block(begins, kind=series.kind, bins=BINS, width=series.width)
        shared, chance = together(own, others)
        profiles["cadence_shared"][rows, number] = shared
        profiles["cadence_chance"][rows, number] = chance
        profiles["cadence_closed_at"][rows, number] = tick
