from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core.group_level import GroupLevel
from detectors.core.models import LEAD
from detectors.core.output import Output
from detectors.core.population import RELEASES
from detectors.core.records import Alert, Delta, Request
from detectors.sketches.crowding import LEAST_EVERYBODY
from detectors.sketches.mixture import SLOTS
from tests.detectors.traffic import (
    EPOCH,
    Shelf,
    account_level,
    add,
    deltas_of,
    feed,
    group_level,
    groups_state,
    request,
    worlds,
)


def take(level: GroupLevel, deltas: Sequence[Delta]) -> Output:
    output = Output()
    first = level.waiting.position + 1
    for offset, delta in enumerate(deltas, start=first):
        add(output, level.process([delta], offset))
    return output


def woven(queues: Sequence[Sequence[Delta]], turns: Sequence[int]) -> list[Delta]:
    """One order of arrival that keeps each source's own order."""
    left = [list(queue) for queue in queues]
    made = []
    for turn in [*turns, *range(sum(map(len, queues)))]:
        waiting = [queue for queue in left if queue]
        if waiting:
            made.append(waiting[turn % len(waiting)].pop(0))
    return made


def office(*accounts: str, at: float = 0) -> list[Request]:
    return [request(f"{a}{at}", at=at, account=a, proxy="office") for a in accounts]


def test_a_group_of_one_account_has_no_profile() -> None:
    level = group_level()
    take(level, deltas_of([*office("a"), *office("a", at=5)], sources=1)[0])
    assert len(level.profiles) == 0
    assert list(level.singles.index) == ["proxy:office"]


def test_of_a_template_each_member_is_known_by_the_egress_it_came_through_last() -> None:
    level = group_level()
    text = "Grade the reply below by the rubric and give the reason for every point taken off it"
    asked = [("a", 0, "one"), ("b", 5, "two"), ("c", 10, "one"), ("a", 15, "three"),
             ("b", 20, None)]  # fmt: skip
    requests = [
        request(at, at=at, account=account, proxy=proxy, prompt=text)
        for account, at, proxy in asked
    ]
    take(level, deltas_of(requests, sources=1)[0])
    name = next(name for name in level.profiles.index if name.startswith("template:"))
    seen = {a: level.members["egress"][level.members.index[f"{name}\n{a}"]] for a in "abc"}
    assert 0 not in seen.values()
    assert len(set(seen.values())) == 3


def test_a_group_gets_a_profile_when_a_second_account_joins() -> None:
    level = group_level()
    take(level, deltas_of([*office("a"), *office("b", at=5), *office("a", at=9)], sources=1)[0])
    assert list(level.profiles.index) == ["proxy:office"]
    assert sorted(level.members.index) == ["proxy:office\na", "proxy:office\nb"]


def test_two_accounts_that_come_in_one_tick_make_a_group() -> None:
    level = group_level()
    take(level, deltas_of(office("a", "b", "c"), sources=1)[0])
    row = level.profiles.index["proxy:office"]
    assert level.profiles["present"][row] == pytest.approx(3)
    assert level.profiles["requests"][row] == 3


def test_two_accounts_of_two_sources_make_a_group() -> None:
    level = group_level()
    one, other = deltas_of(office("a", "b"), sources=2)
    take(level, [*one, *other])
    assert list(level.profiles.index) == ["proxy:office"]


def test_a_tick_waits_for_all_sources() -> None:
    level = group_level()
    requests = [*office("a", "b", "c", "d"), *office("a", "b", at=1)]
    one, other = deltas_of(requests, sources=2)
    assert take(level, one).alerts == []
    assert level.requests == 0
    assert level.waiting.awaited() == [1]
    assert take(level, other).alerts != []
    assert level.requests == 6
    assert level.waiting.awaited() == []


def test_a_part_of_a_tick_waits_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.core.deltas.LINKS_BYTES", 500)
    deltas = deltas_of(office("a", "b", "c"), sources=1)[0]
    level = group_level()
    take(level, deltas[:1])
    assert level.requests == 0
    take(level, deltas[1:])
    assert level.requests == 3


def test_an_idle_source_is_not_waited_for_until_it_speaks_again() -> None:
    level = group_level()
    busy, quiet = deltas_of([*office("b", "d"), *office("b", at=1), *office("a", at=3)], sources=2)
    silent = account_level(partition=1, partitions=2).pause(idle=True).deltas[0][1]
    take(level, [silent, busy[0]])
    assert level.requests == 2
    take(level, [busy[1]])
    assert level.requests == 3
    take(level, [quiet[0], *busy[2:]])
    assert level.waiting.awaited() == []


