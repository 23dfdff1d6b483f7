import asyncio
from types import SimpleNamespace
from typing import Any

from faust.types import TP
from prometheus_client import CollectorRegistry

from detectors.core.lateness import Lateness
from detectors.core.records import Alert
from stream.config import Config
from stream.lookout import Lookout
from stream.metrics import Metrics

NOW = 1_767_600_000.0


class Waits:
    """Says how many records wait, as the intake does."""

    def __init__(self, shelves: dict[str, Any]) -> None:
        self.sources = {f"weir.{name}": (shelf, name) for name, shelf in shelves.items()}
        self.records: dict[TP, int | None] = {}

    def behind(self, tp: TP) -> int | None:
        return self.records.get(tp, 0)


class House:
    """Two levels of accounts and one of groups, and a clock that is set by hand."""

    def __init__(self) -> None:
        config = Config(accounts=1000, groups=1000, members=1000, request_ids=1000)
        accounts = {p: config.account_level(partition=p, partitions=2, seed=0) for p in (0, 1)}
        groups = {0: config.group_level(partition=0, partitions=2, seed=0)}
        for level in (*accounts.values(), *groups.values()):
            level.clock = int(NOW)
        self.accounts, self.groups = accounts, groups
        shelves = {
            "requests": SimpleNamespace(levels=accounts),
            "lifecycle": SimpleNamespace(levels=accounts),
            "deltas": SimpleNamespace(levels=groups),
        }
        self.registry = CollectorRegistry()
        self.waits, self.now, self.told = Waits(shelves), NOW, list[Alert]()
        self.lookout = Lookout(
            intake=self.waits,  # type: ignore[arg-type]
            groups=shelves["deltas"],  # type: ignore[arg-type]
            outlet=self,  # type: ignore[arg-type]
            lateness=Lateness(most=60.0, seed=0, version="test"),
            metrics=Metrics(self.registry),
            clock=lambda: self.now,
        )

    async def tell(self, alert: Alert) -> None:
        self.told.append(alert)

    def pass_seconds(self, count: int) -> None:
        for _ in range(count):
            self.now += 1.0
            asyncio.run(self.lookout.look())

    def value(self, metric: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(metric, labels)


def test_a_worker_that_reads_what_happened_long_ago_says_so() -> None:
    house = House()
    house.waits.records[TP("weir.requests", 1)] = 50_000
    house.pass_seconds(80)
    assert house.told == []
    house.pass_seconds(20)
    (alert,) = house.told
    assert alert.entity.value == "lag of requests"
    assert "50,000 records of weir.requests wait" in alert.summary
    assert "Start another worker" in alert.summary
    assert house.value("weir_lag_seconds", topic="requests", partition="1") == 100.0
    assert house.value("weir_lag_seconds", topic="requests", partition="0") == 0.0


def test_few_records_that_come_late_are_not_the_fault_of_the_worker() -> None:
    house = House()
    house.waits.records[TP("weir.requests", 1)] = 3
    house.pass_seconds(100)
    assert "between the gateways and Kafka" in house.told[0].summary


def test_a_quiet_night_is_not_late() -> None:
    house = House()
    house.pass_seconds(300)
    assert house.told == []


def test_what_cannot_be_known_is_not_late() -> None:
    house = House()
    house.waits.records[TP("weir.requests", 0)] = None
    house.pass_seconds(300)
    assert house.told == []


def test_groups_that_wait_for_a_partition_say_which() -> None:
    house = House()
    house.groups[0].waiting.awaited = lambda: [1]  # type: ignore[method-assign]
    house.pass_seconds(100)
    (alert,) = house.told
    assert alert.entity.value == "partition 1"
    assert "nothing is heard of partition 1" in alert.summary


def test_groups_that_go_on_wait_for_nobody_long() -> None:
    house = House()
    house.groups[0].waiting.awaited = lambda: [1]  # type: ignore[method-assign]
    for _ in range(100):
        house.groups[0].clock += 1
        house.pass_seconds(1)
    assert house.told == []


def test_what_the_service_loses_is_shown() -> None:
    house = House()
    service = house.groups[0].service
    assert service is not None
    row = service.profiles.rows_of(["service:field payment"], tick=0)
    service.profiles["part"][row, 0], service.profiles["whole"][row, 0] = 3.0, 4.0
    house.pass_seconds(1)
    assert house.value("weir_service_share", what="field payment") == 0.75
    assert house.value("weir_service_share", what="field egress") == 0.0
