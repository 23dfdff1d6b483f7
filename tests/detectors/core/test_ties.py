"""What makes one of suspects that have few accounts in common two by two."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.records import Behind
from detectors.core.suspects import Suspect
from detectors.core.ties import components
from tests.detectors.course import alert

EVERYBODY = 5_000


def suspect(name: str, members: list[str]) -> Suspect:
    made = Suspect(("template", name))
    made.take(alert(name, members, scope="template", strong=False), Behind(members))
    return made


def templates(
    chance: random.Random, accounts: list[str], *, count: int, size: int
) -> list[Suspect]:
    return [
        suspect(f"{accounts[0]}-{number}", chance.sample(accounts, size)) for number in range(count)
    ]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(8, 14))
def test_templates_that_a_hundred_accounts_take_turns_at_are_one(seed: int, size: int) -> None:
    chance = random.Random(seed)
    farm = templates(chance, [f"farm-{n}" for n in range(100)], count=40, size=size)
    (found,) = components(farm, accounts=EVERYBODY)
    assert len(found) > 30


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(8, 14))
def test_two_farms_are_two(seed: int, size: int) -> None:
    chance = random.Random(seed)
    farms = [[f"{name}-{n}" for n in range(60)] for name in ("a", "b")]
    suspects = [s for farm in farms for s in templates(chance, farm, count=30, size=size)]
    for found in components(suspects, accounts=EVERYBODY):
        assert len({s.key[1].partition("-")[0] for s in found}) == 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(8, 30), count=st.integers(2, 60))
def test_templates_of_anybody_are_none(seed: int, size: int, count: int) -> None:
    chance = random.Random(seed)
    strangers = [f"person-{n}" for n in range(EVERYBODY)]
    assert not components(templates(chance, strangers, count=count, size=size), accounts=EVERYBODY)


def test_an_account_that_is_everywhere_ties_nothing() -> None:
    chance = random.Random(1)
    strangers = [f"person-{n}" for n in range(EVERYBODY)]
    suspects = [
        suspect(f"t-{n}", ["busy", "busier", *chance.sample(strangers, 10)]) for n in range(30)
    ]
    assert not components(suspects, accounts=EVERYBODY)


def test_a_farm_does_not_draw_in_what_everybody_uses() -> None:
    chance = random.Random(2)
    people = [f"farm-{n}" for n in range(100)]
    popular = suspect("popular", people[:25] + [f"person-{n}" for n in range(1000)])
    suspects = [*templates(chance, people, count=40, size=12), popular]
    (found,) = components(suspects, accounts=EVERYBODY)
    assert popular not in found
