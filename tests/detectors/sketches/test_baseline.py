import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.profiles import Profiles
from detectors.sketches.baseline import Baseline, Usual


def taught(values: list[float], *, others: float = 1.0) -> tuple[Baseline, Profiles]:
    baseline = Baseline("x")
    profiles = Profiles(capacity=50, columns=baseline.columns)
    rows = profiles.rows_of([f"n{i}" for i in range(20)], tick=1)
    for value in values:
        all_values = np.full((20, 1), others)
        all_values[0] = value
        baseline.learn(profiles, rows, all_values, np.ones((20, 1), dtype=bool))
    return baseline, profiles


def surprise(baseline: Baseline, profiles: Profiles, value: float, *, of: str = "n0") -> float:
    rows = profiles.rows_of([of], tick=1)
    asked = np.ones((1, 1), dtype=bool)
    return float(baseline.surprise(profiles, rows, np.array([[value]]), where=asked)[0, 0])


def test_what_an_entity_always_did_is_expected() -> None:
    baseline, profiles = taught([5.0] * 30, others=1.0)
    assert surprise(baseline, profiles, 5.0) < 1.5
    assert surprise(baseline, profiles, 5.0, of="n1") > 5


def test_somebody_new_is_taken_for_one_of_the_population() -> None:
    baseline, profiles = taught([1.0] * 30)
    expected = baseline.expect(profiles, profiles.rows_of(["new"], tick=1))[0, 0]
    assert expected == pytest.approx(1.0, abs=0.05)


def test_the_more_is_known_the_more_a_rise_says() -> None:
    few, many = taught([1.0] * 2), taught([1.0] * 40)
    assert surprise(*many, 5.0) > surprise(*few, 5.0)


def test_a_wild_entity_must_rise_further() -> None:
    calm, wild = taught([3.0] * 40), taught([1.0, 5.0] * 20)
    assert surprise(*calm, 6.0) > surprise(*wild, 6.0)


def test_what_was_not_taught_is_not_learned() -> None:
    baseline, profiles = taught([1.0] * 5)
    before = {name: array.copy() for name, array in profiles._columns.items()}
    state = baseline.snapshot()
    rows = profiles.rows_of(["n0"], tick=1)
    baseline.learn(profiles, rows, np.array([[9.0]]), np.array([[False]]))
    assert baseline.snapshot() == state
    assert all(np.array_equal(before[name], profiles[name]) for name in before)


@given(st.floats(0, 50))
def test_surprise_rises_with_the_value(value: float) -> None:
    baseline, profiles = taught([1.0, 2.0, 1.5] * 5)
    assert surprise(baseline, profiles, value + 0.5) >= surprise(baseline, profiles, value) >= 0


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.floats(-1e6, 1e6))
def test_a_restored_mean_goes_on_alike(values: list[float], later: float) -> None:
    usual = Usual(fading=0.01)
    for value in values:
        usual.update(value)
    back = Usual(fading=0.01, state=usual.state)
    usual.update(later)
    back.update(later)
    assert back.state == usual.state


def test_a_restored_baseline_expects_the_same() -> None:
    baseline, profiles = taught([1.0, 2.0, 7.0])
    back = Baseline("x")
    back.restore(baseline.snapshot())
    assert surprise(back, profiles, 9.0) == surprise(baseline, profiles, 9.0)
