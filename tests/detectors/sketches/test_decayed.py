import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.sketches.decayed import fade, presence


@given(first=st.integers(0, 1000), second=st.integers(0, 1000), value=st.floats(0, 1e9))
def test_fading_twice_is_fading_once_for_as_long(first: int, second: int, value: float) -> None:
    once = fade(np.array([value]), elapsed=np.array([first + second]), horizon=60.0)
    half = fade(np.array([value]), elapsed=np.array([first]), horizon=60.0)
    twice = fade(half, elapsed=np.array([second]), horizon=60.0)
    assert twice[0] == pytest.approx(once[0])


def test_every_column_of_a_row_fades_alike() -> None:
    faded = fade(np.ones((2, 3)), elapsed=np.array([0, 60]), horizon=60.0)
    assert faded[0].tolist() == [1.0, 1.0, 1.0]
    assert faded[1].tolist() == pytest.approx([np.exp(-1)] * 3)


@pytest.mark.parametrize("every", [1, 10, 100])
def test_entities_that_keep_coming_count_as_one_each(every: int) -> None:
    count, horizon = 0.0, 300.0
    for visit in range(3000 // every):
        elapsed = np.array([10**9 if visit == 0 else every])
        count = count * float(np.exp(-every / horizon)) if visit else 0.0
        count += float(presence(elapsed, horizon=horizon)[0])
    assert count == pytest.approx(1.0)
