"""Looks how far a worker is behind what happens, and tells."""

import time
from collections.abc import Callable
from typing import Any

from faust.types import TP

from detectors.core.facts import SHARES
from detectors.core.lateness import Late, Lateness
from stream.intake import Intake
from stream.metrics import Metrics
from stream.outlet import Outlet
from stream.shelf import Shelf

#: Records that wait, up to which it is not the worker that holds them up.
MANY = 10_000


class Lookout:
    """Measures, in event time, how late each of the worker's partitions is read.

    Args:
        intake: knows what waits, and the levels.
        groups: the levels of groups by partition, which wait for each partition of the accounts.
        outlet: sends the alerts, past all levels.
        lateness: decides on them.
        metrics: of the process.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        groups: Shelf[Any],
        outlet: Outlet,
        lateness: Lateness,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.intake, self.groups, self.outlet = intake, groups, outlet
        self.lateness, self.metrics, self.clock = lateness, metrics, clock
        self._stands: dict[int, tuple[int, float]] = {}  # tick of each group level, and since when

    async def look(self) -> None:
        """Measure, show and tell; called about once a second."""
        now = self.clock()
        for alert in self.lateness.look(self._lags(now) | self._standstills(now), now=now):
            await self.outlet.tell(alert)
        for level in self.groups.levels.values():
            if level.service is not None:
                for name in SHARES:
                    self.metrics.service_share.labels(name).set(level.service.share(name))

    def _lags(self, now: float) -> dict[str, Late]:
        self.metrics.lag_seconds.clear()  # of partitions that went elsewhere others know
        late: dict[str, Late] = {}
        for topic, (shelf, source) in self.intake.sources.items():
            if source == "lifecycle":  # has no clock of its own
                continue
            behind = {}
            for partition, level in shelf.levels.items():
                records = self.intake.behind(TP(topic, partition)) if level.clock else 0
                if records is not None:
                    behind[partition] = (max(now - level.clock, 0.0) if records else 0.0, records)
            for partition, (seconds, _) in behind.items():
                self.metrics.lag_seconds.labels(source, partition).set(seconds)
            worst = max(behind.values(), default=(0.0, 0))
            waiting = sum(records for _, records in behind.values())
            remedy = (
                "Start another worker, at most one a partition; or look what holds this one up."
                if waiting > MANY
                else "Look what holds the records up between the gateways and Kafka."
            )
            late[f"lag of {source}"] = Late(
                worst[0],
                f"{waiting:,} records of {topic} wait, and alerts come late by as much. {remedy}",
            )
        return late

    def _standstills(self, now: float) -> dict[str, Late]:
        """Return how long the groups have waited for partitions of which nothing is heard."""
        late: dict[str, Late] = {}
        stands = {}
        for partition, level in self.groups.levels.items():
            tick, since = self._stands.get(partition, (None, now))
            awaited = level.waiting.awaited()
            stands[partition] = level.clock, since if awaited and tick == level.clock else now
            for source in awaited:
                late[f"partition {source}"] = Late(
                    now - stands[partition][1],
                    f"nothing is heard of partition {source} of the requests, for which every "
                    "group waits. See whether a worker has it, and what its log says.",
                )
        self._stands = stands
        return late
