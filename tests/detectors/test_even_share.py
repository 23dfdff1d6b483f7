"""What the missing rhythm of the day adds to a group whose accounts are even."""

from typing import Any

import numpy as np
import pytest

from detectors.core.cadence import MEASURES, WINDOWS
from detectors.core.population import Population
from detectors.core.profiles import Column, Profiles
from detectors.even_share import DAY, KINDS, MOST_RHYTHM, EvenShare, _rhythm
from detectors.sketches.evenness import BUCKETS, bucket_of
from tests.detectors.traffic import tick_of_one

START = DAY * 20_000
NIGHT = np.array([0.0] * 8 + [1.0] * 12 + [0.5] * 4)


def rhythm(hours: np.ndarray, *, everybody: np.ndarray = 1000 * NIGHT, age: int = DAY) -> float:
    profiles = Profiles(
        capacity=4,
        columns={"cadence_hours": Column("float32", (24,)), "first_seen": Column("int64")},
    )
    rows = profiles.rows_of(["proxy:a"], tick=START)
    profiles["cadence_hours"][rows] = hours
    profiles["first_seen"][rows] = START
    population = Population()
    population.beat.hours = everybody
    tick = tick_of_one(rows, number=START + age, population=population)
    return float(_rhythm(profiles, tick)[0])


def test_a_group_that_knows_no_night_where_everybody_does_is_a_little_odder() -> None:
    machine = rhythm(np.full(24, 100.0))
    assert 1.0 < machine <= MOST_RHYTHM
    assert rhythm(100 * NIGHT) == pytest.approx(0.0, abs=0.05)
    assert 0.0 < rhythm(100 * NIGHT + 50.0) < machine


@pytest.mark.parametrize(
    "what",
    [
        {"hours": np.full(24, 8.0)},
        {"hours": np.full(24, 100.0), "age": DAY - 1},
        {"hours": np.full(24, 100.0), "everybody": NIGHT},
        {"hours": np.full(24, 100.0), "everybody": np.full(24, 1000.0)},
    ],
    ids=["few starts", "its first day", "hardly anybody else", "nobody knows a night"],
)
def test_nothing_is_missed_where_too_little_is_known(what: dict[str, Any]) -> None:
    assert rhythm(**what) == 0.0


def day_of(counts: np.ndarray, *, age: int) -> float:
    """Return the nats of accounts that made so many requests since a day began."""
    detector = EvenShare()
    members = Column("int64", (len(WINDOWS), MEASURES, BUCKETS))
    columns = {"cadence_members": members, "first_seen": Column("int64"), **detector.columns}
    profiles = Profiles(capacity=4, columns=columns)
    rows = profiles.rows_of(["template:a"], tick=START)
    profiles["first_seen"][rows] = START
    profiles["cadence_members"][rows, 1, 0] = np.bincount(bucket_of(counts), minlength=BUCKETS)
    differ, alike, many = np.full(1000, 9.0), np.full(1000, 0.1), np.full(1000, 100.0)
    for stage, usual in enumerate(detector.usual):
        usual.learn(differ if stage >= KINDS else alike, freedom=many)
    tick = tick_of_one(rows, number=START + age, population=Population())
    return float(detector._scores(profiles, tick).max())


@pytest.mark.parametrize(("apart", "even"), [(0.3, True), (0.6, True), (0.8, False), (1.1, False)])
def test_users_of_one_tool_who_differ_by_a_factor_of_three_are_not_even(
    apart: float, even: bool
) -> None:
    made = np.exp(np.random.default_rng(5).normal(np.log(250.0), apart, size=400)).astype(np.int64)
    assert (day_of(made, age=DAY // 2) > 0) == even


def test_who_has_only_just_begun_is_held_against_others_who_have() -> None:
    once = np.full(40, 6)
    assert day_of(once, age=DAY // 16) > 10.0
    assert day_of(once, age=DAY // 16 - 1) < 5.0
