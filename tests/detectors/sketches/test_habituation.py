from detectors.sketches.habituation import Habituation


def test_the_first_is_let_through_whole() -> None:
    assert Habituation().judge(50.0) == 50.0


def test_what_follows_at_once_is_held_back_unless_far_stronger() -> None:
    habituation = Habituation(rest=10, louder=4.0)
    habituation.judge(50.0)

    assert habituation.judge(150.0) == 0.0
    assert habituation.judge(201.0) == 201.0


def test_after_the_rest_the_same_counts_for_half() -> None:
    habituation = Habituation(rest=3, memory=1e9)

    assert [round(habituation.judge(50.0), 3) for _ in range(7)] == [50, 0, 0, 25, 0, 0, 16.667]


def test_what_was_far_weaker_before_takes_nothing_off() -> None:
    habituation = Habituation(rest=1)
    habituation.judge(10.0)

    assert habituation.judge(100.0) == 100.0


def test_what_is_long_ago_is_forgotten() -> None:
    habituation = Habituation(rest=1, memory=10.0)
    habituation.judge(50.0)
    for _ in range(1000):
        habituation.judge(0.0)

    assert habituation.judge(50.0) > 49.999
    assert len(habituation.snapshot()[2]) == 1
