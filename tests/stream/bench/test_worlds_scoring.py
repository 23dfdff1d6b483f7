from dataclasses import replace

import numpy as np
import pytest

from stream.bench.worlds.raised import Raised
from stream.bench.worlds.scoring import Score, score
from stream.bench.worlds.truth import Truth

HOUR = 3_600.0
TRUTH = Truth(
    start=0.0,
    end=6 * HOUR,
    members={"c1": 100.0, "c2": 130.0, "c3": 2 * HOUR, "h1": 3 * HOUR, "h2": 5.5 * HOUR},
    idle=frozenset({"c9"}),
    benign={"b1": "person", "b2": "person", "b3": "office"},
    heirs=frozenset({"h1", "h2"}),
    times=np.array([100.0, 110.0, 130.0, 400.0, 5_000.0]),
    begins=105.0,
    pivot=(4 * HOUR, "epsilon"),
)


def alert(ts: float, *accounts: str, **more: str) -> Raised:
    return Raised(ts=ts, accounts=list(accounts), detector="d", **more)


def scored(*raised: Raised, truth: Truth = TRUTH) -> Score:
    return score(raised, truth)


def test_recall_precision_and_false_positives_count_accounts_once() -> None:
    result = scored(alert(1.0, "c1", "c2", "b1"), alert(2.0, "c1", "b1"))

    assert (result.found, result.campaign) == (2, 5)
    assert (result.named, result.benign) == (1, 3)
    assert result.recall == pytest.approx(0.4)
    assert result.precision == pytest.approx(2 / 3)
    assert result.false_positive_rate == pytest.approx(1 / 3)
    assert result.by_class == {"office": (0, 1), "person": (1, 2)}


def test_an_alert_is_wrong_when_half_of_its_accounts_or_more_are_benign() -> None:
    result = scored(
        alert(1.0, "c1", "c2", "b1"), alert(1.0, "c1", "b1"), alert(1.0, "b2", severity="high")
    )

    assert (result.alerts, result.wrong, result.wrong_medium) == (3, 2, 1)
    assert result.wrong_a_day == pytest.approx(8.0)
    assert result.wrong_a_thousand == pytest.approx(8.0 / 3 * 1_000)
    assert result.wrong_medium_a_thousand == pytest.approx(4.0 / 3 * 1_000)


def test_a_campaign_account_that_extracted_nothing_is_neither_find_nor_error() -> None:
    result = scored(alert(1.0, "c9"))

    assert (result.found, result.named, result.wrong) == (0, 0, 0)


def test_an_alert_about_no_account_is_neither_right_nor_wrong() -> None:
    result = scored(alert(200.0))

    assert (result.alerts, result.wrong, result.first_alert) == (1, 0, None)


def test_the_first_alert_is_the_first_right_one_and_counts_requests_until_then() -> None:
    result = scored(alert(106.0, "b1"), alert(465.0, "c1"), alert(6_000.0, "c2"))

    assert result.first_alert == pytest.approx(360.0)
    assert result.first_requests == pytest.approx(2.0)


def test_a_pivot_alert_must_be_about_the_pivot_that_happened_and_come_after_it() -> None:
    pivot = {"signal": "pivot", "summary": "20 accounts moved to epsilon"}
    before = alert(3 * HOUR, "c1", **pivot)
    other = alert(4 * HOUR + 5, "c1", signal="pivot", summary="20 accounts moved to delta")
    rate = alert(4 * HOUR + 5, "c1", signal="rate", summary="epsilon")
    told = alert(4 * HOUR + 9, "c1", **pivot)

    assert scored(before, other, rate).pivot_alert is None
    assert scored(before, other, rate, told).pivot_alert == pytest.approx(9.0)


def test_a_time_arises_where_there_was_something_to_tell() -> None:
    still = scored(truth=replace(TRUTH, pivot=None))

    assert not still.arises("pivot_alert")
    assert still.arises("first_alert")
    assert scored().arises("pivot_alert")


def test_only_heirs_that_could_be_watched_for_the_time_count() -> None:
    in_time, late = alert(3 * HOUR + 60, "h1", "h2"), alert(4 * HOUR + 60, "h1")

    assert (scored(in_time).heirs_1h_found, scored(in_time).heirs_1h) == (1, 1)
    assert (scored(late).heirs_1h_found, scored(late).heirs_1h) == (0, 1)
    assert scored(in_time).heirs_24h is None


def test_accounts_that_were_not_looked_at_count_for_nothing() -> None:
    alerts = [alert(1.0, "c1", "b1"), alert(1.0, "b1")]

    result = score(alerts, TRUTH, covers=lambda name: name in ("c1", "b2"))

    assert (result.found, result.campaign, result.named, result.benign) == (1, 1, 0, 1)
    assert (result.alerts, result.wrong) == (1, 0)


def test_without_a_campaign_every_alert_about_accounts_is_wrong() -> None:
    quiet = Truth(start=0.0, end=24 * HOUR, benign={"b1": "person"})

    result = scored(alert(5.0, "b1"), truth=quiet)

    assert (result.recall, result.precision, result.first_alert) == (None, None, None)
    assert (result.wrong, result.heirs_1h) == (1, None)
