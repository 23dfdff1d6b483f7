"""What joins groups to campaigns, and what must not; and what is left when it fades."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.records import Alert, Scope
from tests.detectors.course import PEOPLE, Course, accounts, alert, restarted

HOUR = 3600


def two_farms(first: int, second: int, *, at: int) -> list[Alert]:
    """Alerts of two farms of so many accounts each, with an egress and a card of its own."""
    farms = {"a": accounts(0, first), "b": accounts(first, first + second)}
    scopes: tuple[Scope, ...] = ("proxy", "payment")
    return [alert(name, farms[name], at=at, scope=scope) for name in farms for scope in scopes]


def campaigns_of(course: Course) -> dict[str, set[str]]:
    """The accounts of each campaign, by its id."""
    found = course.level.campaigns.members
    return {name: set(members.accounts) for name, members in found.items()}


@settings(max_examples=20, deadline=None)
@given(st.integers(8, 60), st.integers(8, 60), st.integers(0, 10))
def test_when_what_joined_it_fades_a_campaign_splits_and_the_larger_part_keeps_the_id(
    first: int, second: int, stop: int
) -> None:
    course = Course()
    segments: dict[str, bytes] = {}
    course.take(alert("c", accounts(0, first + second), at=1, scope="template"), at=1)
    course.take(*two_farms(first, second, at=2), at=2)
    (before,) = campaigns_of(course)
    for look in range(1, 11):
        if look == stop:
            course = restarted(course, segments)
        at = 2 + look * 6 * HOUR
        course.take(*two_farms(first, second, at=at), at=at)
    parts = campaigns_of(course)
    a, b = set(accounts(0, first)), set(accounts(first, first + second))
    assert sorted(map(sorted, parts.values())) == sorted(map(sorted, (a, b)))
    if first != second:
        assert parts[before] == max(a, b, key=len)
    told = {one.entity.value: set(one.accounts) for one in course.told if one.campaign}
    assert told == parts  # each is told under its own id, the newest alert with its own accounts


def test_farms_that_are_joined_while_the_evidence_lasts_are_one_campaign() -> None:
    course = Course()
    for look in range(8):
        at = 2 + look * 6 * HOUR
        joining = alert("c", accounts(0, 50), at=at, scope="template")
        course.take(joining, *two_farms(30, 20, at=at), at=at)
    assert list(campaigns_of(course).values()) == [set(accounts(0, 50))]
    assert len({one.entity.value for one in course.told if one.campaign}) == 1


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    lean=st.floats(0.5, 2.0),
    strong=st.booleans(),
    farm=st.integers(10, 40),
)
def test_a_reseller_an_office_an_exit_and_a_popular_template_are_no_campaign(
    seed: int, lean: float, strong: bool, farm: int
) -> None:
    chance = random.Random(seed)
    everybody = accounts(0, PEOPLE)
    office = set(chance.sample(everybody, chance.randint(100, 600)))

    def customers(rate: float) -> list[str]:
        """So many of everybody, and of the office up to twice as many."""
        return [a for a in everybody if chance.random() < rate * (lean if a in office else 1.0)]

    crowds: dict[tuple[Scope, str], list[str]] = {
        ("proxy", "office"): sorted(office),
        ("payment", "reseller"): customers(0.1),
        ("proxy", "vpn"): customers(0.2),
        ("template", "open-source"): customers(0.3),
    }
    alerts, members = [], []
    for (scope, value), behind in crowds.items():
        named = chance.sample(behind, min(chance.randint(20, 60), len(behind)))
        detector = chance.choice(["model_pivot", "wide_fanout"])
        alerts.append(alert(value, named, at=1, scope=scope, strong=strong, detector=detector))
        members.append(chance.sample(behind, min(2000, len(behind))))
    course = Course()
    course.take(*alerts, at=1, members=members)
    assert not campaigns_of(course)
    thieves = chance.sample(everybody, farm)  # ordinary in all that they share with the crowds
    course.take(alert("farm", thieves, at=2), alert("farm", thieves, at=2, scope="payment"), at=2)
    assert list(campaigns_of(course).values()) == [set(thieves)]


def test_a_campaign_that_was_told_keeps_its_id_when_one_joins_it_that_was_not() -> None:
    course = Course()
    faint = [
        alert(v, accounts(30, 60), at=1, scope=s, strong=False, nats=7.0)
        for v, s in (("a", "proxy"), ("b", "payment"))
    ]
    assert course.take(*faint, at=1) == []
    farm = [alert(v, accounts(0, 30), at=2, scope=s) for v, s in (("c", "proxy"), ("d", "payment"))]
    (told,) = course.take(*farm, at=2)
    (whole,) = course.take(alert("e", accounts(0, 60), at=3, scope="template"), at=3)
    assert whole.entity == told.entity
    assert (whole.accounts_total, whole.merged) == (60, None)


def test_a_campaign_names_those_that_were_told_and_are_part_of_it_now() -> None:
    course = Course()
    told = [
        course.take(
            *(
                alert(v, who, at=at, scope=s)
                for v, s in ((f"{at}-a", "proxy"), (f"{at}-b", "payment"))
            ),
            at=at,
        )[0]
        for at, who in ((1, accounts(0, 20)), (2, accounts(20, 50)), (3, accounts(50, 90)))
    ]
    (both,) = course.take(alert("c", accounts(0, 50), at=4, scope="template"), at=4)
    (all_three,) = course.take(alert("d", accounts(0, 90), at=5, scope="template"), at=5)
    assert both.entity == all_three.entity == told[0].entity
    assert both.merged == [told[1].entity.value]
    assert all_three.merged == [one.entity.value for one in told[1:]]
    assert all_three.window.start == told[0].window.start
