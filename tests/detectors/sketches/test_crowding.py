import numpy as np
import pytest

from detectors.sketches.crowding import DRAWN, Crowd, Crowding


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
    expected = learned([float(c) for c in crowds], alone).crowd.part(np.array([float(drawn)]))[0]
    assert expected == pytest.approx(np.mean(parts), rel=0.15, abs=0.005)


@pytest.mark.parametrize(("one", "other"), [(8, 8), (16, 128), (256, 256)])
def test_two_draws_share_as_many_groups_as_expected(one: int, other: int) -> None:
    crowds, alone = [3] * 100 + [40] * 10 + [300], 800
    group = np.repeat(np.arange(len(crowds) + alone), [*crowds, *[1] * alone])
    chance = np.random.default_rng(2)
    shared = []
    for _ in range(400):
        drawn = chance.choice(group, one + other, replace=False)
        shared.append(len(np.intersect1d(drawn[:one], drawn[one:])))
    expected = learned([float(c) for c in crowds], alone).crowd.common(np.array([one]), other)[0]
    assert expected == pytest.approx(np.mean(shared), rel=0.1, abs=0.2)


def test_the_closest_of_several_crowds_is_where_they_meet_most() -> None:
    crowds = [learned(c, 400.0).crowd for c in ([30.0] * 8, [4.0] * 60)]
    closest = Crowd.closest(crowds)
    assert closest is not None
    assert closest.part(DRAWN) == pytest.approx(np.maximum(*(c.part(DRAWN) for c in crowds)))
    assert Crowd.closest([]) is None


def test_where_nobody_shares_nobody_meets() -> None:
    assert learned([], 500.0).crowd.part(np.array([2.0, 100.0])).tolist() == [0.0, 0.0]


def test_before_the_first_look_nothing_is_expected() -> None:
    assert Crowding().crowd.part(np.array([10.0])).tolist() == [0.0]


def test_a_partition_of_many_tells_what_one_of_all_does() -> None:
    whole = learned([30.0] * 8, 400.0)
    part = learned([30.0] * 2, 100.0, partitions=4)
    assert part.crowd.part(DRAWN) == pytest.approx(whole.crowd.part(DRAWN))


def test_an_hour_of_a_campaign_hardly_changes_what_a_day_taught() -> None:
    crowding = learned([2.0] * 100, 1000.0)
    for _ in range(1440):
        crowding.look(np.array([2.0] * 100), alone=1000.0, partitions=1)
    before = crowding.crowd.part(np.array([64.0]))[0]
    for _ in range(60):
        crowding.look(np.array([2.0] * 100 + [12.0] * 40), alone=1000.0, partitions=1)
    assert crowding.crowd.part(np.array([64.0]))[0] < 2 * before + 0.02


def test_what_was_learned_outlives_a_restart() -> None:
    crowding, back = learned([5.0, 7.0], 20.0), Crowding()
    back.restore(crowding.snapshot())
    assert back.crowd == crowding.crowd
    assert back.looks == 1
