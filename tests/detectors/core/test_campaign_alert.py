import json
from itertools import pairwise
from pathlib import Path

import jsonschema
import msgspec
import pytest

from detectors.core.campaign_alert import (
    MOST_BYTES,
    MOST_ENTITIES,
    MOST_LOOKS,
    MOST_MEMBERS,
    pivot_of,
)
from detectors.core.campaigns import HISTORY
from detectors.core.moves import Pivot
from detectors.core.records import Alert, Evidence, Places
from detectors.core.succession import regrowth_of
from tests.detectors.course import Course, accounts, alert, restarted
from tests.detectors.traffic import EPOCH, settings
from tests.test_scenarios import HERE as SCENARIOS
from tests.test_scenarios import run

HOUR = 3600
CONTRACT = json.loads(
    (Path(__file__).parents[2] / "contracts" / "alert.schema.json").read_text(encoding="utf-8")
)


def fits(told: Alert) -> bool:
    """Whether an alert is what the contract says, and not too large."""
    encoded = msgspec.json.encode(told)
    jsonschema.Draft202012Validator(CONTRACT).validate(json.loads(encoded))
    return len(encoded) <= MOST_BYTES


def seen(told: Alert) -> dict[str, float]:
    return {evidence.feature: evidence.observed for evidence in told.evidence}


def campaign(course: Course, *, size: int = 20, at: int = 1) -> Alert:
    course.take(alert("a", accounts(0, size), at=at), at=at)
    (told,) = course.take(
        alert("b", accounts(0, size), at=at, scope="payment", nats=30.0, detector="wide_fanout"),
        at=at + 1,
    )
    return told


def test_a_campaign_says_what_ties_each_of_its_accounts() -> None:
    course = Course()
    campaign(course)
    (told,) = course.take(alert("c", accounts(10, 50), at=3, scope="template", nats=25.0), at=3)
    assert told.members is not None
    assert [member.account for member in told.members] == told.accounts
    ties = {m.account: (m.entities, m.signals) for m in told.members}
    assert ties["account-3"] == (["payment:b", "proxy:a"], ["fanout", "pivot"])
    assert ties["account-12"] == (["payment:b", "template:c", "proxy:a"], ["fanout", "pivot"])
    assert ties["account-40"] == (["template:c"], ["pivot"])
    assert fits(told)


def test_however_strong_what_agrees_a_p_value_is_never_nought() -> None:
    course = Course()
    for at, detector in enumerate(("model_pivot", "wide_fanout", "heir"), start=1):
        raised = [alert(v, accounts(0, 40), at=at, nats=690.0, detector=detector) for v in "ab"]
        course.take(*raised, at=at)
    assert len(course.told) == 3
    assert all(told.p_value > 0.0 for told in course.told)


def test_a_campaign_says_which_entities_belong_to_it() -> None:
    told = campaign(Course())
    assert told.entities is not None
    assert [(e.scope, e.value, e.accounts) for e in told.entities] == [
        ("payment", "b", 20),
        ("proxy", "a", 20),
    ]


def test_an_alert_that_is_no_campaign_has_nothing_of_it() -> None:
    (told,) = Course().take(alert("a", accounts(0, 20)), at=1)
    assert not {"members", "entities", "history"} & json.loads(msgspec.json.encode(told)).keys()


def test_what_named_an_account_before_is_remembered_for_it() -> None:
    course = Course()
    campaign(course)
    course.take(alert("a", accounts(0, 10), at=5, detector="other"), at=5)
    course.take(alert("a", accounts(15, 20), at=9), at=9)
    assert course.told[-1].members is not None
    ties = {m.account: m.signals for m in course.told[-1].members}
    assert ties["account-3"] == ["fanout", "outlier", "pivot"]
    assert ties["account-12"] == ["fanout", "pivot"]


