"""What makes one of suspects that have few accounts in common two by two."""

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.core.agreed import agreed
from detectors.core.records import Behind
from detectors.core.suspects import Suspect
from detectors.core.ties import components
from detectors.sketches.crowding import Crowding
from tests.detectors.course import alert

EVERYBODY = 5_000
#: What accident brings about once in thousands of draws is drawn alike in every run.
by_chance = settings(max_examples=20, deadline=None, derandomize=True)


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


@by_chance
@given(seed=st.integers(0, 2**32), size=st.integers(8, 14))
def test_templates_that_a_hundred_accounts_take_turns_at_are_one(seed: int, size: int) -> None:
    chance = random.Random(seed)
    farm = templates(chance, [f"farm-{n}" for n in range(100)], count=40, size=size)
    (found,) = components(farm, accounts=EVERYBODY, crowd=None)
    assert len(found) > 30


@given(order=st.permutations(range(9)))
def test_a_chain_is_one_in_whatever_order_it_comes(order: Sequence[int]) -> None:
    chain = [suspect(f"t-{at}", [f"a-{n}" for n in range(at * 10, at * 10 + 20)]) for at in order]
    assert [len(found) for found in components(chain, accounts=EVERYBODY, crowd=None)] == [9]


@by_chance
@given(seed=st.integers(0, 2**32), size=st.integers(8, 14))
def test_two_farms_are_two(seed: int, size: int) -> None:
    chance = random.Random(seed)
    farms = [[f"{name}-{n}" for n in range(60)] for name in ("a", "b")]
    suspects = [s for farm in farms for s in templates(chance, farm, count=30, size=size)]
    for found in components(suspects, accounts=EVERYBODY, crowd=None):
        assert len({s.key[1].partition("-")[0] for s in found}) == 1


@by_chance
@given(seed=st.integers(0, 2**32), size=st.integers(8, 30), count=st.integers(2, 60))
def test_templates_of_anybody_are_none(seed: int, size: int, count: int) -> None:
    chance = random.Random(seed)
    strangers = [f"person-{n}" for n in range(EVERYBODY)]
    assert not components(
        templates(chance, strangers, count=count, size=size), accounts=EVERYBODY, crowd=None
    )


def test_an_account_that_is_everywhere_ties_nothing() -> None:
    chance = random.Random(1)
    strangers = [f"person-{n}" for n in range(EVERYBODY)]
    suspects = [
        suspect(f"t-{n}", ["busy", "busier", *chance.sample(strangers, 10)]) for n in range(30)
    ]
    assert not components(suspects, accounts=EVERYBODY, crowd=None)


def test_a_farm_does_not_draw_in_what_everybody_uses() -> None:
    chance = random.Random(2)
    people = [f"farm-{n}" for n in range(100)]
    popular = suspect("popular", people[:25] + [f"person-{n}" for n in range(1000)])
    suspects = [*templates(chance, people, count=40, size=12), popular]
    (found,) = components(suspects, accounts=EVERYBODY, crowd=None)
    assert popular not in found


def crossed(accounts: list[str], *, times: int) -> list[Suspect]:
    """Return suspects of ten accounts each, of which each account is in so many."""
    chance, suspects = random.Random(3), []
    for turn in range(times):
        chance.shuffle(accounts)
        tens = [accounts[at : at + 10] for at in range(0, len(accounts), 10)]
        suspects += [suspect(f"t-{turn}-{at}", ten) for at, ten in enumerate(tens)]
    return suspects


def proxy(accounts: list[str], *, detector: str = "lockstep") -> Suspect:
    made = Suspect(("proxy", accounts[-1]))
    made.take(alert(accounts[-1], accounts, detector=detector), Behind(accounts))
    return made


def test_customers_who_were_only_at_a_campaigns_egress_take_no_part() -> None:
    farm = [f"farm-{n}" for n in range(40)]
    suspects = [*crossed(list(farm), times=12), proxy([*farm[:6], "customer", "neighbour"])]
    assert set(agreed(suspects)) == set(farm)


def test_so_few_suspects_that_one_more_may_be_missing_take_none_away() -> None:
    farm = [f"farm-{n}" for n in range(40)]
    suspects = [*crossed(list(farm), times=4), proxy([*farm[:6], "late"])]
    assert set(agreed(suspects)) == {*farm, "late"}


def test_an_arm_that_one_alert_alone_names_takes_part() -> None:
    farm, arm = [f"farm-{n}" for n in range(40)], [f"arm-{n}" for n in range(20)]
    suspects = [*crossed(list(farm), times=12), proxy([*farm[:6], *arm])]
    assert set(agreed(suspects)) == {*farm, *arm}


def test_heirs_take_part_as_soon_as_they_come() -> None:
    farm = [f"farm-{n}" for n in range(40)]
    suspects = [*crossed(list(farm), times=12), proxy([*farm[:6], "heir"], detector="heir")]
    assert set(agreed(suspects)) == {*farm, "heir"}


def behind_egresses(name: str, members: list[str], egresses: Sequence[int]) -> Suspect:
    """Return a template whose accounts came through egresses, one each."""
    made = Suspect(("template", name))
    raised = alert(name, members, scope="template", strong=False)
    through = np.array([1 + egress for egress in egresses], dtype=np.uint32)
    made.take(raised, Behind(members, egresses=through.tobytes()))
    return made


