import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from detectors.sketches.proportion import at_least


def nats(count: float, of: float, rate: float, correlation: float = 0.0) -> float:
    return float(
        at_least(np.array([count]), of=np.array([of]), rate=rate, correlation=correlation)[0]
    )


@pytest.mark.parametrize(("count", "of", "rate"), [(1, 5, 0.1), (3, 10, 0.05), (40, 1000, 0.03)])
def test_without_correlation_it_is_the_binomial_tail(count: int, of: int, rate: float) -> None:
    assert nats(count, of, rate) == pytest.approx(-np.log(binom.sf(count - 1, of, rate)))


@given(
    of=st.floats(1, 1e5), part=st.floats(0, 1), rate=st.floats(0, 1), correlation=st.floats(0, 1)
)
def test_it_is_a_number_and_never_below_zero(
    of: float, part: float, rate: float, correlation: float
) -> None:
    value = nats(part * of, of, rate, correlation)
    assert np.isfinite(value)
    assert value >= 0


@given(of=st.floats(2, 1000), rate=st.floats(0.01, 0.5), correlation=st.floats(0, 0.3))
def test_more_of_the_same_number_are_more_surprising(
    of: float, rate: float, correlation: float
) -> None:
    values = [nats(part * of, of, rate, correlation) for part in (0.1, 0.4, 0.7, 1.0)]
    assert values == sorted(values)


def test_members_that_do_alike_say_less() -> None:
    assert nats(20, 20, 0.05, 0.1) < nats(20, 20, 0.05) / 2
