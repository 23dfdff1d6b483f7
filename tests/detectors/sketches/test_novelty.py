import math

from hypothesis import given
from hypothesis import strategies as st

from detectors.sketches.novelty import MOST, STEPS, Novelty, Values

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(values=NUMBERS, asked=st.floats(-1e6, 1e6))
def test_the_nearest_is_right_to_a_step_of_the_range(values: list[float], asked: float) -> None:
    kept = Values()
    for value in values:
        kept.add(value)

    exact = min(abs(value - asked) for value in values)
    assert exact <= kept.nearest(asked) <= exact + (max(values) - min(values)) / STEPS + 1e-6


def test_values_stay_sorted_and_few() -> None:
    kept = Values()
    for i in range(20_000):
        kept.add(float(i * i * (-1) ** i))

    assert kept.kept == sorted(kept.kept)
    assert len(kept.kept) <= MOST


def test_a_value_seen_before_is_not_new() -> None:
    novelty = Novelty(usual=0.01)
    for value in range(50):
        novelty.judge(value)

    assert novelty.judge(25.0) == 0.0


def test_the_farther_the_newer() -> None:
    near, far = Novelty(usual=0.01), Novelty(usual=0.01)
    for value in range(50):
        near.judge(value)
        far.judge(value)

    assert 0.0 < near.judge(60.0) < far.judge(100.0)


def test_a_series_that_is_always_new_must_show_something_newer() -> None:
    calm, restless = Novelty(usual=0.01), Novelty(usual=0.01)
    for i in range(3000):
        calm.judge(float(i % 10))
        restless.judge(math.sin(i) * 1.002**i)

    assert restless.compare(5.0) < calm.compare(5.0)
