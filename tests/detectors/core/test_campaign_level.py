import math
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.campaign import Members, members_of
from detectors.core.campaign_level import NAMES_A_SECOND
from detectors.core.level import FAINT
from detectors.core.records import Alert, Behind, Candidates
from detectors.core.suspects import HALF_LIFE, MOST_KEPT, MOST_SUSPECTS, Suspect
from tests.detectors.course import PEOPLE, Course, accounts, alert, level, restarted
from tests.detectors.traffic import EPOCH


def test_an_alert_that_shares_no_accounts_is_told_as_it_is() -> None:
    one = alert("a", accounts(0, 20))
    assert Course().take(one, at=1) == [one]


def test_a_candidate_alone_is_not_told() -> None:
    assert Course().take(alert("a", accounts(0, 20), strong=False, nats=9.0), at=1) == []


def test_a_group_alone_is_told_again_when_it_has_grown_by_half_and_is_as_odd() -> None:
    course = Course()
    (first,) = course.take(alert("a", accounts(0, 20), at=1, nats=20.0), at=1)

    def candidate(size: int, *, at: int, nats: float = 20.0) -> list[Alert]:
        faint = alert("a", accounts(0, size), at=at, nats=nats, strong=False)
        return course.take(faint, at=at)

    assert [candidate(29, at=601), candidate(30, at=1201, nats=19.0)] == [[], []]
    (again,) = candidate(30, at=1801)
    assert (again.severity, again.accounts_total) == (first.severity, 30)
    assert [candidate(44, at=2401), len(candidate(45, at=3001))] == [[], 1]


def test_groups_that_share_accounts_are_told_once_as_one_campaign() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 30), at=1), at=1)
    told = course.take(
        alert("b", accounts(0, 20), at=2, scope="payment"),
        alert("c", accounts(10, 40), at=2, scope="template"),
        at=2,
    )
    assert [(a.detector, a.entity.scope, a.campaign) for a in told] == [
        ("campaign", "campaign", told[0].entity.value)
    ]
    assert set(told[0].accounts) == set(accounts(0, 40))
    assert told[0].accounts_total == 40
    assert "1 payment, 1 proxy and 1 template" in told[0].summary
    assert told[0].samples


def test_what_is_merely_seldom_becomes_a_campaign_when_different_signals_agree() -> None:
    course = Course()
    faint = [
        alert("a", accounts(0, 30), at=1, nats=9.0, strong=False),
        alert("b", accounts(0, 30), at=1, nats=9.0, strong=False, scope="payment"),
    ]
    assert course.take(*faint, at=1) == []
    more = alert("a", accounts(0, 30), at=2, nats=14.0, strong=False, detector="wide_fanout")
    (told,) = course.take(more, at=2)
    assert told.detector == "campaign"
    assert set(told.accounts) == set(accounts(0, 30))


def test_what_is_seldom_by_accident_stays_within_the_budget() -> None:
    course, chance = Course(), random.Random(4)
    for number in range(300):  # communities that a day brings, each seldom in two ways
        at = 1 + number * 288
        behind = [f"{number}-{account}" for account in range(12)]
        one, other = (-math.log(chance.random() * FAINT) for _ in range(2))
        course.take(
            alert(f"a{number}", behind, at=at, nats=one, strong=False),
            alert(
                f"b{number}",
                behind,
                at=at,
                nats=other,
                strong=False,
                scope="payment",
                detector="wide_fanout",
            ),
            at=at,
        )
    assert len(course.level.campaigns.by_id) > 100
    assert len(course.told) <= 5  # a full purse, and what filled it up again: two are expected


def test_many_weak_claims_of_one_detector_do_not_wear_down_another_of_the_same_signal() -> None:
    def nats(weak: int) -> float:
        suspects = [Suspect(("proxy", str(number))) for number in range(40)]
        for number, one in enumerate(suspects):
            asked = alert(str(number), accounts(0, 9), nats=12.0, detector="capability")
            one.take(asked, Behind())
            if number < weak:
                seldom = msgspec.structs.replace(asked, detector="shared_client", p_value=1e-3)
                one.take(seldom, Behind())
        return members_of(suspects, crowd=None).nats(EPOCH)

    assert nats(0) == pytest.approx(12.0)
    assert nats(1) == pytest.approx(nats(40)) == pytest.approx(12.0 - math.log(2), abs=0.02)


def test_a_payment_of_two_belongs_to_the_campaign_that_both_are_of() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 30), at=1), at=1)
    course.take(alert("b", accounts(0, 30), at=2, scope="template"), at=2)
    within = alert("c", accounts(3, 5), at=0, scope="payment")
    across = alert("d", ["account-3", "ann"], at=0, scope="payment")
    assert course.take(within, across, at=3) == [across]