def test_the_history_spans_the_whole_life_of_a_campaign() -> None:
    course = Course()
    first = campaign(course)
    looks = HISTORY + 60
    for hour in range(1, looks):
        many = accounts(0, 20 + hour)
        course.take(alert("a", many, at=hour * HOUR), at=hour * HOUR)
        course.take(alert("b", many, at=hour * HOUR, scope="payment"), at=hour * HOUR + 1)
    last = course.told[-1]
    assert last.entity == first.entity
    assert last.history is not None
    times = [look.ts for look in last.history]
    assert len(times) == MOST_LOOKS
    assert (times[0], times[-1]) == (first.ts, last.ts)
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) < 4 * looks * HOUR / MOST_LOOKS
    assert last.history[-1].accounts == last.accounts_total
    assert last.window.start == first.window.start  # it began when it began
    (kept,) = course.level.campaigns.by_id.values()
    assert len(kept.history) == HISTORY
    assert fits(last)


@pytest.mark.parametrize("length", [1, 60, 240])
def test_an_alert_of_a_vast_campaign_is_bounded(length: int) -> None:
    course = Course()
    names = [f"{number}{'ä' * length}"[:256] for number in range(6000)]
    course.take(
        *(
            alert(f"{group}{'x' * length}"[:256], names[group * 40 : group * 40 + 400], at=1)
            for group in range(MOST_ENTITIES + 20)
        ),
        at=1,
    )
    told = course.told[-1]
    assert told.detector == "campaign"
    assert fits(told)
    assert told.members
    assert told.entities
    assert told.accounts_total == len(course.level.campaigns.members[told.entity.value].accounts)
    assert told.accounts_total > MOST_MEMBERS
    assert len(told.accounts) > (MOST_MEMBERS if length < 240 else 100)
    if length == 1:
        assert (len(told.members), len(told.entities)) == (MOST_MEMBERS, MOST_ENTITIES)


def test_the_name_of_a_model_makes_no_line_of_an_alert() -> None:
    pivot = Pivot("m\nodel", None, ["ann", "bob"], 100, 0.1, 20.0)
    told = pivot_of("c", pivot, tick=200, limit=1e-6, settings=settings())
    assert told.summary.startswith("2 of its accounts moved to m\\nodel within")


def places(bans: int, heirs: int, *, after: int, first: int = 0) -> Places:
    """Accounts that were banned a minute apart, each followed by an heir."""
    return Places(
        banned=[(f"account-{n}", EPOCH + 1000 + 60 * n) for n in range(first, first + bans)],
        heirs=[(f"heir-{n}", EPOCH + 1000 + 60 * n + after) for n in range(first, first + heirs)],
    )


def heirs_told(
    course: Course, value: str, told: Places, *, at: int, scope: str = "proxy"
) -> list[Alert]:
    """Have an alert name the heirs of one entity, behind which the others are still known."""
    names = [name for name, _ in told.heirs]
    one = alert(value, names, at=at, scope=scope, detector="heir")
    return course.take(one, at=at, members=[[*accounts(0, 20), *names]], places={0: told})


def test_a_campaign_says_how_much_of_what_was_banned_grew_back() -> None:
    course = Course()
    campaign(course)
    soon = places(8, 6, after=600)
    (told,) = heirs_told(course, "a", soon, at=3000)
    assert seen(told) | {
        "accounts banned": 8.0,
        "heirs of banned accounts within 1 h": 6.0,
        "heirs of banned accounts within 24 h": 6.0,
    } == seen(told)
    assert "of 8 banned accounts 6 within 1 h and 6 within 24 h had heirs" in told.summary
    assert sum(evidence.contribution for evidence in told.evidence) == pytest.approx(1.0)
    assert {"heir-0", "heir-5"} < set(told.accounts)
    assert fits(told)


def test_heirs_that_come_later_than_an_hour_count_within_the_day() -> None:
    course = Course()
    campaign(course)
    late = places(4, 4, after=2 * HOUR)
    (told,) = heirs_told(course, "a", late, at=3 * HOUR)
    assert seen(told)["heirs of banned accounts within 1 h"] == 0.0
    assert seen(told)["heirs of banned accounts within 24 h"] == 4.0