def fragments(chance: random.Random, name: str, pool: range) -> list[Suspect]:
    """Return two templates of one set of ten accounts, which come through ten egresses."""
    accounts = [f"{name}-{n}" for n in range(10)]
    return [
        behind_egresses(f"{name}-{number}", accounts, chance.sample(pool, 10)) for number in "ab"
    ]


def crowding(present: list[float], alone: float) -> Crowding:
    crowds = Crowding()
    crowds.look(np.array(present), alone=alone, partitions=1)
    return crowds


QUIET = crowding([3.0] * 100, 1000.0).crowd


@by_chance
@given(seed=st.integers(0, 2**32))
def test_what_shares_egresses_and_no_account_is_one(seed: int) -> None:
    chance = random.Random(seed)
    suspects = [s for n in range(4) for s in fragments(chance, f"part-{n}", range(24))]
    (found,) = components(suspects, accounts=EVERYBODY, crowd=QUIET)
    assert len(found) == len(suspects)
    assert len(components(suspects, accounts=EVERYBODY, crowd=None)) == 4


@by_chance
@given(seed=st.integers(0, 2**32))
def test_what_comes_through_other_egresses_is_not(seed: int) -> None:
    chance = random.Random(seed)
    pools = [range(n * 100, n * 100 + 24) for n in range(4)]
    suspects = [s for n in range(4) for s in fragments(chance, f"farm-{n}", pools[n])]
    assert len(components(suspects, accounts=EVERYBODY, crowd=QUIET)) == 4


@by_chance
@given(seed=st.integers(0, 2**32))
def test_users_of_a_tool_of_whom_some_are_behind_a_farms_egresses_are_not_the_farm(
    seed: int,
) -> None:
    chance = random.Random(seed)
    farm = [s for n in range(4) for s in fragments(chance, f"farm-{n}", range(24))]
    users = [f"user-{n}" for n in range(150)]
    egresses = [*range(15), *range(100, 235)]
    tool = [behind_egresses(f"tool-{number}", users, egresses) for number in "ab"]
    found = components([*farm, *tool], accounts=EVERYBODY, crowd=QUIET)
    assert sorted(map(len, found)) == [len(tool), len(farm)]


@by_chance
@given(seed=st.integers(0, 2**32))
def test_egresses_that_half_the_world_uses_tie_nothing(seed: int) -> None:
    chance = random.Random(seed)
    suspects = [s for n in range(4) for s in fragments(chance, f"part-{n}", range(24))]
    crowd = crowding([100.0] * 24, 0.0).crowd
    assert len(components(suspects, accounts=EVERYBODY, crowd=crowd)) == 4


def template(name: str, places: dict[str, tuple[int, ...]]) -> Suspect:
    """Return a template with where each of its accounts was."""
    made = suspect(name, list(places))
    made.places = places
    return made


def of_a_pool() -> list[Suspect]:
    """Return six templates of forty accounts, of which each uses three, at twelve egresses."""
    farm = {f"farm-{n}": (n % 12, 5 * n % 12) for n in range(40)}
    mine = [[f"farm-{n}" for n in range(40) if (n + k) % 6 < 3] for k in range(6)]
    return [
        template(f"t-{k}", {account: farm[account] for account in own})
        for k, own in enumerate(mine)
    ]


def test_who_met_nobody_where_most_meet_was_only_there() -> None:
    several = of_a_pool()
    for one in several[:2]:
        one.take(alert(one.key[1], ["guest"], scope="template", strong=False), Behind())
        one.places = {**of_a_pool()[0].places, "guest": (99,)}
    assert set(agreed(several)) == {f"farm-{n}" for n in range(40)}


def test_where_hardly_anybody_meets_nobody_is_taken_away_for_that() -> None:
    farm = [f"farm-{n}" for n in range(40)]
    several = [template(name, {a: (n,) for n, a in enumerate(farm)}) for name in "abc"]
    assert set(agreed(several)) == set(farm)


def test_who_is_named_once_takes_part_if_it_met_them_at_two_egresses() -> None:
    several = of_a_pool()
    once = {"roamer": (0, 1), "customer": (0, 50)}
    for name, places in once.items():
        several[0].take(alert("t-0", [name], scope="template", strong=False), Behind())
        several[0].places = {**of_a_pool()[0].places, **once}
        assert places
    assert set(agreed(several)) - {f"farm-{n}" for n in range(40)} == {"roamer"}


def test_who_only_asks_for_the_same_takes_no_part() -> None:
    several = of_a_pool()
    after = {"same": (), "same-and-met": (0,), "met-twice": (0, 5)}
    for one in several[:2]:
        for account in after:
            only = alert(one.key[1], [account], scope="template", strong=False)
            one.take(replace(only, detector="capability", signal="concentration"), Behind())
        one.places = {**of_a_pool()[0].places, **{a: at for a, at in after.items() if at}}
    assert set(agreed(several)) - {f"farm-{n}" for n in range(40)} == {"same-and-met", "met-twice"}
