"""What each budget of false alerts would have raised: one engine a budget, all fed the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch
from detectors.core.calibration import DAY, ENOUGH
from detectors.core.engine import Engine
from detectors.core.errors import ConfigError
from detectors.core.level import SEVERITIES
from detectors.core.records import Alert, Lifecycle
from stream.config import TABLES, Config
from stream.file_driver import FileDriver
from stream.files import InputError
from stream.formats import FORMATS
from stream.replay import BLOCK_BYTES, Progress, ReplayError, Summary, feed

#: Tried where none is named; the configured one comes with them.
BUDGETS = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Budgets at most, as each holds profiles of its own.
MOST = 12


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one budget raised."""

    budget: float
    configured: bool
    alerts: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    detectors: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)  # named in any alert

    def take(self, alerts: Sequence[Alert]) -> None:
        """Count alerts."""
        self.alerts += len(alerts)
        for alert in alerts:
            self.severities[alert.severity] += 1
            self.detectors[alert.detector] += 1
            self.accounts.update(alert.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """How far the calibration of one detector is, for one scope in one partition."""

    detector: str
    scope: str
    partition: int
    tests: float  # ended without suspicion, faded
    limit: float | None  # p-value below which to alert; None for what never alerts alone
    score: float | None  # in nats, which has that p-value

    @property
    def share(self) -> float:
        """How much of the learning is done: with less, the limit stands on a cautious prior."""
        return min(self.tests / ENOUGH, 1.0)

    @property
    def state(self) -> str:
        """Say what the limit stands on."""
        if self.share < 1.0:
            return "learning" if self.tests else "untested"
        if self.limit is None:
            return "evidence"
        return "observed" if self.tests >= 1 / self.limit else "extrapolated"

    def figures(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "detector": self.detector,
            "scope": self.scope,
            "partition": self.partition,
            "state": self.state,
            "tests": round(self.tests, 1),
            "learned": round(self.share, 4),
            "limit_p": self.limit,
            "limit_score": self.score,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What came of all budgets, in ascending order."""

    summary: Summary  # its alerts are those of the configured budget
    fault: InputError | None  # what ended the reading before its time
    days: float  # of event time
    accounts: int  # that made requests
    names: Sequence[str]  # of what can raise an alert
    outcomes: Sequence[Outcome]
    learned: Sequence[Learned]  # with the configured budget

    def a_day(self, alerts: int) -> float | None:
        """Return a rate per day of event time."""
        return alerts / self.days if self.days else None

    def share(self, outcome: Outcome) -> float | None:
        """Return the share of the file's accounts that were named."""
        return len(outcome.accounts) / self.accounts if self.accounts else None

    def figures(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        summary = self.summary.figures()
        del summary["alerts"]  # they stand with their budget
        return {
            **summary,
            "interrupted": self.summary.interrupted,
            "days": self.days,
            "accounts": self.accounts,
            "budgets": [
                {
                    "false_alerts_per_day": outcome.budget,
                    "configured": outcome.configured,
                    "alerts": outcome.alerts,
                    "alerts_per_day": self.a_day(outcome.alerts),
                    "severities": {name: outcome.severities[name] for name in SEVERITIES},
                    "detectors": {name: outcome.detectors[name] for name in self.names},
                    "accounts": len(outcome.accounts),
                    "share_of_accounts": self.share(outcome),
                }
                for outcome in self.outcomes
            ],
            "calibration": [learned.figures() for learned in self.learned],
        }


class _Abreast:
    """An engine for each budget; to whoever feeds them, the engine of the configured one."""

    def __init__(
        self, config: Config, budgets: Sequence[float], *, partitions: int, seed: int
    ) -> None:
        self.outcomes = [
            Outcome(budget=budget, configured=budget == config.false_alerts_per_day)
            for budget in budgets
        ]
        configs = [replace(config, false_alerts_per_day=budget) for budget in budgets]
        self._engines = [each.engine(partitions=partitions, seed=seed) for each in configs]
        self._at = budgets.index(config.false_alerts_per_day)
        self.accounts: list[AccountLevel] = self.configured.accounts
        self.names: set[str] = set()  # of accounts
        self.clock = 0  # the newest second of event time
        self._start: int | None = None

    @property
    def configured(self) -> Engine:
        """The engine of the configured budget."""
        return self._engines[self._at]

    @property
    def days(self) -> float:
        """Event time from the first request to the newest."""
        return 0.0 if self._start is None else (self.clock + 1 - self._start) / DAY

    def process(self, batch: Batch, *, partition: int = 0) -> list[Alert]:
        if len(batch):
            self._start = int(batch.ticks[0]) if self._start is None else self._start
            self.clock = max(self.clock, int(batch.ticks.max()))
            self.names.update(batch.accounts)
        return self._count([e.process(batch, partition=partition) for e in self._engines])

    def live(self, event: Lifecycle, time: float, offset: int, *, partition: int = 0) -> None:
        for engine in self._engines:
            engine.live(event, time, offset, partition=partition)

    def release(self, model: str, time: float) -> None:
        for engine in self._engines:
            engine.release(model, time)

    def finish(self) -> list[Alert]:
        return self._count([engine.finish() for engine in self._engines])

    def _count(self, raised: Sequence[list[Alert]]) -> list[Alert]:
        for outcome, alerts in zip(self.outcomes, raised, strict=True):
            outcome.take(alerts)
        return raised[self._at]


def tune(
    files: Sequence[str],
    *,
    format: str = "native",
    config: Config,
    budgets: Sequence[float] = (),
    partitions: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Tuning:
    """Read files once, and return what each budget raises; without budgets, those in `BUDGETS`.

    Raises:
        ConfigError: a budget is out of range, or there are too many.
        InputError: a file cannot be read at all, or holds no request.
    """
    chosen = _chosen(budgets or BUDGETS, configured=config.false_alerts_per_day)
    abreast = _Abreast(config, chosen, partitions=partitions, seed=seed)
    driver = FileDriver(config=config, partitions=partitions, seed=seed, engine=abreast)
    fault: ReplayError | None = None
    try:
        summary = feed(
            driver,
            files,
            format=format,
            record_bytes=config.record_bytes,
            progress=progress,
            block_bytes=block_bytes,
        )
    except ReplayError as error:
        summary, fault = error.summary, error
    if not summary.requests and not summary.interrupted:
        raise fault or _nothing(summary, format)
    return Tuning(
        summary=summary,
        fault=fault,
        days=abreast.days,
        accounts=len(abreast.names),
        names=_names(abreast.configured),
        outcomes=abreast.outcomes,
        learned=_learned(abreast.configured, now=abreast.clock),
    )


def _chosen(budgets: Sequence[float], *, configured: float) -> list[float]:
    low, high = TABLES["budget"]["false_alerts_per_day"]
    for budget in budgets:
        if not low <= budget <= high:
            raise ConfigError(f"--budget {budget:g} must be from {low:g} to {high:,.0f}.")
    chosen = sorted({*budgets, configured})
    if len(chosen) > MOST:
        raise ConfigError(
            f"{len(chosen)} budgets, the configured one among them, are too many: each holds its "
            f"own profiles, so name {MOST - 1} at most."
        )
    return chosen


def _nothing(summary: Summary, format: str) -> InputError:
    if not summary.dead_letters:
        return InputError("there is no request to tune on: name files that hold some.")
    others = " or ".join(name for name in FORMATS if name != format)
    return InputError(
        f"none of {summary.records:,} records could be read as a request in the format {format}: "
        f"is it {others}?"
    )


def _names(engine: Engine) -> list[str]:
    names = {d.name for _, level in engine.levels() for d in level.detectors if not d.supports}
    return ["campaign", *sorted(names)]


def _learned(engine: Engine, *, now: int) -> list[Learned]:
    found = []
    for partition, level in engine.levels():
        supporting = {detector.name for detector in level.detectors if detector.supports}
        budget = level.settings.alerts_per_day
        for (name, scope), calibration in level.calibrations.items():
            limit = None
            if name not in supporting:
                limit = calibration.limit(alerts_per_day=budget, tick=now)
            score = None if limit is None else calibration.score_at(limit)
            found.append(
                Learned(
                    detector=name,
                    scope=scope,
                    partition=partition,
                    tests=calibration.windows,
                    limit=limit,
                    score=score,
                )
            )
    return sorted(found, key=lambda each: (each.detector, each.scope, each.partition))
