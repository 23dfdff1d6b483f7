import math
import random

from detectors.sketches.series import Series, Verdict

#: Five minutes.
STEP = 300.0


def judged(values: list[float], series: Series | None = None, *, start: int = 0) -> list[Verdict]:
    series = series or Series()
    return [series.judge(value, (start + i) * STEP) for i, value in enumerate(values)]


def noise(count: int, *, seed: int = 1) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(100.0, 5.0) for _ in range(count)]


def alarms(verdicts: list[Verdict], *, p_value: float = 0.1) -> list[int]:
    return [i for i, verdict in enumerate(verdicts) if verdict.p_value <= p_value]


def test_a_level_never_seen_is_told_at_once() -> None:
    assert 3000 in alarms(judged(noise(3000) + [200.0] * 5))


def test_a_quiet_series_alarms_about_as_seldom_as_asked() -> None:
    found = sum(len(alarms(judged(noise(4000, seed=seed)))) for seed in range(3))

    assert found <= 3 * 4 * 2


def test_a_line_that_never_moved_and_moves_is_told() -> None:
    assert 500 in alarms(judged([7.0] * 500 + [8.0]))


def test_a_line_that_stays_is_never_told() -> None:
    assert alarms(judged([7.0] * 1000)) == []


def test_a_value_at_the_wrong_time_of_the_day_is_newer_than_at_its_own() -> None:
    day = [50.0 + 40.0 * math.sin(2 * math.pi * i / 288) for i in range(288)]
    wrong, right = Series(), Series()
    for series in (wrong, right):
        judged(day * 14, series)

        judged(day[:216], series, start=14 * 288)

    peak_at_night = judged([day[72]] * 3, wrong, start=14 * 288 + 216)
    night = judged(day[216:219], right, start=14 * 288 + 216)

    assert peak_at_night[-1].novelty > night[-1].novelty + 2.0


def test_what_stays_changed_is_told_once_and_then_at_rest() -> None:
    verdicts = judged(noise(2000) + [value + 80.0 for value in noise(1000, seed=2)])

    told = [i for i in alarms(verdicts) if i >= 2000]
    assert told[0] == 2000
    assert len(told) <= 4


def test_what_repeats_counts_for_less_each_time() -> None:
    values = noise(2000)
    for spike, place in enumerate((1000, 1400, 1800)):
        values[place] = 300.0 + spike * 50.0  # each a new height
    first, second, third = (judged(values)[place].score for place in (1000, 1400, 1800))

    assert first > second > third > 0.0


def test_nothing_that_follows_changes_a_verdict() -> None:
    values = noise(800)

    assert judged(values)[:500] == judged(values[:500])


def test_what_is_no_number_is_passed_over() -> None:
    with_gaps, without = Series(), Series()
    gap = with_gaps.judge(math.nan, 0.0)
    with_gaps.judge(math.inf, 0.0)

    assert (gap.score, gap.p_value) == (0.0, 1.0)
    assert judged(noise(50), with_gaps) == judged(noise(50), without)


def test_a_restart_changes_nothing() -> None:
    series, again = Series(), Series()
    judged(noise(1500), series)
    again.restore(series.snapshot())
    rest = [*noise(300, seed=3), 400.0]

    assert judged(rest, again, start=1500) == judged(rest, series, start=1500)
    assert again.snapshot() == series.snapshot()


def test_memory_is_bounded_however_long_a_series_grows() -> None:
    series = Series()
    sizes = []
    for part in range(4):
        judged([float(i) for i in range(part * 20_000, (part + 1) * 20_000)], series)
        sizes.append(len(series.snapshot()))

    assert max(sizes) < 2_000_000
