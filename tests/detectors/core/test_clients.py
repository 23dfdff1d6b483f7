from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core import clients
from detectors.core.account_level import AccountLevel
from detectors.core.clients import CLIENTS, DAY, Everybody, clients_of
from detectors.core.group_level import GroupLevel
from detectors.core.profiles import Profiles
from detectors.core.records import Request
from tests.detectors.traffic import EPOCH, SEED, account_level, feed, group_level, request


def ask(account: str, client: str | None, *, at: float, proxy: str = "hydra") -> Request:
    number = f"{account}|{at}|{proxy}"
    return request(number, at=at, account=account, proxy=proxy, user_agent=client)


def through(requests: Sequence[Request]) -> tuple[AccountLevel, GroupLevel]:
    accounts, groups = account_level(), group_level()
    output = feed(accounts, sorted(requests, key=lambda r: float(r.ts)))
    for offset, (_, delta) in enumerate(output.deltas):
        groups.process([delta], offset)
    return accounts, groups


def number(client: str) -> int:
    return int(clients_of([request(1, at=0, user_agent=client)], seed=SEED)[0])


def counted(groups: GroupLevel, name: str = "proxy:hydra") -> dict[int, float]:
    rows = np.array([groups.profiles.index[name]])
    counts, _ = clients.faded(groups.profiles, rows, tick=groups.clock)
    slots = groups.profiles["clients"][rows]
    return {int(c): float(n) for c, n in zip(slots[0], counts[0], strict=True) if c and n > 0}


def test_user_agent_and_fingerprint_are_one_client_together() -> None:
    made = [
        request(1, at=0, user_agent="a", ja4="x"),
        request(2, at=0, user_agent="a", ja4="y"),
        request(3, at=0, user_agent="a"),
        request(4, at=0, ja4="a"),
        request(5, at=0, user_agent="a", ja4="x"),
    ]
    numbers = clients_of(made, seed=SEED).tolist()
    assert len(set(numbers)) == 4
    assert numbers[0] == numbers[4]
    assert all(0 < one < CLIENTS for one in numbers)
    assert clients_of(made, seed=SEED + 1).tolist() != numbers


@pytest.mark.parametrize(
    "named", [{}, {"user_agent": ""}, {"ja4": ""}, {"user_agent": "", "ja4": ""}]
)
def test_who_says_nothing_has_no_client(named: dict[str, str]) -> None:
    assert clients_of([request(1, at=0, **named)], seed=SEED).tolist() == [0]


def test_an_account_counts_once_by_its_last_client() -> None:
    made = [ask(f"a{n}", "old", at=n) for n in range(6)]
    made += [ask("a0", "old", at=20 + n) for n in range(300)]
    made += [ask("a5", "new", at=400), ask("a5", None, at=500)]
    accounts, groups = through(made)
    found = counted(groups)
    # The group has counted since its second account came.
    assert found[number("old")] == pytest.approx(5.0, abs=0.05)
    assert found[number("new")] == pytest.approx(1.0, abs=0.05)
    assert accounts.population.clients.counts.sum() == pytest.approx(6.0, abs=0.05)


def test_what_groups_are_told_of_everybody_is_what_the_accounts_counted() -> None:
    made = [ask(f"a{n}", f"c{n % 3}", at=n, proxy=f"home-{n}") for n in range(59)]
    accounts, groups = through([*made, ask("late", "c0", at=90, proxy="home")])
    told = groups.population.clients.counts
    assert told == pytest.approx(accounts.population.clients.counts, rel=1e-4)


def test_a_client_that_many_accounts_have_takes_a_slot_from_those_few_have() -> None:
    made = [ask(f"o{n}", f"odd-{n % 9}", at=n) for n in range(27)]
    made += [ask(f"f{n}", "farm", at=100 + n // 2) for n in range(40)]
    made += [ask(f"f{n}", "farm", at=200 + n // 2) for n in range(40)]
    _, groups = through(made)
    assert 35 < counted(groups)[number("farm")] <= 40.05


def test_a_busy_account_with_a_client_of_its_own_takes_no_slot() -> None:
    made = [ask(f"o{n}", f"c-{n % 4}", at=n) for n in range(16)]
    made += [ask(f"o{n}", f"c-{n % 4}", at=20 + n) for n in range(16)]
    _, groups = through(made + [ask("busy", "own", at=40 + n) for n in range(200)])
    assert set(counted(groups)) == {number(f"c-{n}") for n in range(4)}


def test_counts_fade_by_the_day() -> None:
    _, groups = through([ask(f"a{n}", "x", at=n) for n in range(9)] + [ask("a0", "x", at=2 * DAY)])
    assert counted(groups)[number("x")] == pytest.approx(8 * np.exp(-2) + 1, abs=0.2)


@effort(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 9), st.sampled_from([1, 60, 7200])),
        min_size=3,
        max_size=40,
    )
)
def test_no_client_is_counted_for_more_accounts_than_have_had_it(
    made: list[tuple[int, int, int]],
) -> None:
    at, requests = 0, []
    for account, client, pause in made:
        at += pause
        requests.append(ask(f"a{account}", f"c{client}", at=at))
    _, groups = through(requests)
    if "proxy:hydra" in groups.profiles.index:
        for client, count in counted(groups).items():
            having = {r.account for r in requests if number(r.user_agent or "") == client}
            assert count <= len(having) + 1e-6


def test_clients_as_rare_are_counted_together() -> None:
    everybody = Everybody()
    many = np.repeat(np.array([1, 2, 3, 4, 5], np.uint16), [100, 5, 5, 5, 5])
    accounts = Profiles(capacity=200, columns=clients.COLUMNS)
    rows = accounts.rows_of([str(n) for n in range(120)], tick=EPOCH)
    everybody.fold(accounts, rows, rows, many, away=np.full(120, 10**9), tick=EPOCH)
    assert everybody.as_rare(np.array([3.0, 5.0, 100.0])).tolist() == [0.0, 20.0, 120.0]
    assert everybody.usual == pytest.approx((100**2 + 4 * 25) / 120**2)


def test_what_was_counted_comes_back() -> None:
    accounts, groups = through([ask(f"a{n}", f"c{n}", at=n * 40) for n in range(9)])
    for kept in (accounts.population.clients, groups.population.clients):
        back = Everybody()
        back.restore(kept.snapshot())
        assert back.snapshot() == kept.snapshot()
        assert back.counts.tolist() == kept.counts.tolist()