@pytest.mark.parametrize("restart", [False, True])
def test_among_many_names_candidates_are_joined_after_seconds_but_an_alert_at_once(
    restart: bool,
) -> None:
    course = Course()
    behind = [f"visitor-{n}" for n in range(3 * NAMES_A_SECOND)]
    course.take(alert("exit", behind[:5], at=1, strong=False), at=1, members=[behind])
    agreeing = [
        alert("a", accounts(0, 30), at=2, nats=9.0, strong=False),
        alert("b", accounts(0, 30), at=2, nats=9.0, strong=False, scope="payment"),
        alert("a", accounts(0, 30), at=2, nats=14.0, strong=False, detector="wide_fanout"),
    ]
    assert course.take(*agreeing, at=2) == []
    if restart:
        course = restarted(course, {})
    another = alert("c", accounts(50, 55), at=3, strong=False, nats=8.0)
    assert course.take(another, at=3) == []
    (told,) = course.take(another, at=4)
    assert set(told.accounts) == set(accounts(0, 30))
    (grown,) = course.take(alert("d", accounts(0, 60), at=5, scope="template"), at=5)
    assert grown.entity == told.entity


def test_an_exit_that_many_use_does_not_join_two_groups() -> None:
    course = Course()
    everybody = accounts(0, 4000)
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    exit_node = alert("exit", accounts(5, 25), at=2, strong=False, nats=8.0)
    course.take(exit_node, at=2, members=[everybody])
    told = course.take(alert("b", accounts(20, 40), at=3, scope="payment"), at=3)
    assert [a.detector for a in told] == ["model_pivot"]


def test_accounts_that_only_one_seldom_candidate_names_are_not_members() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    behind = [*accounts(0, 20), "customer-1", "customer-2"]
    (told,) = course.take(
        alert("b", accounts(0, 20), at=2, scope="payment"),
        alert("c", behind, at=2, scope="template", strong=False, nats=8.0),
        at=2,
    )
    assert set(told.accounts) == set(accounts(0, 20))


def test_a_campaign_is_told_again_when_it_has_grown_by_a_quarter_and_keeps_its_name() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    (first,) = course.take(alert("b", accounts(0, 20), at=1, scope="payment"), at=2)
    same = alert("b", accounts(0, 24), at=1, scope="payment")
    assert course.take(same, at=3) == []
    (grown,) = course.take(alert("c", accounts(0, 25), at=1, scope="template"), at=4)
    assert grown.entity == first.entity
    assert grown.accounts_total == 25


def test_a_campaign_with_one_account_more_is_told_again_ten_minutes_later() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 40)), alert("b", accounts(0, 40)), at=1)

    def more(at: int) -> list[Alert]:
        one = alert(f"c-{at}", accounts(20, 41), at=at, scope="payment", strong=False)
        return course.take(one, at=at)

    assert [more(2), more(300)] == [[], []]
    (told,) = more(601)
    assert told.accounts_total == 41
    assert [more(900), more(1300)] == [[], []]


def test_a_new_change_of_a_known_campaign_is_told_at_once() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    (first,) = course.take(alert("b", accounts(0, 20), at=1, scope="payment"), at=2)
    (again,) = course.take(alert("a", accounts(0, 20), at=500), at=500)
    assert again.entity == first.entity
    assert again.summary.endswith("a is odd.")


def test_an_alert_of_a_members_own_is_not_told_besides() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    course.take(alert("b", accounts(0, 20), at=2, scope="payment"), at=2)
    member = alert("account-3", ["account-3"], at=3, scope="account", detector="rate_surge")
    stranger = alert("ann", ["ann"], at=3, scope="account", detector="rate_surge")
    again, besides = course.take(member, stranger, at=3, members=[[], []])
    assert (again.detector, besides) == ("campaign", stranger)


def echo(names: Sequence[str], *, at: int, nats: float = 20.0) -> Alert:
    return alert(names[0], names, at=at, scope="account", nats=nats, detector="failover_echo")


def told_of(raised: Alert) -> str:
    return " ".join(str(evidence.note) for evidence in raised.evidence)


def known(*, size: int = 20) -> Course:
    """Return a course that has told of a campaign."""
    course = Course()
    course.take(alert("a", accounts(0, size), at=1), at=1)
    (told,) = course.take(alert("b", accounts(0, size), at=2, scope="payment"), at=2)
    assert told.detector == "campaign"
    return course


def test_what_an_account_of_a_told_campaign_does_is_told_at_once_as_its_evidence() -> None:
    course = known()
    (again,) = course.take(echo(accounts(3, 9), at=600), at=600)
    assert again.entity == course.told[1].entity
    assert "failover_echo on account account-3" in told_of(again)
    assert again.p_value < course.told[1].p_value
    assert again.samples[0] == "request of account-3"
    assert {m.account for m in again.members or [] if "failover" in m.signals} == {*accounts(3, 9)}


