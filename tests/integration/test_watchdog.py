"""Each check of the watchdog, by a clock that is turned by hand."""

from dataclasses import dataclass, replace

import pytest
from prometheus_client import CollectorRegistry

from stream.metrics import Metrics
from stream.watchdog import View, Watchdog

STALL, SESSION = 120.0, 30.0
NOTHING = "there was something to take in or to recover, and nothing was"
WELL = View(assigned=4, others=False, lag=0, progress=0.0, recovering=False)


@dataclass
class Clock:
    """Time and work as the test says."""

    now: float = 1000.0
    worked: float = 5.0

    def pass_by(self, seconds: float, *, busy: bool = False) -> None:
        self.now += seconds
        self.worked += seconds if busy else 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def dog(clock: Clock, registry: CollectorRegistry) -> Watchdog:
    return Watchdog(
        stall=STALL,
        session=SESSION,
        metrics=Metrics(registry),
        clock=lambda: clock.now,
        work=lambda: clock.worked,
    )


def watch(dog: Watchdog, clock: Clock, view: View, *, seconds: float) -> str | None:
    """Look every second until there is a reason to end, or the time is over."""
    for _ in range(int(seconds)):
        clock.pass_by(1.0)
        reason = dog.verdict(view)
        if reason is not None:
            return reason
    return None


def test_a_worker_with_nothing_to_do_goes_on(dog: Watchdog, clock: Clock) -> None:
    assert watch(dog, clock, WELL, seconds=10 * STALL) is None


def test_a_worker_without_partitions_ends(dog: Watchdog, clock: Clock) -> None:
    alone = replace(WELL, assigned=0)

    assert watch(dog, clock, alone, seconds=STALL) is None
    assert watch(dog, clock, alone, seconds=2) == "no partition was assigned for 120 s"


def test_a_worker_whose_group_has_others_for_all_partitions_goes_on(
    dog: Watchdog, clock: Clock
) -> None:
    spare = replace(WELL, assigned=0, others=True)

    assert watch(dog, clock, spare, seconds=10 * STALL) is None


def test_a_worker_that_cannot_know_its_lag_ends(dog: Watchdog, clock: Clock) -> None:
    blind = replace(WELL, lag=None)

    assert watch(dog, clock, blind, seconds=STALL) is None
    assert watch(dog, clock, blind, seconds=2) == "the lag could not be known for 120 s"


def test_a_worker_that_takes_nothing_in_though_records_wait_ends(
    dog: Watchdog, clock: Clock
) -> None:
    stuck = replace(WELL, lag=7, progress=clock.now)

    assert watch(dog, clock, stuck, seconds=STALL) is None
    reason = watch(dog, clock, stuck, seconds=2)
    assert reason == f"{NOTHING} for 120 s"


def test_records_that_come_after_a_long_quiet_are_waited_for(dog: Watchdog, clock: Clock) -> None:
    assert watch(dog, clock, WELL, seconds=10 * STALL) is None

    assert watch(dog, clock, replace(WELL, lag=7), seconds=STALL - 1) is None


def test_a_recovery_that_goes_on_is_no_stall_however_long(dog: Watchdog, clock: Clock) -> None:
    for _ in range(10):
        recovering = replace(WELL, lag=None, recovering=True, progress=clock.now)
        assert watch(dog, clock, recovering, seconds=STALL - 1) is None


def test_a_recovery_that_stands_still_ends(dog: Watchdog, clock: Clock) -> None:
    recovering = replace(WELL, lag=None, recovering=True)

    assert watch(dog, clock, recovering, seconds=STALL) is None
    assert watch(dog, clock, recovering, seconds=2) == f"{NOTHING} for 120 s"


def test_a_short_trouble_is_forgotten(dog: Watchdog, clock: Clock) -> None:
    for _ in range(5):
        assert watch(dog, clock, replace(WELL, lag=None), seconds=STALL - 1) is None
        assert watch(dog, clock, WELL, seconds=2) is None


def test_a_process_frozen_for_longer_than_its_session_ends(dog: Watchdog, clock: Clock) -> None:
    clock.pass_by(SESSION - 1)
    assert dog.verdict(WELL) is None

    clock.pass_by(SESSION + 1)
    reason = dog.verdict(WELL)
    assert reason == "the process stood still for 31 s, longer than the group's session"


def test_a_process_busy_for_longer_than_its_session_goes_on(dog: Watchdog, clock: Clock) -> None:
    clock.pass_by(2 * SESSION, busy=True)

    assert dog.verdict(WELL) is None


def test_each_check_is_a_metric(dog: Watchdog, clock: Clock, registry: CollectorRegistry) -> None:
    watch(dog, clock, replace(WELL, assigned=0, lag=None), seconds=1)

    healthy = {
        check: registry.get_sample_value("weir_watchdog_healthy", {"check": check})
        for check in ("assignment", "lag", "progress")
    }
    assert healthy == {"assignment": 0.0, "lag": 1.0, "progress": 1.0}
