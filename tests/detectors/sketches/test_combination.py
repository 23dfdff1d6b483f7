from hypothesis import given
from hypothesis import strategies as st

from detectors.sketches.combination import harmonic, together

NATS = st.lists(st.floats(0.0, 600.0), min_size=1, max_size=12)


@given(NATS)
def test_alike_signals_together_are_never_stronger_than_the_strongest(nats: list[float]) -> None:
    assert harmonic(nats) <= max(nats) + 1e-9


@given(NATS)
def test_different_signals_never_count_more_than_if_they_were_independent(
    nats: list[float],
) -> None:
    assert 0.0 <= together(nats) <= sum(nats) + 1e-9


@given(st.floats(8.0, 300.0), st.integers(2, 6))
def test_strong_signals_that_agree_say_more_than_one_of_them(nats: float, count: int) -> None:
    assert together([nats] * count) > nats
