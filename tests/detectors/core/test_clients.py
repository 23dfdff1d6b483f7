from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core import clients
from detectors.core.account_level import AccountLevel
from detectors.core.clients import AGAIN, CLIENTS, DAY, LOOK, Named, Organisations
from detectors.core.group_level import GroupLevel
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
    return Named(seed=SEED)[client, None]


def counted(groups: GroupLevel, name: str = "proxy:hydra") -> dict[int, float]:
    rows = np.array([groups.profiles.index[name]])
    counts, _ = clients.faded(groups.profiles, rows, tick=groups.clock)
    slots = groups.profiles["clients"][rows]
    return {int(c): float(n) for c, n in zip(slots[0], counts[0], strict=True) if c and n > 0}


def test_user_agent_and_fingerprint_are_one_client_together() -> None:
    named, otherwise = Named(seed=SEED), Named(seed=SEED + 1)
    clients = [("a", "x"), ("a", "y"), ("a", None), (None, "a")]
    numbers = [named[client] for client in clients]
    assert len(set(numbers)) == 4
    assert all(0 < one < CLIENTS for one in numbers)
    assert [named[client] for client in clients] == numbers
    assert [otherwise[client] for client in clients] != numbers


@pytest.mark.parametrize("client", [(None, None), ("", None), (None, ""), ("", "")])
def test_who_says_nothing_has_no_client(client: tuple[str | None, str | None]) -> None:
    assert Named(seed=SEED)[client] == 0


def test_names_invented_without_end_are_not_all_remembered() -> None:
    named = Named(seed=SEED)
    first = named["app", None]
    for number in range(2 * clients.REMEMBERED):
        named[f"app/{number}", None]
    assert len(named) <= clients.REMEMBERED
    assert named["app", None] == first


def test_an_account_counts_once_by_its_last_client() -> None:
    made = [ask(f"a{n}", "old", at=n) for n in range(6)]
    made += [ask("a0", "old", at=20 + n) for n in range(300)]
    made += [ask("a5", "new", at=400), ask("a5", None, at=500)]
    _, groups = through(made)
    found = counted(groups)
    # The group has counted since its second account came.
    assert found[number("old")] == pytest.approx(5.0, abs=0.05)
    assert found[number("new")] == pytest.approx(1.0, abs=0.05)


def test_a_client_is_looked_at_once_a_minute() -> None:
    made = [ask(f"a{n}", "old", at=n) for n in range(6)]
    _, groups = through([*made, ask("a5", "new", at=30)])
    assert number("new") not in counted(groups)
    _, groups = through([*made, ask("a5", "new", at=30), ask("a5", "new", at=5 + AGAIN)])
    assert number("new") in counted(groups)


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


def organisations(made: Sequence[Request]) -> Organisations:
    last = max(float(r.ts) for r in made) - EPOCH
    times = 0, 1, 60, 61, LOOK + 120, LOOK + 181
    late = [ask(f"l{n % 2}", None, at=last + n, proxy="late") for n in times]
    return through([*made, *late])[1].population.clients


def test_accounts_that_share_egresses_or_payments_are_one_organisation() -> None:
    made = [ask(f"a{n}", "app", at=n % 100, proxy=f"p{(n + step) % 10}")
            for n in range(100) for step in (0, 1)]  # fmt: skip
    made += [ask(r.account, "app", at=float(r.ts) - EPOCH + 100, proxy=r.proxy or "") for r in made]
    found = organisations(made)
    assert found.accounts[number("app")] == 100
    assert found.counts[number("app")] == 1


def test_accounts_without_company_are_each_one_and_strangers_at_one_exit_are_apart() -> None:
    made = [ask(f"h{n}", "app", at=n, proxy=f"home-{n}") for n in range(30)]
    for at in (40, 110):
        made += [ask(f"x{n}", f"c{n % 2}", at=at + n, proxy="exit") for n in range(8)]
    found = organisations(made)
    assert found.counts[number("app")] == 30
    assert [found.counts[number(f"c{n}")] for n in range(2)] == [1, 1]
    assert [found.accounts[number(f"c{n}")] for n in range(2)] == [4, 4]


def test_what_was_not_seen_for_a_day_counts_no_more() -> None:
    made = [ask(f"h{n}", "app", at=n, proxy=f"home-{n}") for n in range(30)]
    found = organisations([*made, ask("h0", "app", at=DAY + 100, proxy="home-0")])
    assert found.counts[number("app")] == 1


def test_a_row_given_anew_does_not_tie_the_accounts_of_two_groups() -> None:
    accounts, groups = account_level(), group_level(capacity=3)
    made = [ask(f"{n}-{a}", "app", at=n, proxy=f"p{n}") for n in range(9) for a in "xyz"]
    made += [ask(f"l{n % 2}", None, at=60 * n, proxy="p8") for n in range(1, 14)]
    for offset, (_, delta) in enumerate(feed(accounts, made).deltas):
        groups.process([delta], offset)
    assert groups.evicted > 5
    assert groups.population.clients.counts[number("app")] == 9


def test_clients_as_rare_are_counted_together_but_those_of_one_account_alone() -> None:
    found = Organisations()
    client = np.repeat([1, 2, 3, 4], [40, 5, 5, 1])
    account = np.arange(len(client), dtype=np.uint64)
    nobody, group = np.zeros(0, np.int64), np.arange(len(client))
    group[40:45] = 1000
    found.count(client, account, group, nobody, nobody.astype(np.uint64))
    assert found.counts[1:5].tolist() == [40, 1, 5, 1]
    assert found.as_rare(np.array([1.0, 5.0, 39.0, 40.0, 99.0])).tolist() == [1, 6, 6, 46, 46]
    assert found.usual == pytest.approx((40**2 + 25 + 2) / 47**2)


def test_what_was_counted_comes_back() -> None:
    kept = organisations([ask(f"a{n}", f"c{n % 5}", at=n, proxy=f"p{n % 9}") for n in range(50)])
    back = Organisations()
    back.restore(kept.snapshot())
    assert back.snapshot() == kept.snapshot()
    assert back.counts.tolist() == kept.counts.tolist()
    assert back.as_rare(np.array([3.0])) == kept.as_rare(np.array([3.0]))
