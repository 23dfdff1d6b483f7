import numpy as np
import pytest

from detectors.core.profiles import Profiles
from detectors.sketches import mixture
from detectors.sketches.mixture import SLOTS, fold, shares


class One:
    """A table with one entity, and a clock."""

    def __init__(self) -> None:
        self.profiles = Profiles(capacity=4, columns=mixture.COLUMNS)
        self.row = int(self.profiles.rows_of(["a"], tick=1)[0])

    def ask(self, tick: int, *, hold: bool = False, **by_slot: int) -> int:
        counts = np.zeros((1, SLOTS), dtype=np.int64)
        for slot, count in by_slot.items():
            counts[0, int(slot[1:])] = count
        rows, held = np.array([self.row]), np.array([hold])
        return int(fold(self.profiles, rows, counts, tick=tick, hold=held)[0])


@pytest.fixture
def one() -> One:
    made = One()
    for minute in range(10):
        assert made.ask(1000 + 60 * minute, m1=10) == -1
    return made


def test_half_of_the_traffic_on_a_new_model_is_a_move(one: One) -> None:
    assert one.ask(1600, m1=5, m2=5) == 2


def test_a_first_try_of_a_model_never_used_is_a_move(one: One) -> None:
    assert one.ask(1600, m1=50, m2=1) == 2


def test_a_few_requests_to_a_model_used_now_and_then_are_no_move(one: One) -> None:
    one.ask(1600, m1=50, m2=1)
    assert one.ask(1600 + mixture.REPEAT, m1=50, m2=1) == -1


def test_somebody_without_a_history_does_not_move() -> None:
    assert One().ask(1000, m1=4) == -1


def test_what_was_usual_before_is_no_move(one: One) -> None:
    for minute in range(10):
        one.ask(1600 + 60 * minute, m1=8, m2=2)
    assert one.ask(2300, m2=50) == -1


def test_the_same_move_is_told_once_an_hour(one: One) -> None:
    assert one.ask(1600, m2=5) == 2
    assert one.ask(1601, m2=5) == -1


def test_all_other_models_together_are_nothing_to_move_to(one: One) -> None:
    assert one.ask(1600, m0=50) == -1


def test_what_is_held_back_is_lately_but_never_usual(one: One) -> None:
    one.ask(1600, hold=True, m2=100)
    lately, usually = shares(one.profiles, one.row)
    assert lately[2] > 0.8
    assert usually[2] == 0


def test_shares_of_somebody_unknown_are_zero() -> None:
    made = One()
    lately, usually = shares(made.profiles, made.row)
    assert lately.sum() == usually.sum() == 0
