"""Which models an entity uses, lately and usually, and whether it has just moved."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.core.profiles import TICK, Column, Profiles, Rows
from detectors.sketches.decayed import Floats, fade

#: Model slots of a level; slot 0 is "all others".
SLOTS = 16
#: Seconds over which "lately" and "usually" fade.
LATELY, USUALLY = 60.0, 86_400.0
#: An entity has moved to a model when it usually was below the one share and lately above the
#: other, or never asked for it, after so many requests, and did not move there within the hour.
USUAL_SHARE, LATE_SHARE, HISTORY, REPEAT = 0.1, 0.2, 20.0, 3600
#: Requests, faded over a day, that count as never.
NEVER = 0.05

COLUMNS: Mapping[str, Column] = {
    "lately": Column("float32", (SLOTS,)),
    "usually": Column("float32", (SLOTS,)),
    "mixed_at": Column(TICK),
    "moved_at": Column(TICK),
    "moved_to": Column("int8"),
}


def fold(
    profiles: Profiles,
    rows: Rows,
    counts: NDArray[np.int64],
    *,
    tick: int,
    hold: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Add a tick's requests by model, and return the slot each row moved to, or -1.

    Args:
        profiles: a table with `COLUMNS`.
        rows: (k,) rows, each once.
        counts: (k, SLOTS) requests by model slot.
        tick: second of event time.
        hold: (k,) rows whose usual mix may not be learned now.
    """
    elapsed = np.maximum(tick - profiles["mixed_at"][rows], 0)
    lately = fade(profiles["lately"][rows].astype(np.float64), elapsed=elapsed, horizon=LATELY)
    usually = fade(profiles["usually"][rows].astype(np.float64), elapsed=elapsed, horizon=USUALLY)
    lately += counts
    moved = _moved(profiles, rows, counts, lately, usually, tick)
    usually += np.where(hold[:, None], 0, counts)
    profiles["lately"][rows] = lately
    profiles["usually"][rows] = usually
    profiles["mixed_at"][rows] = tick
    movers = moved >= 0
    profiles["moved_at"][rows[movers]] = tick
    profiles["moved_to"][rows[movers]] = moved[movers]
    return moved


def forget(profiles: Profiles, slot: int) -> None:
    """Forget what is known of a model slot that from now on means another model."""
    profiles["lately"][:, slot] = profiles["usually"][:, slot] = 0
    profiles["moved_to"][profiles["moved_to"] == slot] = 0


def shares(profiles: Profiles, row: int) -> tuple[Floats, Floats]:
    """Return a row's shares of the models, lately and usually."""
    lately = profiles["lately"][row].astype(np.float64)
    usually = profiles["usually"][row].astype(np.float64)
    return lately / max(lately.sum(), 1e-9), usually / max(usually.sum(), 1e-9)


def _moved(
    profiles: Profiles,
    rows: Rows,
    counts: NDArray[np.int64],
    lately: Floats,
    usually: Floats,
    tick: int,
) -> NDArray[np.int64]:
    history = usually.sum(axis=1)
    candidates = counts[:, 1:] > 0
    candidates &= usually[:, 1:] < USUAL_SHARE * history[:, None]
    candidates &= (history >= HISTORY)[:, None]
    if not candidates.any():
        return np.full(len(rows), -1)
    mostly = lately[:, 1:] >= LATE_SHARE * lately.sum(axis=1)[:, None]
    candidates &= mostly | (usually[:, 1:] < NEVER)
    moved = np.where(candidates.any(axis=1), 1 + candidates.argmax(axis=1), -1)
    again = (moved == profiles["moved_to"][rows]) & (tick - profiles["moved_at"][rows] < REPEAT)
    return np.where(again, -1, moved)
