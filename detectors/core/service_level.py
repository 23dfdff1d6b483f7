"""What Weir sees of the service as a whole: facts of all partitions in, alerts out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.core.detector import Detector
from detectors.core.facts import (
    MINUTE,
    MOST_UNKNOWN,
    SHARES,
    UNKNOWN,
    Share,
    forget_least,
    whole_tick,
)
from detectors.core.level import Level
from detectors.core.profiles import OVERFLOW, TICK, Column
from detectors.core.records import DEAD_LETTER_REASONS, Alert, Delta
from detectors.core.series_level import SeriesLevel
from detectors.core.settings import Settings

#: Minutes that a share is taken of.
WINDOW = 3
#: Minutes over which the part of the whole that a partition has is remembered.
MEMORY = 1440.0
#: Minutes over which a slow share is taken.
SLOW = 60.0
#: Partitions and fields at most.
MOST = 4096
#: What a row is about: a part of a whole, or a partition.
SHARE, PARTITION = 1, 2

COLUMNS = {
    "kind": Column("int8"),
    "known": Column("int64"),  # minutes in which there was anything to learn from
    "part": Column("float64", (WINDOW,)),  # of a share: counts in each of the last minutes
    "whole": Column("float64", (WINDOW,)),
    "lasting": Column("float64", fill=1.0),  # of a slow share: over the last hour
    "accounts": Column("float64"),  # of a partition: active when it spoke last
    "usual": Column("float64", (2,)),  # accounts a minute, its own and of the others, faded
    "missed": Column("float64"),  # accounts expected of it since it spoke last
    "spoke_at": Column(TICK),  # when there was anything of it last
}


class ServiceLevel(Level):
    """Keeps one profile of each thing that blinds Weir when it fails, minute by minute.

    A minute is judged when a later one begins.  An entity is a share of what comes (accounts that
    lost a field, dead letters, late requests, …) or a partition of the requests.  The series of
    all together are a level of their own, as they are judged otherwise.

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
        self.series = SeriesLevel(settings=settings, detectors=detectors)
        self._minute = 0
        self._facts: Counter[str] = Counter()  # of the minute in progress
        self._accounts: Counter[int] = Counter()  # by partition
        self._active: dict[int, float] = {}
        self._minutes = 0  # judged so far

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
        forget_least(self._facts)
        return alerts

    def share(self, name: str) -> float:
        """Return the newest share of a name in `facts.SHARES`, zero where there was nothing."""
        row = self.profiles.index.get(f"service:{name}", OVERFLOW)
        part, whole = self.profiles["part"][row, 0], self.profiles["whole"][row, 0]
        return float(part / whole) if whole else 0.0

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and the rest."""
        new, gone, kept = self.profiles.save()
        segments = {f"service/{number}": data for number, data in new.items()}
        dropped = [f"service/{number}" for number in gone]
        more, old, series = self.series.save()
        state = {
            "profiles": kept,
            "series": series,
            "models": self.snapshot_models(),
            "minute": self._minute,
            "facts": dict(self._facts),
            "accounts": sorted(self._accounts.items()),
            "active": sorted(self._active.items()),
            "minutes": self._minutes,
        }
        return segments | more, dropped + old, state

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        self.profiles.load([(n, segments[f"service/{n}"]) for n in state["profiles"]])
        self.series.restore(segments, state["series"])
        self.restore_models(state["models"])
        self._minute, self._minutes = state["minute"], state["minutes"]
        self._facts = Counter(state["facts"])
        self._accounts, self._active = Counter(dict(state["accounts"])), dict(state["active"])

    def _spend_for(self, partitions: int) -> None:
        """Take over the budget of all partitions: the service is judged in one of them."""
        budget = self._given.alerts_per_day * partitions
        if budget != self.settings.alerts_per_day:
            for level in (self, self.series):
                level.settings = replace(level.settings, alerts_per_day=budget)

    def _judge(self, minute: int) -> list[Alert]:
        facts, self._facts = self._facts, Counter()
        facts["records"] = facts["requests"] + sum(facts[f"dead {r}"] for r in DEAD_LETTER_REASONS)
        number = (minute + 1) * MINUTE - 1
        self._fold_shares(facts, number)
        self._fold_partitions(number)
        tick = whole_tick(self, minute)
        alerts = self.judge(tick, lambda *_: []) + self.series.close(minute, facts)
        known, whole = self.profiles["known"], self.profiles["whole"]
        known += (self.profiles["spoke_at"] == number) | (whole[:, 0] > 0)
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

    def _row(self, name: str, kind: int, number: int) -> int:
        row = int(self.profiles.rows_of([f"service:{name}"], tick=number)[0])
        if row != OVERFLOW:
            self.profiles["kind"][row] = kind
        return row

    def _fold_shares(self, facts: Counter[str], number: int) -> None:
        profiles = self.profiles
        known = {n.removeprefix("service:"): r for n, r in profiles.index.items() if UNKNOWN in n}
        new = {name for name in facts if name.startswith(UNKNOWN)} - known.keys()
        spoke_at = {name: int(profiles["spoke_at"][row]) for name, row in known.items()}
        names = sorted(known.keys() | new, key=lambda n: (-facts[n], -spoke_at.get(n, 0), n))
        gone = [known[name] for name in names[MOST_UNKNOWN:] if name in known]
        profiles.forget(np.array(gone, dtype=np.int64))
        shares = SHARES | {name: Share(name, "sampled") for name in names[:MOST_UNKNOWN]}
        for name, share in shares.items():
            row = self._row(name, SHARE, number)
            if name in new:  # until now it was none of all
                profiles["known"][row] = self._minutes
            for column, count in (("part", facts[share.part]), ("whole", facts[share.whole])):
                window = profiles[column][row]
                window[1:] = window[:-1].copy()
                window[0] = count
            if facts[share.part]:
                profiles["spoke_at"][row] = number
            if share.slow:
                now = facts[share.part] / max(facts[share.whole], 1)
                before = profiles["lasting"][row] if profiles["known"][row] else 0.0
                profiles["lasting"][row] = before + (now - before) / SLOW

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
