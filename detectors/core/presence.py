"""Who is there: the accounts of a group as counts that fade, and the egresses they come through."""

import numpy as np
from numpy.typing import NDArray

from detectors.core.population import HORIZON, HOUR, NOW, YOUNG
from detectors.core.profiles import TICK, Column, Profiles, Rows
from detectors.sketches import decayed, distinct
from detectors.sketches.mixture import SLOTS

Hashes = NDArray[np.uint64]

COLUMNS = {
    "folded_at": Column(TICK),
    "active": Column("float64"),  # accounts within HORIZON
    "active_now": Column("float64"),  # accounts NOW
    "present": Column("float64"),  # accounts within an HOUR
    "young": Column("float64"),  # of them, younger than a day
    "moved": Column("float32", (SLOTS,)),  # accounts that moved within HORIZON
    "moved_now": Column("float32", (SLOTS,)),  # accounts that moved NOW
    "moved_hour": Column("float32", (SLOTS,)),  # accounts that moved within an HOUR
    "egress_bits": Column("uint64", (2, 8)),  # members' egresses: in this hour, in the one before
    "pair_bits": Column("uint64", (2, 8)),  # members and their egresses, likewise
    "egress_hour": Column(TICK),
}
#: Over how many seconds the counts fade.
FADING = {
    "active": HORIZON,
    "moved": HORIZON,
    "active_now": NOW,
    "moved_now": NOW,
    "present": HOUR,
    "young": HOUR,
    "moved_hour": HOUR,
}
_ODD, _HALF = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(32)


def fold(
    profiles: Profiles, rows: Rows, *, group: Rows, away: Rows, born: Rows, tick: int
) -> NDArray[np.float64]:
    """Let the counts of groups fade, and count members that were seen.

    Args:
        profiles: of the groups.
        rows: groups that changed.
        group: of each member, one of them.
        away: seconds since each member was seen there before.
        born: second in which each member's account was born.
        tick: second of event time.

    Returns:
        how much each member adds to the accounts within an hour.
    """
    elapsed = tick - profiles["folded_at"][rows]
    for column, horizon in FADING.items():
        fading = decayed.fade(profiles[column][rows], elapsed=elapsed, horizon=horizon)
        profiles[column][rows] = fading
    profiles["folded_at"][rows] = tick
    present = decayed.presence(away, horizon=HOUR)
    np.add.at(profiles["active"], group, decayed.presence(away, horizon=HORIZON))
    np.add.at(profiles["active_now"], group, decayed.presence(away, horizon=NOW))
    np.add.at(profiles["present"], group, present)
    np.add.at(profiles["young"], group, present * (tick - born < YOUNG))
    return present


def fold_moves(profiles: Profiles, *, members: Rows, models: Rows, groups: Rows) -> None:
    """Count members that moved to a model, each once."""
    moves = np.unique(np.stack([members, models, groups], axis=1), axis=0)
    for column in ("moved", "moved_now", "moved_hour"):
        np.add.at(profiles[column], (moves[:, 2], moves[:, 1]), 1.0)


def fold_egresses(
    profiles: Profiles, rows: Rows, *, groups: Rows, accounts: Hashes, egresses: Hashes, tick: int
) -> None:
    """Mark the egresses through which accounts came to groups, and the pairs of both.

    Args:
        profiles: of the groups.
        rows: groups that changed.
        groups: of each account seen, one of them.
        accounts: keyed hashes.
        egresses: keyed hashes.
        tick: second of event time.
    """
    hours = profiles["egress_hour"]
    passed = tick // 3600 - hours[rows]
    over = rows[passed > 0]
    next_hour = (passed == 1)[passed > 0, None]
    hours[rows] = tick // 3600
    pairs = (accounts ^ egresses) * _ODD >> _HALF
    for column, hashes in (("egress_bits", egresses), ("pair_bits", pairs)):
        bits = profiles[column]
        bits[over, 1] = np.where(next_hour, bits[over, 0], 0)
        bits[over, 0] = 0
        distinct.mark(bits[:, 0], groups, hashes)


def present(profiles: Profiles, rows: Rows, *, tick: int) -> NDArray[np.float64]:
    """Return the accounts within an hour of groups, as of a tick, changing nothing."""
    elapsed = tick - profiles["folded_at"][rows]
    return decayed.fade(profiles["present"][rows], elapsed=elapsed, horizon=HOUR)