def test_a_second_one_of_the_same_signal_is_not_told_but_shown_when_the_campaign_is() -> None:
    course = known()
    course.take(echo(accounts(3, 9), at=600), at=600)
    for at, first in enumerate(range(4, 10), start=700):
        assert course.take(echo(accounts(first, first + 6), at=at), at=at) == []
    (grown,) = course.take(alert("c", accounts(0, 30), at=800, scope="template"), at=800)
    assert "failover_echo on account account-9" in told_of(grown)


def test_what_an_account_did_before_the_campaign_is_told_is_told_and_its_evidence_later() -> None:
    course = Course()
    faint = [
        alert(v, accounts(0, 30), at=1, nats=8.0, strong=False, scope=s)
        for v, s in (("a", "proxy"), ("b", "payment"))
    ]
    assert course.take(*faint, at=1) == []
    (name,) = course.level.campaigns.by_id
    faster = alert("account-3", ["account-3"], at=2, nats=12.0, scope="account", detector="surge")
    assert [(a.detector, a.campaign) for a in course.take(faster, at=2)] == [("surge", name)]
    (told,) = course.take(alert("c", accounts(0, 30), at=3, scope="template"), at=3)
    assert "surge on account account-3" in told_of(told)


def test_an_alert_that_names_mostly_strangers_is_told_besides() -> None:
    course = known()
    drawn_in = echo(["account-3", "account-4", "ann", "bob", "eve"], at=600)
    assert course.take(drawn_in, at=600) == [drawn_in]


def test_of_more_accounts_that_were_tested_one_alert_says_less() -> None:
    one = echo(["account-3"], at=0)
    few, many = (
        Members(suspects=[], accounts=accounts(0, n), meeting=None, own=[one]) for n in (10, 1000)
    )
    assert few.nats(EPOCH) == pytest.approx(20.0 - math.log(10))
    assert few.beyond(EPOCH) - many.beyond(EPOCH) == pytest.approx(math.log(100))


def test_a_single_account_lifts_no_campaign_of_teams_with_one_tool_above_medium() -> None:
    course = Course()
    asked = [
        alert(v, accounts(0, 60), at=1, nats=60.0, scope="template", strong=False, detector=d)
        for v, d in (("a", "capability"), ("b", "template_repetition"))
    ]
    (told,) = course.take(*asked, at=1)
    assert told.severity == "medium"
    heavy = alert("account-3", ["account-3"], at=2, nats=60.0, scope="account", detector="surge")
    (told,) = course.take(heavy, at=2)
    assert (told.detector, told.severity) == ("campaign", "medium")


def test_what_accounts_did_fades_and_may_then_be_told_anew() -> None:
    course = known()
    course.take(echo(accounts(3, 9), at=600), at=600)
    (campaign,) = course.level.campaigns.by_id.values()
    assert [own.signal for own in campaign.own] == ["failover"]
    for at in range(1, 8):  # what ties them goes on
        now = int(at * HALF_LIFE / 2)
        course.take(
            alert("a", accounts(0, 20), at=now),
            alert("b", accounts(0, 20), at=now, scope="payment"),
            at=now,
        )
    assert campaign.own == []
    assert "failover_echo" not in told_of(course.told[-1])


def test_when_campaigns_merge_what_accounts_did_goes_with_them() -> None:
    course = known()
    far = [alert(v, accounts(50, 70), at=3, scope=s) for v, s in (("c", "proxy"), ("d", "payment"))]
    course.take(*far, at=3)
    course.take(echo(accounts(50, 56), at=4), at=4)
    assert len(course.level.campaigns.by_id) == 2
    (told,) = course.take(alert("e", accounts(0, 70), at=5, scope="template"), at=5)
    assert told.entity == course.told[1].entity
    assert "failover_echo on account account-50" in told_of(told)


def test_a_campaign_falls_apart_when_its_evidence_has_faded() -> None:
    course = Course()
    course.take(alert("a", accounts(0, 20), at=1), at=1)
    course.take(alert("b", accounts(0, 20), at=2, scope="payment"), at=2)
    assert course.level.campaigns.members
    course.take(at=int(20 * HALF_LIFE))
    assert not course.level.campaigns.members
    assert course.level.entities == 0


def test_the_suspects_are_bounded_and_the_weakest_go() -> None:
    course = Course()
    strong = alert("strong", accounts(0, 5), at=1, nats=60.0)
    course.take(strong, at=1)
    course.take(
        *(
            alert(f"weak-{n}", [f"w{n}-{m}" for m in range(3)], at=2, nats=7.0, strong=False)
            for n in range(MOST_SUSPECTS + 50)
        ),
        at=2,
    )
    course.take(at=1000)
    assert course.level.entities == MOST_SUSPECTS
    assert course.level.evicted == 51
    assert ("proxy", "strong") in course.level.campaigns.suspects.by_key


