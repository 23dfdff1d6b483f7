"""Accounts are judged among those of their own plan, once enough is known of it."""

from typing import ClassVar

import msgspec
import numpy as np
import pytest

from detectors.core.account_level import AccountLevel
from detectors.core.calibration import ENOUGH
from detectors.core.detector import Floats, Tick
from detectors.core.plans import MOST_PLANS
from detectors.core.profiles import Profiles
from detectors.core.records import Lifecycle, Request
from detectors.core.segmented import Segmented
from tests.detectors.traffic import EPOCH, Loud, account_level, batch, feed, request, settings

ACCOUNTS, ROUNDS, ODD = 100, 8, 11


class Scored(Loud):
    """Scores an account by its tokens."""

    name: ClassVar[str] = "scored"

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        return tick.tokens.astype(np.float64)


def level_of_scored() -> AccountLevel:
    return AccountLevel(
        partition=0, partitions=1, settings=settings(capacity=1000), detectors=[Scored()]
    )


def history(plans: dict[str, int]) -> list[Request]:
    """Return ten-minute rounds in which each account of a plan scores what that plan does."""
    return [
        request(
            f"{plan}-{number}-{turn}",
            at=600 * turn,
            account=f"{plan}-{number}",
            plan=plan,
            input_tokens=score,
        )
        for turn in range(ROUNDS)
        for plan, score in plans.items()
        for number in range(ACCOUNTS)
    ]


def told(level: AccountLevel, requests: list[Request]) -> set[str]:
    return {account for alert in feed(level, requests).alerts for account in alert.accounts}


def last(*, plan: str | None, account: str) -> Request:
    return request("last", at=600 * ROUNDS + 60, account=account, plan=plan, input_tokens=ODD)


@pytest.mark.parametrize(
    ("plan", "account", "found"),
    [
        ("free", "free-7", {"free-7"}),
        (None, "free-7", {"free-7"}),
        ("enterprise", "enterprise-7", set()),
        ("education", "school", set()),
        (None, "nobody", set()),
    ],
    ids=["odd in its plan", "said before", "usual in its plan", "a plan hardly seen", "no plan"],
)
def test_an_account_is_judged_among_those_of_its_plan(
    plan: str | None, account: str, found: set[str]
) -> None:
    past = history({"free": 0, "enterprise": ODD})
    assert told(level_of_scored(), [*past, last(plan=plan, account=account)]) == found


@pytest.mark.parametrize(("event", "account"), [("created", "new"), ("payment", "enterprise-7")])
def test_a_lifecycle_record_says_the_plan_too(event: str, account: str) -> None:
    level = level_of_scored()
    feed(level, history({"free": 0, "enterprise": ODD}))
    record = {"kind": "lifecycle", "ts": EPOCH, "account": account, "event": event, "plan": "free"}
    level.live(msgspec.convert(record, Lifecycle), EPOCH + 600.0 * ROUNDS, offset=0)
    later = batch([last(plan=None, account=account)], first=10_000)
    alerts = level.process(later).alerts + level.pause(idle=True).alerts
    assert [alert.accounts for alert in alerts] == [[account]]


def test_what_is_known_of_each_plan_comes_back_with_a_checkpoint() -> None:
    level = level_of_scored()
    feed(level, history({"free": 0, "enterprise": ODD}))
    checkpoint = level.checkpoint()
    assert checkpoint is not None
    again = level_of_scored()
    again.restore(checkpoint.segments, checkpoint.manifest)
    assert again.plans == level.plans
    calibration = again.calibrations["scored", "account"]
    usual = {name: calibration.of(number).p_value(ODD) for name, number in again.plans.items()}
    assert usual["free"] < 1e-4 < 0.5 < usual["enterprise"]


def test_plans_without_end_are_one_segment_after_the_first() -> None:
    level = account_level()
    feed(level, [request(n, at=n, account=f"a{n}", plan=f"plan {n}") for n in range(100)])
    assert level.plans.names == [f"plan {n}" for n in range(MOST_PLANS)]
    assert level.profiles["segment"].max() == MOST_PLANS


def test_the_limit_is_that_of_all_so_that_the_segments_keep_to_the_budget() -> None:
    calibration = Segmented()
    scores, segments = np.zeros(4000), np.repeat([1, 2], 2000)
    calibration.observe_each(scores, segments, tick=86_400)
    assert calibration.windows == pytest.approx(4000)
    assert [own.windows for _, own in calibration.segments] == [2000, 2000]
    assert calibration.of(1).windows >= ENOUGH
    limit = calibration.limit(alerts_per_day=1.0, tick=2 * 86_400)
    assert limit == pytest.approx(1 / 4000)
