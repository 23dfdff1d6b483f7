from collections.abc import Sequence

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from detectors import CATALOG
from detectors.core.account_level import AccountLevel
from detectors.core.calibration import ENOUGH
from detectors.core.group_level import GroupLevel
from stream.metrics import Metrics
from tests.detectors.traffic import settings

LEARNED = "weir_calibration_learned_ratio"


def groups(partition: int) -> GroupLevel:
    detectors = [detector() for detector in CATALOG]
    return GroupLevel(partition=partition, settings=settings(), detectors=detectors)


def accounts(partition: int) -> AccountLevel:
    detectors = [detector() for detector in CATALOG]
    return AccountLevel(partition=partition, partitions=2, settings=settings(), detectors=detectors)


def shown(metrics: Metrics, *labels: Sequence[str]) -> list[float | None]:
    return [
        metrics.registry.get_sample_value(
            LEARNED, dict(zip(("detector", "scope", "partition"), label, strict=True))
        )
        for label in labels
    ]


@pytest.mark.parametrize(("tests", "share"), [(0, 0.0), (150, 150 / ENOUGH), (2000, 1.0)])
def test_it_says_how_far_a_calibration_is(tests: int, share: float) -> None:
    metrics, level = Metrics(CollectorRegistry()), groups(1)
    calibration = level.calibrations["model_pivot", "proxy"]
    for tick in range(tests):
        calibration.observe(np.ones(1), tick=tick)
    metrics.levels("groups", {1: level})
    assert shown(metrics, ("model_pivot", "proxy", "1")) == [share]


def test_it_forgets_the_calibrations_of_a_partition_that_went_elsewhere() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.levels("accounts", {0: accounts(0), 1: accounts(1)})
    metrics.levels("groups", {0: groups(0), 1: groups(1)})
    metrics.levels("groups", {1: groups(1)})
    labels = [
        ("model_pivot", "proxy", "0"),
        ("model_pivot", "proxy", "1"),
        ("service_shift", "service", "0"),
        ("failover_echo", "account", "1"),
        ("model_pivot", "account", "0"),
    ]
    assert shown(metrics, *labels) == [None, 0.0, None, 0.0, 0.0]


def test_bans_that_found_no_room_are_counted() -> None:
    metrics, level = Metrics(CollectorRegistry()), accounts(0)
    for told, unrepeated in ((3, 5), (4, 9)):
        level.bans.lost, level.bans.unrepeated = told, unrepeated
        metrics.levels("accounts", {0: level})
    for telling, count in (("first", 4.0), ("again", 9.0)):
        labels = {"telling": telling}
        assert metrics.registry.get_sample_value("weir_untold_bans_total", labels) == count