def test_a_suspect_that_goes_in_the_second_in_which_it_is_named_is_of_no_campaign() -> None:
    course = Course()
    course.take(
        alert("a", accounts(0, 30), at=1, nats=7.5, strong=False),
        alert("b", accounts(0, 30), at=1, nats=7.5, strong=False, scope="payment"),
        at=1,
    )
    assert len(course.level.campaigns.by_id) == 1
    course.take(
        *(alert(value, [value], at=2, nats=30.0, strong=False) for value in ("c", "d")),
        at=2,
        members=[[f"{value}-{n}" for n in range(MOST_KEPT * 2 // 3)] for value in ("c", "d")],
    )
    again = alert("a", accounts(0, 30), at=601, nats=7.6)
    assert course.take(again, at=601) == [again]
    assert not course.level.campaigns.by_id


@pytest.mark.parametrize("stop", range(1, 11))
def test_a_restart_changes_nothing(stop: int) -> None:
    script = [
        [alert("a", accounts(0, 20), at=1)],
        [alert("b", accounts(0, 20), at=2, scope="payment")],
        [alert("c", accounts(10, 60), at=3, scope="template")],
        [alert("d", accounts(100, 120), at=4, strong=False, nats=9.0)],
        [alert("e", accounts(100, 120), at=5, scope="payment", strong=False, nats=14.0)],
        [alert("a", accounts(0, 60), at=900)],
        [echo(accounts(3, 9), at=950)],
        [alert("c", accounts(3, 90), at=960, scope="template")],
        [alert("f", accounts(200, 210), at=961)],
        [alert("f", accounts(200, 230), at=1600, strong=False)],
    ]
    plain = Course()
    for at, alerts in enumerate(script, start=1):
        plain.take(*alerts, at=at)
    course = Course()
    segments: dict[str, bytes] = {}
    for at, alerts in enumerate(script, start=1):
        if at == stop:
            course = restarted(course, segments)
        course.take(*alerts, at=at)
    assert course.told == plain.told
    assert course.level.campaigns.snapshot() == plain.level.campaigns.snapshot()


RAISED = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.sampled_from("abcd"),
            "scope": st.sampled_from(["proxy", "payment", "account"]),
            "accounts": st.builds(accounts, st.integers(0, 20), st.integers(25, 60)),
            "nats": st.floats(7.0, 40.0),
            "strong": st.integers(0, 9).map(lambda drawn: drawn == 9),
            "detector": st.sampled_from(["model_pivot", "wide_fanout", "failover_echo"]),
        }
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=20, deadline=None)
@given(records=st.lists(RAISED, min_size=20, max_size=20), stops=st.sets(st.integers(1, 19)))
def test_a_restart_while_candidates_wait_to_be_joined_changes_nothing(
    records: list[list[dict[str, Any]]], stops: set[int]
) -> None:
    plain, course = Course(), Course()
    segments: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detectors.core.campaign_level.NAMES_A_SECOND", 20)
        for number, raised in enumerate(records):
            at = 1 + number if number < 15 else 600 + number
            alerts = [alert(at=at, **fields) for fields in raised]
            plain.take(*alerts, at=at)
            if number in stops:
                course = restarted(course, segments)
            course.take(*alerts, at=at)
            assert course.told == plain.told
            assert course.level.campaigns.snapshot() == plain.level.campaigns.snapshot()


def test_partitions_are_waited_for() -> None:
    made = level()

    def part(source: int, tick: int, *alerts: Alert) -> Candidates:
        return Candidates(
            source=source,
            sources=2,
            tick=EPOCH + tick,
            tracked=PEOPLE,
            alerts=list(alerts),
            behind=[Behind(list(a.accounts)) for a in alerts],
        )

    one = alert("a", accounts(0, 20), at=1)
    assert made.process([part(0, 1, one)], 0).alerts == []
    assert made.process([part(1, 1)], 1).alerts == [one]
    assert made.process([part(0, 1, one)], 2).alerts == []  # sent again


def test_what_accounts_ask_for_is_never_told_alone_but_named_beside_other_signals() -> None:
    course = Course()
    for at in (1, 700, 1400):
        asked = [
            alert(
                v, accounts(0, 40), at=at, nats=60.0, scope=s, strong=False, detector="capability"
            )
            for v, s in (("a", "proxy"), ("b", "payment"), ("c", "template"))
        ]
        named = [msgspec.structs.replace(a, capability="tool_use") for a in asked]
        assert course.take(*named, at=at) == []
    (told,) = course.take(alert("a", accounts(0, 40), at=1500), at=1500)
    assert (told.detector, told.capability) == ("campaign", "tool_use")
