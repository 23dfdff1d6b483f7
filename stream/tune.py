"""What each budget of false alerts would have raised: one engine a budget, all fed the same."""

from collections.abc import Sequence
from dataclasses import replace

from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch
from detectors.core.calibration import DAY
from detectors.core.engine import Engine
from detectors.core.errors import ConfigError
from detectors.core.group_level import GroupLevel
from detectors.core.records import Alert, Lifecycle
from stream.config import TABLES, Config
from stream.file_driver import FileDriver
from stream.files import InputError
from stream.replay import BLOCK_BYTES, Progress, ReplayError, Summary, feed, unreadable
from stream.tuning import Learned, Outcome, Tuning

#: Tried where none is named; the configured one comes with them.
BUDGETS = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Budgets at most, as each holds profiles of its own.
MOST = 12


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
        self.groups: list[GroupLevel] = self.configured.groups
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
    return InputError(unreadable(summary, format))


def _names(engine: Engine) -> list[str]:
    names = {d.name for _, level in engine.levels() for d in level.detectors if not d.supports}
    return ["campaign", *sorted(names)]


def _learned(engine: Engine, *, now: int) -> list[Learned]:
    found = []
    for partition, level in engine.levels():
        supporting = {detector.name for detector in level.detectors if detector.supports}
        budget = level.settings.alerts_per_day
        plans = level.plans.names if isinstance(level, AccountLevel) else []
        for (name, scope), calibration in level.calibrations.items():
            limit = None
            if name not in supporting:
                limit = calibration.limit(alerts_per_day=budget, tick=now)
            for plan, own in [
                (None, calibration),
                *((plans[segment - 1], own) for segment, own in calibration.segments),
            ]:
                found.append(
                    Learned(
                        detector=name,
                        scope=scope,
                        plan=plan,
                        partition=partition,
                        tests=own.windows,
                        limit=limit,
                        score=None if limit is None else own.score_at(limit),
                    )
                )
    return sorted(
        found, key=lambda each: (each.detector, each.scope, each.plan or "", each.partition)
    )
