from typing import Unpack

import numpy as np
import pytest

from stream.bench.bursts import Bursts, Settings

CELL = np.array([[0]])


def watched(amounts: list[float], **settings: Unpack[Settings]) -> Bursts:
    bursts = Bursts(rows=1, width=1, **settings)
    for tick, amount in enumerate(amounts):
        bursts.advance(tick)
        bursts.learn(CELL, np.array([amount]))
    bursts.advance(len(amounts))
    return bursts


def nats(bursts: Bursts, count: float) -> float:
    return float(bursts.score(CELL, np.array([[count]]))[0])


def test_what_is_usual_scores_nothing() -> None:
    assert nats(watched([5.0] * 300), 5.0) < 1.0


def test_a_burst_scores_more_the_higher_it_is() -> None:
    bursts = watched([5.0] * 300)

    assert 10.0 < nats(bursts, 50.0) < nats(bursts, 100.0)


def test_a_flood_does_not_make_itself_usual() -> None:
    quiet = [1.0] * 1000
    guarded, open_to_all = watched(quiet + [500.0] * 50), watched(quiet + [500.0] * 50, guard=1e9)

    assert nats(guarded, 500.0) > 3.0 * nats(open_to_all, 500.0)


def test_a_changed_world_is_accepted_in_the_end() -> None:
    early, late = watched([1.0] * 500 + [12.0] * 50), watched([1.0] * 500 + [12.0] * 5000)

    assert nats(early, 12.0) > 30.0
    assert nats(late, 12.0) < 10.0


def test_what_is_bursty_by_habit_must_rise_further() -> None:
    steady, bursty = watched([2.0] * 400), watched([0.0, 0.0, 0.0, 8.0] * 100)

    assert nats(bursty, 60.0) < 0.5 * nats(steady, 60.0)


def test_a_slow_rise_shows_over_the_longer_horizons() -> None:
    assert nats(watched([1.0] * 2000 + [2.0] * 60), 2.0) > nats(
        watched([1.0] * 2000 + [2.0] * 60, horizons=(2.0,)),
        2.0,
    )


def test_a_late_tick_counts_to_the_one_in_progress() -> None:
    bursts, other = watched([1.0] * 100), watched([1.0] * 100)
    bursts.advance(3)

    assert nats(bursts, 9.0) == nats(other, 9.0)


@pytest.mark.parametrize("open_tick", [True, False])
def test_a_restart_changes_nothing(open_tick: bool) -> None:
    bursts = watched([1.0, 5.0, 0.0, 2.0] * 30)
    if open_tick:
        bursts.learn(CELL, np.array([7.0]))
    again = Bursts(rows=1, width=1)
    again.restore(bursts.snapshot())

    for tick in range(120, 130):
        bursts.advance(tick)
        again.advance(tick)
        assert nats(again, 20.0) == nats(bursts, 20.0)
        bursts.learn(CELL, np.array([3.0]))
        again.learn(CELL, np.array([3.0]))
    assert again.snapshot() == bursts.snapshot()
