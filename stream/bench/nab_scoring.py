"""The scoring of the Numenta Anomaly Benchmark (NAB v1.1), as published."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats

#: What a false alarm and a missed window cost where a window found at its start brings 1.
PROFILES = {"standard": (0.11, 1.0), "low FP": (0.22, 1.0), "low FN": (0.11, 2.0)}
#: Part of a file, and rows at most, in which nothing is scored.
PROBATION, PROBATION_ROWS = 0.15, 750
_STEEP, _FAR = 5.0, 3.0


@dataclass(frozen=True, slots=True)
class Scored:
    """The rows of one file that count, and what an alarm on each would be worth.

    Attributes:
        scores: (n,) of the detector.
        windows: (n,) number of the window of anomalies the row lies in, -1 outside.
        worth: (n,) unweighted: up to 1 inside a window, from 0 down to -1 outside.
        count: windows of the file, those in the probation among them.
    """

    scores: Floats
    windows: NDArray[np.int64]
    worth: Floats
    count: int


@dataclass(frozen=True, slots=True)
class Result:
    """The score at a threshold, 100 being perfect and 0 silence."""

    score: float
    threshold: float
    found: int
    false_alarms: int


def rows_of(
    times: Sequence[datetime], scores: Floats, windows: Sequence[tuple[datetime, datetime]]
) -> Scored:
    """Lay the windows of a file over its rows.

    References:
        Lavin, Ahmad (2015), Evaluating real-time anomaly detection algorithms.
    """
    first = {time: row for row, time in reversed(list(enumerate(times)))}
    spans = [(first[start], first[end]) for start, end in windows]
    inside = np.full(len(times), -1, dtype=np.int64)
    worth = np.full(len(times), -1.0)
    begins = [start for start, _ in spans] + [len(times)]
    for number, (start, end) in enumerate(spans):
        width = end - start + 1
        for row in range(start, end + 1):
            inside[row] = number
            worth[row] = _sigmoid(-(end - row + 1) / width) / _sigmoid(-1.0)
        for row in range(end + 1, begins[number + 1]):
            worth[row] = _sigmoid((row - end) / (width - 1))
    probation = min(math.floor(PROBATION * len(times)), PROBATION_ROWS)
    return Scored(scores[probation:], inside[probation:], worth[probation:], len(windows))


def best(files: Sequence[Scored], profile: str) -> Result:
    """Return the score at the threshold that is best for these labels, as NAB's protocol has it."""
    return _sweep(files, profile, None)


def at(files: Sequence[Scored], profile: str, *, threshold: float) -> Result:
    """Return the score at a threshold that was fixed without the labels."""
    return _sweep(files, profile, threshold)


def all_profiles(
    files: Mapping[str, Scored], *, threshold: float | Mapping[str, float] | None = None
) -> dict[str, Result]:
    """Return the result of each profile: at the best threshold, or at one given."""
    rows = list(files.values())
    results = {}
    for profile in PROFILES:
        given = threshold[profile] if isinstance(threshold, Mapping) else threshold
        results[profile] = _sweep(rows, profile, given)
    return results


def _sweep(files: Sequence[Scored], profile: str, fixed: float | None) -> Result:
    """Lower the threshold from the top, and keep the best, or the last that is not below one."""
    cost, miss = PROFILES[profile]
    offsets = np.cumsum([0, *(file.count for file in files)])
    windows = np.concatenate(
        [np.where(f.windows >= 0, f.windows + o, -1) for f, o in zip(files, offsets, strict=False)]
    )
    scores = np.concatenate([file.scores for file in files])
    worth = np.concatenate([file.worth for file in files])
    order = np.argsort(-scores, kind="stable")
    alive = len(set(windows[windows >= 0].tolist()))
    total = -miss * alive
    gained: dict[int, float] = {}
    result, false_alarms = (total, math.inf, 0, 0), 0
    columns = (scores[order].tolist(), windows[order].tolist(), worth[order].tolist())
    ordered = list(zip(*columns, strict=True))
    for place, (score, window, value) in enumerate(ordered):
        if fixed is not None and score < fixed:
            break
        if window < 0:
            total += value * cost
            false_alarms += 1
        else:
            total += max(value - gained.get(window, -miss), 0.0)
            gained[window] = max(value, gained.get(window, -miss))
        tied = place + 1 < len(ordered) and ordered[place + 1][0] == score
        if not tied and (fixed is not None or total > result[0]):
            result = total, score, len(gained), false_alarms
    count = int(offsets[-1])
    raw, threshold, found, wrong = result
    score = 100.0 * (raw + miss * count) / (count + miss * count)
    return Result(score, threshold if fixed is None else fixed, found, wrong)


def _sigmoid(place: float) -> float:
    """NAB's scaled sigmoid: above 0 inside a window (place < 0), down to -1 after it."""
    return -1.0 if place > _FAR else 2.0 / (1.0 + math.exp(_STEEP * place)) - 1.0
