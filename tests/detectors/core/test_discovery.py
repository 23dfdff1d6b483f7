import random

import pytest

from detectors.core.discovery import DAY, Discovery


@pytest.mark.parametrize("tests_per_day", [10, 1000, 20_000])
def test_false_alerts_stay_within_the_budget_however_many_tests_there_are(
    tests_per_day: int,
) -> None:
    chance = random.Random(tests_per_day)
    days, false_alerts = 60, 0
    discovery = Discovery(alerts_per_day=1.0)
    for number in range(days * tests_per_day):
        tick = int(number * DAY / tests_per_day)
        false_alerts += discovery.test(chance.random(), tick=tick)
    assert false_alerts <= 1.25 * days


def test_what_is_blatant_is_found_though_the_budget_is_spent() -> None:
    discovery = Discovery(alerts_per_day=1.0)
    for _ in range(50):
        discovery.test(0.4, tick=0)
    assert discovery.test(1e-6, tick=1)


def test_a_restored_one_goes_on_as_the_one_before() -> None:
    one = Discovery(alerts_per_day=2.0)
    one.test(0.5, tick=5)
    other = Discovery(alerts_per_day=2.0)
    other.restore(one.snapshot())
    assert other.stake == one.stake
    assert other.test(0.01, tick=50) == one.test(0.01, tick=50)


def test_what_says_nothing_costs_nothing() -> None:
    discovery = Discovery(alerts_per_day=1.0)
    before = discovery.stake
    for _ in range(1000):
        assert not discovery.test(1.0, tick=0)
    assert discovery.stake == before
