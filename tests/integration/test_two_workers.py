"""Two workers that share the partitions; on Kafka only, as the embedded broker holds one."""

import time

import pytest

from tests.integration.comparison import settle_and_compare
from tests.integration.house import House
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess
from tests.integration.world import World

#: Seconds, more than the least: two workers and a broker may wait long for a processor.
SESSION = 15


def leaves_in_order(worker: WorkerProcess) -> None:
    assert worker.stop() == 0, worker.output


def is_killed(worker: WorkerProcess) -> None:
    worker.kill()


@pytest.mark.slow
@pytest.mark.parametrize("leave", [leaves_in_order, is_killed])
def test_a_second_worker_that_joins_and_leaves_under_load_loses_nothing(
    kafka_house: House, campaign: World, leave: object
) -> None:
    house, half = kafka_house, len(campaign.records) // 2
    house.send(campaign.records[:half])
    first = house.worker(session_seconds=SESSION)
    first.reaches(0.2 * half)
    second = house.worker(session_seconds=SESSION)
    until(second.partitions, what="partitions for the second worker", said=lambda: house.said)
    house.send(campaign.records[half:])
    second.reaches(0.05 * half)
    leave(second)  # type: ignore[operator]

    settle_and_compare(house, campaign, paused=True)
    assert first.code == 0


@pytest.mark.slow
def test_a_worker_that_finds_no_partition_left_waits_for_one(
    kafka_house: House, campaign: World
) -> None:
    house = kafka_house
    house.create("requests", 1)
    for topic in ("lifecycle", "deltas"):
        house.create(topic, 1)
    first = house.worker()
    until(lambda: first.partitions(), what="partitions for the first worker")
    second = house.worker(stall_seconds=10)
    until(lambda: "reading" in second.output, what="the second worker")

    until(lambda: _age(second) > 16, what="more seconds than a worker may stall")
    assert second.samples("weir_watchdog_healthy", check="assignment") == [1.0]
    first.kill()
    until(lambda: second.partitions(), what="the dead worker's partitions")


def _age(worker: WorkerProcess) -> float:
    assert worker.code is None, worker.output
    return time.monotonic() - worker.began
