import numpy as np
import pytest

from detectors.sketches.crowding import Crowding


def learned(crowds: list[float], alone: float, *, partitions: int = 1) -> Crowding:
    crowding = Crowding()
    for _ in range(partitions):
        crowding.look(np.array(crowds), alone=alone, partitions=partitions)
    return crowding


@pytest.mark.parametrize("drawn", [8, 64, 400])
def test_as_many_meet_as_do_when_they_are_drawn(drawn: int) -> None:
    crowds, alone = [3] * 100 + [40] * 10 + [300], 800
    group = np.repeat(np.arange(len(crowds) + alone), [*crowds, *[1] * alone])
    chance = np.random.default_rng(1)
    parts = []
    for _ in range(300):
        _, counts = np.unique(chance.choice(group, drawn, replace=False), return_counts=True)
        parts.append((counts > 1).mean())
    expected = learned([float(c) for c in crowds], alone).met(np.array([float(drawn)]))[0]
    assert expected == pytest.approx(np.mean(parts), rel=0.15, abs=0.005)


def test_where_nobody_shares_nobody_meets() -> None:
    assert learned([], 500.0).met(np.array([2.0, 100.0])).tolist() == [0.0, 0.0]


def test_before_the_first_look_nothing_is_expected() -> None:
    assert Crowding().met(np.array([10.0])).tolist() == [0.0]


def test_a_partition_of_many_tells_what_one_of_all_does() -> None:
    whole = learned([30.0] * 8, 400.0)
    part = learned([30.0] * 2, 100.0, partitions=4)
    assert part.parts == pytest.approx(whole.parts)


def test_an_hour_of_a_campaign_hardly_changes_what_a_day_taught() -> None:
    crowding = learned([2.0] * 100, 1000.0)
    for _ in range(1440):
        crowding.look(np.array([2.0] * 100), alone=1000.0, partitions=1)
    before = crowding.met(np.array([64.0]))[0]
    for _ in range(60):
        crowding.look(np.array([2.0] * 100 + [12.0] * 40), alone=1000.0, partitions=1)
    assert crowding.met(np.array([64.0]))[0] < 2 * before + 0.02


def test_what_was_learned_outlives_a_restart() -> None:
    crowding, back = learned([5.0, 7.0], 20.0), Crowding()
    back.restore(crowding.snapshot())
    assert back.parts == crowding.parts
    assert back.looks == 1
