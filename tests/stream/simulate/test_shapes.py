from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from stream.simulate import World, labels, simulate
from stream.simulate.campaigns import SHAPES
from stream.simulate.columns import Columns
from stream.simulate.traffic import Traffic

SMALL: dict[str, dict[str, Any]] = {
    "deepseek": {"campaign_accounts": 60, "hours": 6.0},
    "moonshot": {"campaign_accounts": 60, "hours": 3.0},
    "minimax": {"campaign_accounts": 60, "hours": 2.0},
    "mid2026": {"campaign_accounts": 400, "hours": 12.0},
}


def drawn(**settings: Any) -> Columns:
    return np.concatenate(list(Traffic(World(accounts=0, **settings)).extraction()))


def starts(requests: Columns) -> np.ndarray[Any, np.dtype[np.float64]]:
    opening = requests["extraction"] & (requests["turn"] == 0) & (requests["status"] == 200)
    found: np.ndarray[Any, np.dtype[np.float64]] = requests["ts"][opening]
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_does_per_account_and_day_what_it_says_and_is_after_what_it_says(
    name: str,
) -> None:
    world = World(accounts=0, seed=2, campaign=name, ban_rate=0.0, **SMALL[name])
    campaign = labels(world)["campaigns"][0]
    shape = SHAPES[name]
    each = [account["requests"] for account in campaign["accounts"].values()]

    daily = sum(each) / len(each) / world.hours * 24
    assert daily == pytest.approx(shape.requests_per_account_day, rel=0.15)
    assert set(shape.capabilities.split("+")) <= set(campaign["capabilities"])
    assert {each["capability"] for each in campaign["templates"]} == set(
        shape.capabilities.split("+")
    )


def test_the_first_shape_fires_in_waves_pays_together_and_spreads_its_load_evenly() -> None:
    requests = drawn(campaign="deepseek", hours=12.0, ban_rate=0.0)
    counts = np.bincount(requests["actor"])
    world = World(accounts=0, campaign="deepseek", hours=0.1)

    assert np.mean(starts(requests) % 60 < 3) > 0.7
    assert counts.std() / counts.mean() < 0.1
    assert len(labels(world)["campaigns"][0]["payments"]) == 6


