import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest

from stream.bench.nab import load
from stream.bench.nab_scoring import PROFILES, Scored, all_profiles, at, best, rows_of

START = datetime(2026, 1, 1, tzinfo=UTC)
DATA = Path(os.environ.get("WEIR_DATA", Path(__file__).parents[4] / "shared" / "data")) / "nab"
NAMES = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")  # as the benchmark calls them


def a_file(alarms: list[int], *, rows: int = 1000, window: tuple[int, int] = (500, 599)) -> Scored:
    times = [START + timedelta(minutes=row) for row in range(rows)]
    scores = np.zeros(rows)
    scores[alarms] = 1.0
    return rows_of(times, scores, [(times[window[0]], times[window[1]])])


def test_silence_scores_zero() -> None:
    assert best([a_file([])], "standard").score == 0.0


def test_an_alarm_at_the_window_s_start_scores_all() -> None:
    result = best([a_file([500])], "standard")

    assert result.score == pytest.approx(100.0)
    assert (result.found, result.false_alarms) == (1, 0)


def test_the_later_in_the_window_the_less() -> None:
    early, late = (best([a_file([row])], "standard").score for row in (520, 590))

    assert 100.0 > early > late > 50.0


def test_only_the_earliest_alarm_of_a_window_counts() -> None:
    assert best([a_file([500, 550])], "standard") == best([a_file([500])], "standard")


def test_a_false_alarm_costs_more_where_they_are_to_be_few() -> None:
    rows = [a_file([300, 500])]

    assert at(rows, "standard", threshold=0.5).score == pytest.approx(100.0 * (1.89 / 2))
    assert at(rows, "low FP", threshold=0.5).score == pytest.approx(100.0 * (1.78 / 2))


def test_an_alarm_soon_after_the_window_costs_less_than_one_far_away() -> None:
    soon, far = (at([a_file([500, row])], "standard", threshold=0.5).score for row in (605, 950))

    assert soon > far


def test_nothing_counts_in_the_probation() -> None:
    assert at([a_file([100, 500])], "standard", threshold=0.5).false_alarms == 0


def test_the_best_threshold_leaves_false_alarms_below_it() -> None:
    file = a_file([500, 300])
    file.scores[300 - 150] = 0.5

    result = best([file], "standard")

    assert (result.threshold, result.false_alarms) == (1.0, 0)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the benchmark's data is not at {DATA}")
@pytest.mark.parametrize("detector", ["ARTime", "contextOSE", "randomCutForest"])
def test_the_published_scores_come_out_of_the_published_results(detector: str) -> None:
    series, windows = load(DATA)
    files = {}
    for name, (times, _) in series.items():
        category, file = name.split("/")
        path = DATA / "results_scores" / detector / category / f"{detector}_{file}.gz"
        with gzip.open(path, "rt") as lines:
            scores = np.array(lines.read().split()[1:], dtype=np.float64)
        files[name] = rows_of(times, scores, windows[name])
    published = orjson.loads((DATA / "results" / "final_results.json").read_bytes())[detector]

    results = all_profiles(files)

    for profile, name in zip(PROFILES, NAMES, strict=True):
        assert results[profile].score == pytest.approx(published[name], abs=0.005)
