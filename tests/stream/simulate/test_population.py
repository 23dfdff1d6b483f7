from collections import Counter

import numpy as np
import pytest

from stream.simulate.classes import CLASSES
from stream.simulate.columns import Columns, Ints
from stream.simulate.population import draw
from stream.simulate.traffic import Traffic
from stream.simulate.world import World

CHAT = ("person", "office", "vpn", "mobile", "reseller", "assistant_backend")


def per_second(traffic: Traffic, requests: Columns, names: tuple[str, ...]) -> Ints:
    rows = np.concatenate([traffic.population.of(name) for name in names])
    times = requests["ts"][np.isin(requests["actor"], rows)]
    return np.bincount((times - times.min()).astype(np.int64))


def test_chat_is_a_little_over_dispersed(quiet: Traffic, quiet_requests: Columns) -> None:
    counts = per_second(quiet, quiet_requests, CHAT)

    assert 1.2 < counts.var() / counts.mean() < 1.7


def test_coding_agents_are_far_over_dispersed(quiet: Traffic, quiet_requests: Columns) -> None:
    counts = per_second(quiet, quiet_requests, ("coding_agent",))

    assert 8 < counts.var() / counts.mean() < 20


def test_a_tenth_to_a_fifth_of_clients_send_prompts_of_near_constant_length(
    quiet_requests: Columns,
) -> None:
    order = np.argsort(quiet_requests["actor"], kind="stable")
    ordered = quiet_requests[order]
    starts = np.flatnonzero(np.diff(ordered["actor"])) + 1
    clients = [each for each in np.split(ordered["input_tokens"], starts) if len(each) >= 20]
    constant = [each.std() / each.mean() < 0.1 for each in clients]

    assert len(clients) > 300
    assert 0.09 <= np.mean(constant) <= 0.21


def test_more_than_half_of_all_requests_share_a_prefix(quiet_requests: Columns) -> None:
    talks = quiet_requests["conversation"][quiet_requests["conversation"] != 0]
    shared = sum(count for count in Counter(talks.tolist()).values() if count > 1)

    assert 0.5 < shared / len(quiet_requests) < 0.7


def test_a_few_of_all_requests_fail(quiet_requests: Columns) -> None:
    statuses = Counter(quiet_requests["status"].tolist())

    assert set(statuses) == {200, 400, 429, 500}
    assert 0.96 < statuses[200] / len(quiet_requests) < 0.995


@pytest.fixture(scope="module")
def crowd() -> Traffic:
    return Traffic(World(seed=9, accounts=50_000))


def test_people_make_one_to_forty_requests_a_day(crowd: Traffic) -> None:
    people = crowd.population
    rows = people.of("person")
    daily = 86_400 * people.burst[rows] / people.burst_gap[rows]

    assert daily.min() >= 1 - 1e-9
    assert daily.max() <= 40 + 1e-9
    assert 5 < np.median(daily) < 15


def test_rates_are_heavy_tailed(crowd: Traffic) -> None:
    people = crowd.population
    rows = people.of("assistant_backend")
    daily = np.sort(people.burst[rows] / people.burst_gap[rows])

    assert daily[-len(daily) // 10 :].sum() > 0.4 * daily.sum()


def test_adoption_is_a_crowd_that_moves_over_days(crowd: Traffic) -> None:
    delay, share = crowd.population.adoption.delay, crowd.population.adoption.share
    within = [np.mean(delay < seconds) for seconds in (600, 3_600, 86_400, 7 * 86_400)]

    assert 0.01 < within[0] < 0.03
    assert 0.02 < within[1] < 0.15
    assert 0.15 < within[2] < 0.5
    assert 0.4 < within[3] < 0.75
    assert np.isinf(delay).mean() > 0.2
    assert np.mean(share[delay < 300] == 1.0) > 0.7


def test_each_class_has_its_share(crowd: Traffic) -> None:
    total = sum(each.share for each in CLASSES.values())
    for name, each in CLASSES.items():
        found = len(crowd.population.of(name)) / 50_000
        assert found == pytest.approx(each.share / total, rel=0.15)


def test_strangers_share_the_egress_of_an_exit_and_not_their_payment(crowd: Traffic) -> None:
    people = crowd.population
    rows = people.of("vpn")
    paying = rows[people.payment[rows] >= 0]

    assert len(set(people.place[rows].tolist())) < len(rows) / 15
    assert len(set(people.payment[paying].tolist())) == len(paying)


def test_a_reseller_is_many_accounts_with_one_payment(crowd: Traffic) -> None:
    people = crowd.population
    rows = people.of("reseller")

    assert len(set(people.payment[rows].tolist())) < len(rows) / 10


def test_no_class_shares_a_place_with_another(crowd: Traffic) -> None:
    people = crowd.population
    owners: dict[int, set[int]] = {}
    for place, kind in zip(people.place.tolist(), people.kind.tolist(), strict=True):
        owners.setdefault(place, set()).add(kind)

    assert {len(kinds) for kinds in owners.values()} == {1}


def test_people_sleep() -> None:
    world = World(seed=4, accounts=600, hours=24, intensity=0.5)
    traffic = Traffic(world)
    people = traffic.population
    local = Counter[int]()
    for requests in traffic.requests():
        mine = requests[people.kind[requests["actor"]] == people.names.index("person")]
        hours = (mine["ts"] + people.zone[mine["actor"]]) // 3_600 % 24
        local.update(hours.astype(int).tolist())

    assert local[3] < 0.2 * local[14]


def test_a_batch_runs_at_constant_speed(quiet: Traffic, quiet_requests: Columns) -> None:
    rows = quiet.population.of("batch")
    mine = quiet_requests[np.isin(quiet_requests["actor"], rows)]
    busiest = Counter(mine["actor"].tolist()).most_common(1)[0][0]
    gaps = np.diff(mine["ts"][mine["actor"] == busiest])

    assert gaps.std() / gaps.mean() < 0.1


def test_births_follow_the_churn() -> None:
    born = draw(World(accounts=20_000, hours=24, churn=0.05)).born

    assert np.isfinite(born).mean() == pytest.approx(0.05, rel=0.15)
