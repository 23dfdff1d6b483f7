"""The service as a few numbers a minute: facts of all partitions in, alerts out."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from detectors.core.detector import Detector
from detectors.core.facts import LONGEST_PAUSE, MINUTE, whole_tick
from detectors.core.level import Level
from detectors.core.profiles import Column
from detectors.core.records import Alert
from detectors.core.settings import Settings
from detectors.sketches.series import Series

#: What the series are.  Of counts a minute their roots are judged, which vary alike by day and by
#: night.
NAMES = ("requests a minute", "tokens a minute", "denied share")

COLUMNS = {
    "known": Column("int64"),  # minutes
    "value": Column("float64"),  # the last one, and the one before
    "before": Column("float64"),
    "novelty": Column("float64"),  # how new the last one is, zero while the series rests
}


class SeriesLevel(Level):
    """Keeps one profile of each series, minute by minute; each has a `Series` beside its row.

    Args:
        settings: what the operator set.
        detectors: those that read series are used.
    """

    def __init__(self, *, settings: Settings, detectors: Sequence[Detector]) -> None:
        super().__init__(
            settings=replace(settings, capacity=16),
            detectors=detectors,
            scopes=["service"],
            columns=COLUMNS,
            reads="series",
        )
        self.series = {name: Series() for name in NAMES}
        self._saved: dict[str, int] = {}  # minute before which each series was saved

    def close(self, minute: int, facts: Counter[str]) -> list[Alert]:
        """Take in what a minute came to."""
        if 0 < self.clock < minute <= self.clock + LONGEST_PAUSE:
            for silent in range(self.clock + 1, minute):
                self._fold(silent, Counter())
        self.clock = minute
        self._fold(minute, facts)
        alerts = self.judge(whole_tick(self, minute), lambda *_: [])
        self.profiles["known"][:] += 1
        return alerts

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and the rest."""
        new, gone, kept = self.profiles.save()
        segments = {f"minutes/{number}": data for number, data in new.items()}
        dropped = [f"minutes/{number}" for number in gone]
        for number, (name, series) in enumerate(self.series.items()):
            before = self._saved.get(name)
            if before != self.clock:
                if before is not None:
                    dropped.append(f"series/{number}/{before}")
                segments[f"series/{number}/{self.clock}"] = series.snapshot()
                self._saved[name] = self.clock
        state = {"profiles": kept, "series": dict(self._saved), "models": self.snapshot_models()}
        return segments, dropped, state

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        self.profiles.load([(n, segments[f"minutes/{n}"]) for n in state["profiles"]])
        self._saved = dict(state["series"])
        for number, (name, series) in enumerate(self.series.items()):
            series.restore(segments[f"series/{number}/{self._saved[name]}"])
        self.restore_models(state["models"])

    def _fold(self, minute: int, facts: Counter[str]) -> None:
        number = (minute + 1) * MINUTE - 1
        requests = facts["requests"]
        denied = facts["denied"] / requests if requests else math.nan
        values = (math.sqrt(requests), math.sqrt(facts["tokens"]), denied)
        rows = self.profiles.rows_of([f"service:{name}" for name in NAMES], tick=number).tolist()
        profiles = self.profiles
        for row, series, value in zip(rows, self.series.values(), values, strict=True):
            verdict = series.judge(value, float(number))
            profiles["novelty"][row] = verdict.novelty if verdict.score > 0 else 0.0
            if math.isfinite(value):
                profiles["before"][row] = profiles["value"][row]
                profiles["value"][row] = value