def test_a_source_that_wakes_up_is_waited_for_before_it_says_anything_else() -> None:
    quiet, busy = (account_level(partition=number, partitions=2) for number in range(2))
    level = group_level()
    take(level, [each.pause(idle=True).deltas[0][1] for each in (quiet, busy)])
    take(level, [each.wake().deltas[0][1] for each in (quiet, busy)])
    some, others = deltas_of([*office("b", "d"), *office("a", at=3)], sources=2)
    take(level, [delta for delta in some if not delta.idle])
    assert level.requests == 0
    take(level, [delta for delta in others if not delta.idle])
    assert level.requests > 0


def test_ticks_are_closed_without_a_source_when_too_much_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detectors.core.waiting.MOST_WEIGHT", 5)
    level = group_level()
    requests = [r for at in range(10) for r in office("a", "c", at=at)]
    take(level, deltas_of(requests, sources=2)[1])
    assert level.requests >= 14
    assert level.waiting.weight <= 5


def test_a_delta_repeated_at_a_later_offset_changes_nothing() -> None:
    requests = [r for at in range(4) for r in office("a", "b", "c", at=at)]
    deltas = deltas_of(requests, sources=1)[0]
    once, twice = group_level(), group_level()
    alerts = take(once, deltas).alerts
    repeated = [*deltas[:2], *deltas[:2], *deltas[1:], *deltas]
    assert take(twice, repeated).alerts == alerts
    assert groups_state(twice) == groups_state(once)


def test_groups_beyond_the_capacity_of_a_tick_do_no_harm() -> None:
    level = group_level(capacity=4, members=8)
    requests = [
        request(f"{g}{a}{at}", at=at, account=a, proxy=f"p{g}")
        for at in range(3)
        for g in range(9)
        for a in "abc"
    ]
    output = take(level, deltas_of(requests, sources=1)[0])
    assert len(level.profiles) == 3
    assert len(level.members) == 7
    assert all(alert.entity.value.startswith("p") for alert in output.alerts)


def test_a_known_group_keeps_its_row_while_new_ones_take_theirs() -> None:
    level = group_level(capacity=4)
    for at, groups in enumerate(["x", "y", "z", "xuvw"]):
        requests = [
            request(f"{g}{a}{at}", at=at * 10_000, account=a, proxy=g) for g in groups for a in "ab"
        ]
        level.waiting._marks.clear()
        take(level, deltas_of(requests, sources=1)[0])
    assert "proxy:x" in level.profiles.index
    members = level.members
    for name, row in level.profiles.index.items():
        assert sorted(members.accounts(row, name, since=EPOCH + 30_000)) == ["a", "b"]


@pytest.mark.parametrize("capacity", [5, 1000])
def test_how_accounts_crowd_is_learned_of_the_groups_there_are_and_of_no_empty_row(
    capacity: int,
) -> None:
    level = group_level(capacity=capacity)
    requests = [
        request(f"{a}|{at}", at=at, account=f"a{a}", proxy=f"p{a % 4}")
        for at in range(0, 200, 10)
        for a in range(40)
    ]
    take(level, deltas_of(requests, sources=1)[0])
    crowd = level.population.lone["proxy"].crowding.crowd
    assert crowd.met[-1] == pytest.approx(4.0, abs=0.01)
    assert crowd.groups[-1] == pytest.approx(4.0 + LEAST_EVERYBODY - 40, abs=0.2)


@pytest.mark.parametrize(("egress", "wins"), [("shared", True), ("{}-alone", False)])
def test_a_model_wins_a_slot_with_its_requests_in_groups(egress: str, *, wins: bool) -> None:
    level = group_level()
    usual = [
        request(f"{m}{a}", at=0, account=f"a{a}", model=f"m{m}", proxy="office")
        for m in range(1, SLOTS)
        for a in range(2)
    ]
    new = [
        request(n, at=9, account=f"b{n % 2}", model="new", proxy=egress.format(f"b{n % 2}"))
        for n in range(LEAD + 10)
    ]
    for requests in (usual, new):
        take(level, deltas_of(requests, sources=1)[0])
    assert ("new" in level.models) == wins


def test_an_account_whose_name_has_a_line_break_is_named_whole() -> None:
    level = group_level()
    take(level, deltas_of(office("a\nb", "c"), sources=1)[0])
    row = level.profiles.index["proxy:office"]
    assert sorted(level.members.accounts(row, "proxy:office", since=0)) == ["a\nb", "c"]


