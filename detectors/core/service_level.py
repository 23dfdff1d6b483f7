"""What Weir sees of the service as a whole: facts of all partitions in, alerts out."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.core.detector import Detector, Tick
from detectors.core.facts import SHARES, UNKNOWN, Share
from detectors.core.level import Level, Settings
from detectors.core.population import Population
from detectors.core.profiles import OVERFLOW, Column
from detectors.core.records import DEAD_LETTER_REASONS, Alert, Delta
from detectors.sketches.series import Series

#: Seconds of event time that are judged together, and how many of them a share is taken of.
MINUTE, WINDOW = 60, 3
#: Minutes without anything that are taken for a silence of the service; longer was no time at all.
LONGEST_PAUSE = 60
#: Minutes over which the part of the whole that a partition has is remembered.
MEMORY = 1440.0
#: Partitions, fields and series at most.
MOST = 4096
#: Unknown fields that are told apart.
MOST_UNKNOWN = 64
#: Logarithms of counts a minute, and a part of all requests.
SERIES = ("requests a minute", "tokens a minute", "denied share")
#: What a row is about: a part of a whole, a partition, or one number a minute.
SHARE, PARTITION, SERIES_ROW = 1, 2, 3

COLUMNS = {
    "kind": Column("int8"),
    "known": Column("int64"),  # minutes
    "part": Column("float64", (WINDOW,)),  # of a share: counts in each of the last minutes
    "whole": Column("float64", (WINDOW,)),
    "accounts": Column("float64"),  # of a partition: active when it spoke last
    "usual": Column("float64", (2,)),  # accounts a minute, its own and of the others, faded
    "missed": Column("float64"),  # accounts expected of it since it spoke last
    "spoke_at": Column("int64"),
    "value": Column("float64"),  # of a series: the last one, and the one before
    "before": Column("float64"),
    "nats": Column("float64"),  # how new the last one is
}


class ServiceLevel(Level):
    """Keeps one profile of each thing that blinds Weir when it fails, minute by minute.

    A minute is judged when a later one begins.  An entity is a share of what comes (accounts that
    lost a field, dead letters, late requests, …), a partition of the requests, or a series.

    Args:
        settings: what the operator set.
        detectors: those that read the service are used.
    """

    def __init__(self, *, settings: Settings, detectors: Sequence[Detector]) -> None:
        super().__init__(
            settings=replace(settings, capacity=MOST),
            detectors=detectors,
            scopes=["service"],
            columns=COLUMNS,
            reads="service",
        )
        self._given = settings  # what each of the partitions may spend
        self.series = {name: Series() for name in SERIES}
        self._minute = 0
        self._facts: Counter[str] = Counter()  # of the minute in progress
        self._accounts: Counter[int] = Counter()  # by partition
        self._active: dict[int, float] = {}
        self._minutes = 0  # judged so far
        self._saved: dict[str, int] = {}  # minute in which each series was saved

    def close(self, tick: int, deltas: Sequence[Delta]) -> list[Alert]:
        """Take in the facts of a tick; the first of a minute lets the one before be judged."""
        self.clock = tick
        alerts = []
        if tick // MINUTE > self._minute:
            if self._facts:
                alerts = self._judge(self._minute)
            self._pause(tick // MINUTE)
            self._minute = tick // MINUTE
        for delta in deltas:
            if delta.facts:
                self._spend_for(delta.sources)
                self._facts.update(delta.facts)
                self._accounts[delta.source] += delta.facts.get("accounts", 0)
                self._active[delta.source] = delta.active
        return alerts

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and the rest."""
        new, gone, kept = self.profiles.save()
        segments = {f"service/{number}": data for number, data in new.items()}
        dropped = [f"service/{number}" for number in gone]
        for number, (name, series) in enumerate(self.series.items()):
            before = self._saved.get(name)
            if before != self._minute:
                if before is not None:
                    dropped.append(f"series/{number}/{before}")
                segments[f"series/{number}/{self._minute}"] = series.snapshot()
                self._saved[name] = self._minute
        state = {
            "profiles": kept,
            "series": dict(self._saved),
            "models": self.snapshot_models(),
            "minute": self._minute,
            "facts": dict(self._facts),
            "accounts": sorted(self._accounts.items()),
            "active": sorted(self._active.items()),
            "minutes": self._minutes,
        }
        return segments, dropped, state

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        self.profiles.load([(n, segments[f"service/{n}"]) for n in state["profiles"]])
        self._saved = dict(state["series"])
        for number, (name, series) in enumerate(self.series.items()):
            series.restore(segments[f"series/{number}/{self._saved[name]}"])
        self.restore_models(state["models"])
        self._minute, self._minutes = state["minute"], state["minutes"]
        self._facts = Counter(state["facts"])
        self._accounts, self._active = Counter(dict(state["accounts"])), dict(state["active"])

    def _spend_for(self, partitions: int) -> None:
        """Take over the budget of all partitions: the service is judged in one of them."""
        budget = self._given.alerts_per_day * partitions
        if budget != self.settings.alerts_per_day:
            self.settings = replace(self.settings, alerts_per_day=budget)

    def _judge(self, minute: int) -> list[Alert]:
        facts, self._facts = self._facts, Counter()
        facts["records"] = facts["requests"] + sum(facts[f"dead {r}"] for r in DEAD_LETTER_REASONS)
        number = (minute + 1) * MINUTE - 1
        self._fold_shares(facts, number)
        self._fold_partitions(number)
        self._fold_series(_values(facts), number)
        rows = np.sort(np.fromiter(self.profiles.index.values(), np.int64))
        nothing = np.zeros(len(rows), dtype=np.int64)
        self.profiles.touch(rows, tick=number, requests=nothing)
        tick = Tick(
            number=number,
            rows=rows,
            requests=nothing,
            tokens=nothing,
            models=np.zeros((len(rows), 1), dtype=np.int64),
            suspect=self.suspect(rows, number),
            scopes=np.zeros(len(rows), dtype=np.int8),
            population=Population(),
        )
        alerts = self.judge(tick, lambda *_: [])
        self.profiles["known"][rows] += 1
        self._minutes += 1
        return alerts

    def _pause(self, minute: int) -> None:
        """Take in minutes in which nothing came."""
        passed = minute - self._minute - 1
        if not self._minute or passed <= 0:
            return
        for column in ("part", "whole"):
            window = self.profiles[column]
            window[:] = np.roll(window, passed, axis=1) if passed < WINDOW else 0.0
            window[:, : min(passed, WINDOW)] = 0.0
        if passed <= LONGEST_PAUSE:
            for silent in range(self._minute + 1, minute):
                self._fold_series([0.0, 0.0, math.nan], (silent + 1) * MINUTE - 1)

    def _row(self, name: str, kind: int, number: int) -> int:
        row = int(self.profiles.rows_of([f"service:{name}"], tick=number)[0])
        if row != OVERFLOW:
            self.profiles["kind"][row] = kind
        return row

    def _fold_shares(self, facts: Counter[str], number: int) -> None:
        profiles = self.profiles
        index = profiles.index
        names = [n.removeprefix("service:") for n in index if n.startswith(f"service:{UNKNOWN}")]
        new = [name for name in facts if name.startswith(UNKNOWN) and f"service:{name}" not in index]
        names += sorted(new)[: max(MOST_UNKNOWN - len(names), 0)]
        shares = SHARES | {name: Share(name, "sampled") for name in names}
        for name, share in shares.items():
            if not facts[share.whole] and f"service:{name}" not in index:
                continue
            row = self._row(name, SHARE, number)
            if name in new:  # until now it was none of all
                profiles["known"][row] = self._minutes
            for column, count in (("part", facts[share.part]), ("whole", facts[share.whole])):
                window = profiles[column][row]
                window[1:] = window[:-1].copy()
                window[0] = count

    def _fold_partitions(self, number: int) -> None:
        profiles = self.profiles
        everybody = sum(self._accounts.values())
        fading = 1.0 - 1.0 / MEMORY
        for source in sorted(self._active):
            row = self._row(f"partition {source}", PARTITION, number)
            own = self._accounts[source]
            others = everybody - own
            usual = profiles["usual"][row]
            if own:
                profiles["missed"][row] = 0.0
                profiles["spoke_at"][row] = number
                profiles["accounts"][row] = self._active[source]
            else:
                profiles["missed"][row] += others * usual[0] / max(usual[1], 1.0)
            usual *= fading
            usual += (own, others)
        self._accounts.clear()

    def _fold_series(self, values: Sequence[float], number: int) -> None:
        profiles = self.profiles
        for (name, series), value in zip(self.series.items(), values, strict=True):
            row = self._row(name, SERIES_ROW, number)
            if math.isfinite(value):
                p_value = series.judge(value, float(number)).p_value
                profiles["before"][row] = profiles["value"][row]
                profiles["value"][row] = value
                profiles["nats"][row] = -math.log(max(p_value, 1e-300))
            else:
                profiles["nats"][row] = 0.0


def _values(facts: Counter[str]) -> list[float]:
    """Return the value of each of the series, not a number where nothing can be said."""
    requests = facts["requests"]
    return [
        math.log1p(requests),
        math.log1p(facts["tokens"]),
        facts["denied"] / requests if requests else math.nan,
    ]
