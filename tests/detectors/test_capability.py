"""What the detector makes of groups that ask for something."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from detectors.capability import MOST_NATS, Capability
from detectors.core.checks import EPOCH, Course
from detectors.core.records import Request

GRADE = "Score the answer below from 1 to 10 against the rubric and justify every point: {}"
CHAT = "What should we cook for the children on a rainy day in the garden, number {}"
CUE = " Let's think step by step and explain the reasoning."
HOUR = 3600


def asking(
    accounts: Sequence[str], text: str, *, start: float, end: float, every: float, proxy: str | None
) -> list[Request]:
    """Each account asks the same kind of thing at an even pace, one after the other."""
    made = []
    for place, account in enumerate(accounts):
        at = start + every * place / len(accounts)
        while at < end:
            number = f"{account}-{at:.1f}"
            made.append(
                Request(
                    id=number,
                    ts=EPOCH + at,
                    account=account,
                    model="opus",
                    proxy=proxy or f"home-{account}",
                    prompt=text.format(number),
                )
            )
            at += every
    return made


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}-{number}" for number in range(count)]


def town(end: float) -> list[Request]:
    """Sixty people, and eight offices of six."""
    made = asking(names("p", 60), CHAT, start=0, end=end, every=900, proxy=None)
    for office in range(8):
        clerks = names(f"clerk-{office}", 6)
        made += asking(clerks, CHAT, start=0, end=end, every=600, proxy=f"office-{office}")
    return made


def scores(requests: list[Request], *, proxy: str, since: float = 0) -> list[float]:
    course = Course(Capability)
    course.read(sorted(requests, key=lambda r: float(r.ts)))
    name = f"proxy:{proxy}"
    return [score for who, tick, score in course.scores if who == name and tick >= EPOCH + since]


def test_accounts_that_all_ask_for_what_few_ask_for_stand_out() -> None:
    farm = asking(names("farm", 20), GRADE, start=HOUR, end=2 * HOUR, every=600, proxy="hydra")
    assert max(scores(town(2 * HOUR) + farm, proxy="hydra")) == pytest.approx(MOST_NATS)


def test_one_busy_account_does_not_make_a_group_stand_out() -> None:
    others = asking(names("o", 12), CHAT, start=0, end=2 * HOUR, every=600, proxy="hydra")
    busy = asking(["busy"], GRADE, start=0, end=2 * HOUR, every=5, proxy="hydra")
    assert max(scores(town(2 * HOUR) + others + busy, proxy="hydra")) < 1.0


def test_a_group_that_turns_to_something_else_stands_out_against_its_own_past() -> None:
    # Elsewhere so many ask for it that it is nothing by itself.
    world = town(9 * HOUR)
    for office in range(8):
        graders = names(f"g-{office}", 6)
        world += asking(graders, GRADE, start=0, end=9 * HOUR, every=900, proxy=f"lab-{office}")
    turn = 8 * HOUR
    desks = names("desk", 20)
    before = asking(desks, CHAT, start=0, end=turn, every=400, proxy="firm")
    after = asking(desks, GRADE, start=turn, end=9 * HOUR, every=200, proxy="firm")
    assert max(scores(world + before, proxy="firm")) < 1.0
    assert max(scores(world + before + after, proxy="firm", since=turn)) > 6.0


def test_where_many_groups_do_nothing_else_one_more_is_no_surprise() -> None:
    world = town(6 * HOUR)
    for office in range(6):
        tutors = names(f"t-{office}", 6)
        world += asking(tutors, GRADE, start=0, end=6 * HOUR, every=900, proxy=f"school-{office}")
    late = asking(names("late", 12), GRADE, start=4 * HOUR, end=6 * HOUR, every=600, proxy="hydra")
    assert max(scores(world + late, proxy="hydra")) < 6.9


def test_cues_for_steps_in_ordinary_prompts_are_no_signal() -> None:
    cued = asking(names("c", 20), CHAT + CUE, start=HOUR, end=2 * HOUR, every=300, proxy="office")
    assert max(scores(town(2 * HOUR) + cued, proxy="office")) < 1.0


def test_no_budget_makes_it_an_alert_by_itself() -> None:
    farm = asking(names("farm", 40), GRADE, start=HOUR, end=3 * HOUR, every=300, proxy="hydra")
    course = Course(Capability)
    for level in (course.accounts, course.groups):
        level.settings = replace(level.settings, alerts_per_day=100_000.0)
    course.read(sorted(town(3 * HOUR) + farm, key=lambda r: float(r.ts)))
    assert course.alerts
    assert {alert.severity for alert in course.alerts} == {"info"}


def test_it_names_who_is_after_it_and_no_bystander() -> None:
    farm = asking(names("farm", 20), GRADE, start=HOUR, end=2 * HOUR, every=300, proxy="hydra")
    strangers = asking(names("s", 6), CHAT, start=0, end=2 * HOUR, every=600, proxy="hydra")
    course = Course(Capability)
    course.read(sorted(town(2 * HOUR) + farm + strangers, key=lambda r: float(r.ts)))
    named = {a for alert in course.alerts for a in alert.accounts if alert.entity.value == "hydra"}
    assert named == set(names("farm", 20))
    assert {alert.capability for alert in course.alerts} == {"rubric_grading"}
