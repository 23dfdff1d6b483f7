import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.calibration import DAY, Calibration
from detectors.core.detector import Floats

START = 1_767_225_600


def days(
    calibration: Calibration, *, count: int, scale: float, scoring: float, budget: float
) -> list[int]:
    """False alerts on each of some benign days of 1,000 entities, fed as a level does."""
    random = np.random.default_rng(11)
    alerts = []
    tick = START
    for _ in range(count):
        day = 0
        for _ in range(144):
            scores = random.exponential(scale, 1000)
            scores[random.random(1000) >= scoring] = 0.0
            limit = calibration.limit(alerts_per_day=budget, tick=tick)
            raised = scores > calibration.score_at(limit)
            day += int(raised.sum())
            tick += 600
            calibration.observe(scores[~raised], tick=tick)
        alerts.append(day)
    return alerts


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("scoring", [1.0, 0.3])
def test_benign_days_stay_near_the_budget(scale: float, scoring: float) -> None:
    first, *later = days(Calibration(), count=5, scale=scale, scoring=scoring, budget=10.0)
    assert first <= 40
    assert sum(later) / len(later) <= 25


def test_honest_scores_give_about_as_many_alerts_as_the_budget_allows() -> None:
    later = days(Calibration(), count=5, scale=1.0, scoring=1.0, budget=10.0)[1:]
    assert 4 <= sum(later) / len(later) <= 20


@pytest.mark.parametrize("scoring", [0.0, 1e-5])
def test_where_hardly_anything_scores_a_low_score_is_no_alert(scoring: float) -> None:
    calibration = Calibration()
    days(calibration, count=4, scale=0.5, scoring=scoring, budget=1.0)
    limit = calibration.limit(alerts_per_day=100.0, tick=START + 4 * DAY)
    assert calibration.score_at(limit) > 5


def test_the_first_scores_of_a_deployment_must_be_far_out() -> None:
    calibration = Calibration()
    limit = calibration.limit(alerts_per_day=1.0, tick=START)
    assert calibration.p_value(15.0) > limit
    assert calibration.p_value(30.0) < limit


observed = st.lists(st.floats(0, 100), max_size=200)


def seen(scores: list[float]) -> Calibration:
    calibration = Calibration()
    values: Floats = np.array(scores, dtype=np.float64)
    calibration.observe(values, tick=START)
    return calibration


@given(scores=observed, p_value=st.floats(1e-12, 1.0))
def test_the_score_of_a_p_value_is_at_least_as_odd(scores: list[float], p_value: float) -> None:
    calibration = seen(scores)
    assert calibration.p_value(calibration.score_at(p_value)) <= p_value * (1 + 1e-9)


@given(scores=observed, one=st.floats(0, 80), other=st.floats(0, 80))
def test_a_higher_score_is_never_less_odd(scores: list[float], one: float, other: float) -> None:
    calibration = seen(scores)
    low, high = sorted([one, other])
    assert 0 < calibration.p_value(high) <= calibration.p_value(low) <= 1


@given(scores=observed, score=st.floats(0, 80))
def test_a_restored_calibration_says_the_same(scores: list[float], score: float) -> None:
    calibration, back = seen(scores), Calibration()
    back.restore(calibration.snapshot())
    later = np.array([score])
    for one in (calibration, back):
        one.observe(later, tick=START + 3 * DAY)
    assert back.p_value(score) == calibration.p_value(score)
    assert back.snapshot() == calibration.snapshot()
    limits = [c.limit(alerts_per_day=1, tick=START + 4 * DAY) for c in (back, calibration)]
    assert limits[0] == limits[1]


def test_old_windows_fade() -> None:
    calibration = seen([1.0] * 100)
    calibration.observe(np.array([]), tick=START + 7 * DAY)
    assert calibration.windows == pytest.approx(50.0)
