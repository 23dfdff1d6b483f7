"""Who is there: the accounts of a group as counts that fade, and the egresses they come through."""

import numpy as np
from numpy.typing import NDArray

from detectors.core.population import DAY, HORIZON, HOUR, NOW, YOUNG
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
    "present_day": Column("float64"),  # accounts within a DAY
    "young_day": Column("float64"),  # of them, younger than a day when they were seen
    "moved": Column("float32", (SLOTS,)),  # accounts that moved within HORIZON
    "moved_now": Column("float32", (SLOTS,)),  # accounts that moved NOW
    "moved_hour": Column("float32", (SLOTS,)),  # accounts that moved within an HOUR
    # Members' egresses, members with their egresses, and egresses to which a second member came:
    # since `mesh_since`, and in the stretch before.  Templates alone have them.
    "egress_bits": Column("uint64", (2, 8)),
    "pair_bits": Column("uint64", (2, 8)),
    "again_bits": Column("uint64", (2, 8)),
    # How many egresses of each stretch look met at only because others had set their bit.
    "mistaken": Column("float32", (2,)),
    "mesh_since": Column(TICK, (2,)),
}
#: Seconds after which a stretch of egresses ends, and set bits of 512 above which it ends earlier,
#: as they cannot be told from each other any more.
STRETCH, FULL = 12 * 3600, 96
#: The counts that fade, by seconds.
FADING = {
    HORIZON: ("active", "moved"),
    NOW: ("active_now", "moved_now"),
    HOUR: ("present", "young", "moved_hour"),
    DAY: ("present_day", "young_day"),
}
#: The columns of accounts that moved, by model slot.
MOVES = ("moved", "moved_now", "moved_hour")
#: The columns of a group's mesh.
MESH = ("egress_bits", "pair_bits", "again_bits")
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
    for horizon, columns in FADING.items():
        factor = np.exp(-elapsed / horizon)
        for column in columns:
            counts = profiles[column]
            counts[rows] *= factor if counts.ndim == 1 else factor[:, None]
    profiles["folded_at"][rows] = tick
    present, today = (decayed.presence(away, horizon=horizon) for horizon in (HOUR, DAY))
    young = tick - born < YOUNG
    np.add.at(profiles["active"], group, decayed.presence(away, horizon=HORIZON))
    np.add.at(profiles["active_now"], group, decayed.presence(away, horizon=NOW))
    np.add.at(profiles["present"], group, present)
    np.add.at(profiles["young"], group, present * young)
    np.add.at(profiles["present_day"], group, today)
    np.add.at(profiles["young_day"], group, today * young)
    return present


def fold_moves(profiles: Profiles, *, members: Rows, models: Rows, groups: Rows) -> None:
    """Count members that moved to a model, each once."""
    if not len(members):
        return
    moves = np.unique(np.stack([members, models, groups], axis=1), axis=0)
    for column in MOVES:
        np.add.at(profiles[column], (moves[:, 2], moves[:, 1]), 1.0)


def forget_moves(profiles: Profiles, slot: int) -> None:
    """Forget who moved to a model slot that from now on means another model."""
    for column in MOVES:
        profiles[column][:, slot] = 0


def fold_egresses(
    profiles: Profiles, rows: Rows, *, groups: Rows, accounts: Hashes, egresses: Hashes, tick: int
) -> None:
    """Mark the egresses through which accounts came to groups, the pairs of both, and repeats.

    Args:
        profiles: of the groups.
        rows: groups that changed.
        groups: of each account seen, one of them.
        accounts: keyed hashes.
        egresses: keyed hashes.
        tick: second of event time.
    """
    egress_bits, pair_bits, again_bits = (profiles[column] for column in MESH)
    since, mistaken = profiles["mesh_since"], profiles["mistaken"]
    full = np.bitwise_count(pair_bits[rows, 0]).sum(axis=1) > FULL
    over = rows[full | (tick - since[rows, 0] >= STRETCH)]
    if len(over):
        recent = tick - since[over, 0] < 2 * STRETCH
        for bits in (egress_bits, pair_bits, again_bits):
            bits[over, 1] = np.where(recent[:, None], bits[over, 0], 0)
            bits[over, 0] = 0
        mistaken[over, 1] = np.where(recent, mistaken[over, 0], 0)
        mistaken[over, 0] = 0
        since[over, 1] = np.where(recent, since[over, 0], tick)
        since[over, 0] = tick
    pairs = (accounts ^ egresses) * _ODD >> _HALF
    new = np.flatnonzero(~distinct.marked(_either(pair_bits, groups), pairs))
    if not len(new):
        return
    groups, pairs, egresses = groups[new], pairs[new], egresses[new]
    keys = groups.astype(np.uint64) * _ODD
    _, first = np.unique(keys ^ pairs, return_index=True)
    groups, pairs, egresses = groups[first], pairs[first], egresses[first]
    _, at, together = np.unique(keys[first] ^ egresses, return_inverse=True, return_counts=True)
    bits = _either(egress_bits, groups)
    known = distinct.marked(bits, egresses)
    again = (together[at] > 1) | known
    # As many new egresses found their bit set, for each that did not, as there are bits set.
    here = np.bitwise_count(bits[~known]).sum(axis=1) / (64.0 * bits.shape[1])
    np.add.at(mistaken[:, 0], groups[~known], here / np.maximum(1.0 - here, 0.1))
    distinct.mark(again_bits[:, 0], groups[again], egresses[again])
    distinct.mark(egress_bits[:, 0], groups, egresses)
    distinct.mark(pair_bits[:, 0], groups, pairs)


def present(profiles: Profiles, rows: Rows, *, tick: int) -> NDArray[np.float64]:
    """Return the accounts within an hour of groups, as of a tick, changing nothing."""
    elapsed = tick - profiles["folded_at"][rows]
    return decayed.fade(profiles["present"][rows], elapsed=elapsed, horizon=HOUR)


def _either(bits: Hashes, rows: Rows) -> Hashes:
    either: Hashes = bits[rows, 0] | bits[rows, 1]
    return either


def mesh(profiles: Profiles, rows: Rows) -> Hashes:
    """Return the bits of `MESH` within a day, (3, n, words)."""
    return np.stack([profiles[c][rows, 0] | profiles[c][rows, 1] for c in MESH])