def test_beside_heirs_stands_how_many_would_have_come_by_accident_in_the_same_time() -> None:
    course = Course()
    campaign(course)
    late = places(4, 4, after=8 * HOUR)
    names = [name for name, _ in late.heirs]
    usual = [
        Evidence(
            feature=regrowth_of("accounts", label),
            observed=0.0,
            expected=share,
            contribution=0.0,
            unit="share",
        )
        for label, share in (("1 h", 0.025), ("24 h", 0.5))
    ]
    one = alert("a", names, at=9 * HOUR, detector="heir")
    one = msgspec.structs.replace(one, evidence=[*one.evidence, *usual])
    everybody = [*accounts(0, 20), *names]
    (told,) = course.take(one, at=9 * HOUR, members=[everybody], places={0: late})
    expected = {evidence.feature: evidence.expected for evidence in told.evidence}
    assert expected["heirs of banned accounts within 1 h"] == pytest.approx(0.1)
    assert expected["heirs of banned accounts within 24 h"] == pytest.approx(2.0)
    assert seen(told)["heirs of banned accounts within 24 h"] == 4.0


def test_what_several_suspects_see_of_a_ban_counts_once() -> None:
    course = Course()
    campaign(course)
    heirs_told(course, "a", places(8, 6, after=600), at=3000)
    heirs_told(course, "b", places(6, 6, after=600, first=4), at=3001, scope="payment")
    assert seen(course.told[-1])["accounts banned"] == 10.0
    assert seen(course.told[-1])["heirs of banned accounts within 1 h"] == 10.0


def test_without_a_word_of_heirs_only_bans_of_its_own_accounts_are_counted() -> None:
    course = Course()
    campaign(course)
    mixed = places(3, 3, after=600)
    strangers = [("stranger", EPOCH + 1500)]
    (told,) = course.take(
        alert("a", accounts(0, 20), at=3000),
        at=3000,
        places={0: Places(banned=mixed.banned + strangers, heirs=mixed.heirs)},
    )
    assert seen(told)["accounts banned"] == 3.0
    assert seen(told)["heirs of banned accounts within 24 h"] == 0.0
    assert "banned" not in told.summary


def test_of_a_farm_that_is_banned_in_part_the_campaign_says_who_came_back() -> None:
    told = run(SCENARIOS / "campaign_grows_back", partitions=1)[-1]
    assert told.detector == "campaign"
    assert seen(told) | {
        "accounts banned": 15.0,
        "heirs of banned accounts within 1 h": 12.0,
        "heirs of banned accounts within 24 h": 12.0,
    } == seen(told)
    assert {entity.value for entity in told.entities or []} == {"hydra", "card-3"}
    assert {member.account for member in told.members or []} == {
        *(f"hydra-{number}" for number in range(30)),
        *(f"heir-{number}" for number in range(12)),
    }
    assert fits(told)


@pytest.mark.parametrize("stop", range(1, 7))
def test_a_restart_changes_nothing_of_what_is_told(stop: int) -> None:
    plain, course = Course(), Course()
    segments: dict[str, bytes] = {}
    for step in range(1, 7):
        if step == stop:
            course = restarted(course, segments)
        for one in (plain, course):
            at = step * HOUR
            if step == 1:
                campaign(one, at=at)
            elif step == 2:
                one.take(alert("a", accounts(5, 9), at=at, detector="other"), at=at)
            else:
                heirs_told(one, "a", places(2 * step, step, after=900), at=at)
    assert plain.told == course.told
    assert course.told[-1].members
    assert seen(course.told[-1])["accounts banned"] == 12.0
    assert plain.level.campaigns.snapshot() == course.level.campaigns.snapshot()
    suspects = [list(each.level.campaigns.suspects) for each in (plain, course)]
    assert [s.snapshot() for s in suspects[0]] == [s.snapshot() for s in suspects[1]]