def test_a_release_is_remembered_up_to_a_number() -> None:
    level = group_level()
    for number in range(RELEASES + 5):
        level.release(f"m{number}", float(number))
    assert len(level.population.released) == RELEASES
    assert "m0" not in level.population.released


@effort(max_examples=30)
@given(requests=worlds(most=30), turns=st.lists(st.integers(0, 2), max_size=60))
def test_the_order_in_which_sources_arrive_does_not_matter(
    requests: list[Request], turns: list[int]
) -> None:
    queues = deltas_of(requests, sources=3)
    plain, mixed = group_level(), group_level()
    assert take(mixed, woven(queues, turns)).alerts == take(plain, woven(queues, [])).alerts
    assert groups_state(mixed) == groups_state(plain)


@effort(max_examples=30)
@given(requests=worlds(most=30))
def test_every_request_of_a_group_is_counted_once(requests: list[Request]) -> None:
    level = group_level()
    take(level, woven(deltas_of(requests, sources=3), []))
    warm = set(level.profiles.index)
    for name in warm:
        counted = level.profiles["requests"][level.profiles.index[name]]
        members = [row for m, row in level.members.index.items() if m.startswith(f"{name}\n")]
        assert level.members["requests"][members].sum() == counted


def test_members_stay_in_their_groups_when_a_lower_capacity_numbers_them_anew() -> None:
    before, back, shelf = group_level(), group_level(capacity=20), Shelf()
    people = [(f"{number}{who}", number) for number in range(50) for who in "ab"]
    asked = [request(a, at=n, account=a, proxy=f"office{n}") for a, n in people]
    take(before, deltas_of(asked, sources=1)[0])
    shelf.put(before.checkpoint())
    shelf.give(back)
    assert len(back.profiles) == 19
    row = back.profiles.index["proxy:office49"]
    assert sorted(back.members.accounts(row, "proxy:office49", since=0)) == ["49a", "49b"]
    take(back, deltas_of(office("a", "b", at=100), sources=1)[0])
    shelf.put(back.checkpoint())
    again = group_level(capacity=20)
    shelf.give(again)
    assert groups_state(again) == groups_state(back)


def test_a_checkpoint_with_waiting_deltas_restores_exactly() -> None:
    requests = [r for at in range(6) for r in office("a", "b", "c", "d", at=at)]
    one, other = deltas_of(requests, sources=2)
    order = [*one[:2], *other[:4], *one[2:], *other[4:]]
    plain, shelf = group_level(), Shelf()
    whole = take(plain, order).alerts
    first = group_level()
    before = take(first, order[:6]).alerts
    shelf.put(first.checkpoint())
    assert shelf.position["deltas"] < 5
    second = group_level()
    shelf.give(second)
    alerts: dict[str, Alert] = {alert.id: alert for alert in before}
    for offset in range(shelf.position["deltas"] + 1, len(order)):
        for alert in second.process([order[offset]], offset).alerts:
            assert alerts.setdefault(alert.id, alert) == alert
    assert alerts == {alert.id: alert for alert in whole}
    assert groups_state(second) == groups_state(plain)


def test_feeding_makes_alerts_at_both_levels() -> None:
    level = account_level()
    output = feed(level, office("a", "b", "c"))
    alerts = take(group_level(), [delta for _, delta in output.deltas]).alerts
    assert [(alert.entity.scope, alert.entity.value) for alert in alerts] == [("proxy", "office")]
    assert alerts[0].accounts == ["a", "b", "c"]
    assert sorted(alerts[0].samples) == ["ra0", "rb0", "rc0"]


def test_a_source_that_was_idle_and_came_back_is_waited_for_after_a_restart() -> None:
    busy, other = deltas_of(
        [r for at in range(6) for r in office("b", "d", "a", "c", at=at)], sources=2
    )
    silent = account_level(partition=1, partitions=2).pause(idle=True).deltas[0][1]
    order = [silent, busy[0], other[0], busy[1], busy[2], other[1], busy[3], *other[2:], *busy[4:]]
    plain, shelf, first = group_level(), Shelf(), group_level()
    whole = {alert.id: alert for alert in take(plain, order).alerts}
    alerts = {alert.id: alert for alert in take(first, order[:5]).alerts}
    shelf.put(first.checkpoint())
    second = group_level()
    shelf.give(second)
    for offset in range(shelf.position["deltas"] + 1, len(order)):
        for alert in second.process([order[offset]], offset).alerts:
            assert alerts.setdefault(alert.id, alert) == alert
    assert alerts == whole
    assert groups_state(second) == groups_state(plain)
