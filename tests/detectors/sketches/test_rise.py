import numpy as np
import pytest

from detectors.sketches.decayed import Floats
from detectors.sketches.rise import Rise

RISE = Rise()


def usual(rate: float, *, ticks: int = 1000) -> Floats:
    return np.array([[rate * ticks, rate * rate * ticks]])


def nats(count: float, rate: float, *, least: float = 0.0) -> float:
    present = np.full((1, len(RISE.horizons)), count)
    return float(RISE.nats(present, usual(rate), ticks=1000, least=least).max())


def test_a_count_as_usual_is_no_surprise() -> None:
    assert nats(2.0, 1.0) < 0.01


def test_what_all_others_show_is_expected_at_least() -> None:
    assert nats(30.0, 0.01) > 50.0
    assert nats(30.0, 0.01, least=25.0) < 1.0


@pytest.mark.parametrize(("here", "taught"), [(1.0, 1.0), (500.0, 40.0)])
def test_a_flood_teaches_little_and_a_tick_as_usual_all(here: float, taught: float) -> None:
    before = usual(1.0)
    lately = np.full((1, 3), here)

    after = RISE.taught(np.array([here]), lately, before, ticks=1000)

    assert (after - before)[0, 0] == pytest.approx(taught, rel=0.02)


def test_counts_fade_by_one_part_of_the_horizon_each_tick() -> None:
    lately, _ = RISE.faded(np.full((1, 3), 100.0), usual(1.0), elapsed=np.array([1]))

    assert lately[0] == pytest.approx([50.0, 90.0, 98.0])