def test_the_last_shape_is_harmless_account_by_account() -> None:
    requests = drawn(campaign="mid2026", hours=24.0, campaign_accounts=500)
    hourly = Counter(
        zip(requests["actor"].tolist(), (requests["ts"] // 3_600).tolist(), strict=True)
    )

    assert len(requests) / 500 == pytest.approx(26, rel=0.15)
    assert np.quantile(list(hourly.values()), 0.99) <= 20


def test_an_operator_on_less_than_full_duty_pauses_all_accounts_together() -> None:
    requests = drawn(
        campaign="deepseek", duty=0.5, hours=6.0, lockstep=0.0, requests_per_account_day=2_000.0
    )
    place = starts(requests) % 1_800

    assert np.mean(place > 900) < 0.01
    assert np.mean(place < 450) == pytest.approx(0.5, abs=0.05)


def test_accounts_that_start_slowly_come_up_to_their_rate() -> None:
    settings = {"campaign": "minimax", "campaign_at": 60.0, "hours": 2.0, "ban_rate": 0.0}
    sudden, slow = (drawn(slow_start=seconds, **settings) for seconds in (0.0, 7_200.0))
    early = [np.sum(each["ts"] < 1_767_225_600.0 + 2_400) for each in (sudden, slow)]
    late = [np.sum(each["ts"] > 1_767_225_600.0 + 6_000) for each in (sudden, slow)]

    assert early[1] < 0.3 * early[0]
    assert late[1] > 0.6 * late[0]


@pytest.mark.parametrize("own", [1, 3])
def test_clients_of_a_campaigns_own_are_nobody_elses_and_are_told(own: int) -> None:
    settings: dict[str, Any] = {"campaign": "moonshot", "campaign_accounts": 30, "hours": 0.5}
    world = World(accounts=200, own_clients=own, ban_rate=200.0, **settings)
    campaign = labels(world)["campaigns"][0]
    seen: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    of: dict[int, set[str]] = defaultdict(set)
    for each in simulate(world):
        if "ja4" in each:
            inside = each["account"] in campaign["accounts"]
            seen[inside].add((each["user_agent"], each["ja4"]))
            if inside:
                of[campaign["accounts"][each["account"]]["slot"]].add(each["ja4"])

    assert {(each["user_agent"], each["ja4"]) for each in campaign["clients"]} == seen[True]
    assert len(seen[True]) == own
    assert not {ja4 for _, ja4 in seen[True]} & {ja4 for _, ja4 in seen[False]}
    assert {agent for agent, _ in seen[True]} <= {agent for agent, _ in seen[False]}
    assert all(len(clients) == 1 for clients in of.values())


def test_own_clients_differ_between_campaigns_and_change_nothing_else() -> None:
    settings: dict[str, Any] = {"accounts": 100, "hours": 0.2, "campaign_accounts": 20}
    world = World(campaign=("minimax:own_clients=2", "deepseek:own-clients=2"), **settings)
    clients = [
        {each["ja4"] for each in campaign["clients"]} for campaign in labels(world)["campaigns"]
    ]
    common = World(campaign=("minimax", "deepseek"), **settings)
    told = [
        [{**each, "id": "", "user_agent": "", "ja4": ""} for each in simulate(of)]
        for of in (world, common)
    ]

    assert [len(each) for each in clients] == [2, 2]
    assert not clients[0] & clients[1]
    assert told[0] == told[1]


def test_payments_rotate_and_every_change_is_told() -> None:
    world = World(
        accounts=0,
        campaign="minimax",
        campaign_accounts=20,
        ban_rate=0.0,
        hours=2.0,
        requests_per_account_day=5_000.0,
        rotate_payment=1_800.0,
    )
    used: dict[str, set[str]] = defaultdict(set)
    told: dict[str, set[str]] = defaultdict(set)
    for each in simulate(world):
        if each.get("event") == "payment":
            told[each["account"]].add(each["payment"])
        elif "kind" not in each:
            used[each["account"]].add(each["payment"])

    assert all(4 <= len(payments) <= 5 for payments in used.values())
    assert all(len(used[name] - told[name]) == 1 for name in used)
    assert set().union(*used.values()) <= set(labels(world)["campaigns"][0]["payments"])


def test_egresses_rotate_within_the_campaigns_proxies() -> None:
    settings = {"campaign": "minimax", "campaign_accounts": 20, "hours": 3.0, "accounts": 0}
    seen: dict[float, dict[str, set[str]]] = {}
    for every in (0.0, 1_800.0):
        world = World(rotate_egress=every, proxies=60, ban_rate=0.0, **settings)  # type: ignore[arg-type]
        ranges: dict[str, set[str]] = defaultdict(set)
        for each in simulate(world):
            if "kind" not in each:
                ranges[each["account"]].add(each["ip"].rpartition(".")[0] + ".0/24")
        seen[every] = ranges
        campaign = labels(world)["campaigns"][0]
        for name, its in ranges.items():
            assert its <= set(campaign["accounts"][name]["proxies"]) <= set(campaign["proxies"])

    assert max(len(its) for its in seen[0.0].values()) <= 3
    assert min(len(its) for its in seen[1_800.0].values()) > 3


@pytest.mark.parametrize("kept", ["templates+egress+payment", "payment", "nothing"])
def test_an_heir_keeps_what_the_world_says(kept: str) -> None:
    world = World(
        accounts=0,
        campaign="minimax",
        campaign_accounts=80,
        proxies=40,
        hours=1.0,
        ban_rate=24.0,
        heir_keeps=kept,
        customers_per_proxy=0,
    )
    campaign = labels(world)["campaigns"][0]
    pairs = [
        (campaign["accounts"][old], campaign["accounts"][new])
        for old, new in campaign["heirs"].items()
    ]

    assert len(pairs) > 20
    for what, field in (("payment", "payment"), ("egress", "proxies")):
        same = [old[field] == new[field] for old, new in pairs]
        assert all(same) if what in kept else sum(same) < 0.2 * len(same)


def test_heirs_without_their_templates_send_others() -> None:
    world = World(
        accounts=0, campaign="minimax", campaign_accounts=80, ban_rate=24.0, heir_keeps="payment"
    )
    traffic = Traffic(world)
    requests = np.concatenate(list(traffic.extraction()))
    requests = requests[requests["extraction"]]
    sent: dict[int, set[int]] = defaultdict(set)
    for actor, template in zip(
        requests["actor"].tolist(), requests["application"].tolist(), strict=True
    ):
        sent[actor].add(template)
    tenants = traffic.hydras[0].tenants
    heirs = [
        (place, tenant.heir_of)
        for place, tenant in enumerate(tenants)
        if tenant.heir_of in sent and place in sent
    ]

    assert len(heirs) > 20
    assert sum(bool(sent[old] & sent[new]) for old, new in heirs) < 0.6 * len(heirs)


def test_a_refused_request_is_recorded_with_the_prefix_that_goes_on_elsewhere() -> None:
    world = World(
        accounts=0, campaign="minimax", campaign_accounts=60, ban_rate=24.0, failover=1.0, seed=4
    )
    talks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in simulate(world):
        if "kind" not in each:
            talks[each["conversation"]].append(each)
    failovers = labels(world)["campaigns"][0]["failovers"]
    refused = Counter[int]()
    for failover in failovers:
        talk = talks[failover["conversation"]]
        place = next(
            at
            for at, each in enumerate(talk)
            if each["ts"] >= failover["ts"] - 0.0005 and each["account"] == failover["to"]
        )
        before = talk[place - 1]
        assert before["account"] == failover["from"]
        refused[before["status"]] += 1
        if before["status"] != 200:
            assert (
                talk[place]["prefix_hashes"][: len(before["prefix_hashes"])]
                == (before["prefix_hashes"])
            )

    assert len(failovers) > 50
    assert {401, 403, 429} <= set(refused)


def test_several_campaigns_are_labelled_apart_and_share_nobody() -> None:
    world = World(
        accounts=300,
        hours=0.5,
        campaign=("minimax:accounts=20,proxies=3", "minimax:accounts=30,mixing=0", "deepseek"),
        mixing=0.5,
    )
    campaigns = labels(world)["campaigns"]
    asked = {each["account"] for each in simulate(world) if "kind" not in each}

    assert [each["name"] for each in campaigns] == ["minimax", "minimax-2", "deepseek-3"]
    assert [each["settings"]["mixing"] for each in campaigns] == [0.5, 0.0, 0.5]
    for field in ("accounts", "proxies", "payments"):
        sets = [set(each[field]) for each in campaigns]
        assert sum(map(len, sets)) == len(set().union(*sets))
    assert [len(each["proxies"]) for each in campaigns] == [3, 20, 10]
    openings = [{one["examples"][0] for one in each["templates"]} for each in campaigns]
    assert not openings[0] & openings[1]
    assert all(asked & set(each["accounts"]) for each in campaigns)


def test_accounts_per_proxy_sets_the_number_of_proxies() -> None:
    world = World(campaign="minimax", campaign_accounts=100, accounts_per_proxy=10.0)

    assert world.shape().proxies == 30
    given = World(campaign="minimax:proxies=7", accounts_per_proxy=10.0)
    assert given.shape().proxies == 7


@pytest.mark.parametrize(
    ("campaign", "sentence"),
    [
        ("nobody", "campaign must be one of deepseek, moonshot"),
        ("minimax:mixing", "campaign must have settings like mixing=0.5, not 'mixing'"),
        ("minimax:turns=3", "campaign must have settings like"),
        ("minimax:mixing=1", "campaign mixing must be between 0 and 0.95, not 1.0"),
        ("minimax:heirs=maybe", "campaign heirs must be a number"),
        ("minimax:accounts=many", "campaign accounts must be a number, not 'many'"),
        ("minimax:capabilities=poetry", "campaign capabilities must be some of reasoning_trace"),
        ("minimax:proxies=3,accounts-per-proxy=2", "proxies must not be given together"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_in_a_sentence(campaign: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        World(campaign=campaign)


def test_samples_name_requests_by_their_ids_and_say_what_they_are_after() -> None:
    world = World(accounts=100, hours=1.0, campaign=("deepseek", "moonshot:accounts=40"))
    requests = {each["id"]: each for each in simulate(world) if "kind" not in each}
    for campaign in labels(world)["campaigns"]:
        samples = campaign["samples"]
        assert 300 < len(samples) < 2_000
        for sample in samples:
            found = requests[sample["id"]]
            assert (found["ts"], found["account"]) == (sample["ts"], sample["account"])
            assert sample["capability"] in campaign["capabilities"]
