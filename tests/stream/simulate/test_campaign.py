from collections import Counter, defaultdict

import numpy as np
import pytest

from stream.simulate import World, simulate
from stream.simulate.columns import Columns
from stream.simulate.traffic import Traffic
from stream.simulate.truth import labels
from tests.stream.simulate.conftest import Run

HOUR = {"accounts": 0, "campaign": "minimax", "campaign_accounts": 100, "hours": 1.0}


def drawn(**settings: object) -> Columns:
    world = World(**{**HOUR, **settings})  # type: ignore[arg-type]
    return np.concatenate(list(Traffic(world).extraction()))


def unevenness(requests: Columns) -> float:
    counts = np.bincount(requests["actor"])
    return float(counts.std() / counts.mean())


def test_even_share_makes_accounts_implausibly_equal() -> None:
    settings = {"ban_rate": 0.0, "mixing": 0.0, "requests_per_account_day": 6_000.0}
    even, uneven = (drawn(even_share=share, **settings) for share in (1.0, 0.0))

    assert unevenness(even) < 0.1
    assert unevenness(uneven) > 0.8


def test_lockstep_makes_tasks_start_together() -> None:
    settings = {"ban_rate": 0.0, "mixing": 0.0, "failover": 0.0, "jitter": 1.0}
    free, bound = (drawn(lockstep=share, **settings) for share in (0.0, 1.0))

    for requests, low, high in ((free, 0.0, 0.1), (bound, 0.9, 1.0)):
        starts = requests["ts"][(requests["turn"] == 0) & (requests["status"] == 200)]
        assert low <= np.mean(starts % 60 < 2.0) <= high


@pytest.mark.parametrize("mixing", [0.0, 0.4, 0.95])
def test_mixing_is_the_share_of_ordinary_requests(mixing: float) -> None:
    requests = drawn(mixing=mixing)

    assert np.mean(~requests["extraction"]) == pytest.approx(mixing, abs=0.06)


def test_an_account_makes_the_requests_per_day_that_the_world_says() -> None:
    requests = drawn(requests_per_account_day=2_400.0, ban_rate=0.0)

    assert len(requests) / 100 == pytest.approx(100, rel=0.1)


def test_half_of_the_extraction_moves_within_seconds_of_the_pivot() -> None:
    settings = {"release_at": 1_800.0, "requests_per_account_day": 20_000.0}
    requests = drawn(**settings)
    new = requests["model"] == 3
    since = requests["ts"] - 1_767_225_600.0 - 1_810.0

    assert not new[since < -10].any()
    assert new[requests["extraction"] & (since >= 5)].mean() == pytest.approx(0.5, abs=0.03)
    assert not new[requests["extraction"] & (since < 0)].any()


def test_a_pivot_may_take_its_time() -> None:
    requests = drawn(release_at=0.0, pivot_delay=600.0, pivot_seconds=1_800.0)
    wanted = requests[requests["extraction"]]
    since = wanted["ts"] - 1_767_225_600.0 - 600.0
    halfway = wanted["model"][(since > 600) & (since < 1_200)] == 3

    assert 0.15 < halfway.mean() < 0.35


def test_a_banned_account_is_denied_a_few_times_and_then_silent(attacked: Run) -> None:
    banned = {each["account"]: each["ts"] for each in attacked.campaign["bans"]}
    after: dict[str, list[int]] = defaultdict(list)
    for each in attacked.requests:
        if each["ts"] >= banned.get(each["account"], np.inf):
            after[each["account"]].append(each["status"])

    assert len(banned) > 20
    assert {status for denied in after.values() for status in denied} == {401, 403}
    assert max(len(denied) for denied in after.values()) <= 5


def test_an_heir_follows_each_ban_and_takes_over_payment_and_egresses(attacked: Run) -> None:
    campaign = attacked.campaign
    bans = {each["account"]: each["ts"] for each in campaign["bans"]}

    assert len(campaign["heirs"]) > 5
    for banned, heir in campaign["heirs"].items():
        old, new = campaign["accounts"][banned], campaign["accounts"][heir]
        assert new["role"] == "heir"
        assert new["created"] > bans[banned]
        assert (new["payment"], new["proxies"], new["slot"]) == (
            old["payment"],
            old["proxies"],
            old["slot"],
        )


def test_without_heirs_the_campaign_shrinks() -> None:
    world = World(**HOUR, ban_rate=48.0, heirs=False)  # type: ignore[arg-type]
    campaign = labels(world)["campaigns"][0]
    requests = drawn(ban_rate=48.0, heirs=False)
    half = world.start + 1_800

    assert campaign["heirs"] == {}
    assert len(campaign["accounts"]) == 100
    assert (requests["ts"] > half).sum() < 0.6 * (requests["ts"] < half).sum()


def test_a_failed_conversation_goes_on_under_another_account() -> None:
    for failover, moves in ((1.0, True), (0.0, False)):
        requests = drawn(failover=failover, ban_rate=20.0)
        owners: dict[int, list[int]] = defaultdict(list)
        for actor, conversation in zip(
            requests["actor"].tolist(), requests["conversation"].tolist(), strict=True
        ):
            owners[conversation].append(actor)
        shared = [actors for actors in owners.values() if len(set(actors)) > 1]

        assert bool(shared) is moves


def test_an_echo_repeats_the_prefix_within_seconds() -> None:
    requests = drawn(failover=1.0, ban_rate=0.0)
    order = np.lexsort((requests["ts"], requests["conversation"]))
    earlier, later = requests[order][:-1], requests[order][1:]
    echo = (earlier["conversation"] == later["conversation"]) & (earlier["status"] == 429)

    assert echo.sum() > 20
    assert (later["actor"] != earlier["actor"])[echo].all()
    assert (later["turn"] == earlier["turn"])[echo].all()
    assert (later["ts"] - earlier["ts"])[echo].max() < 5


def test_payments_are_shared_in_small_sets(attacked: Run) -> None:
    founders = [
        each for each in attacked.campaign["accounts"].values() if each["role"] == "founder"
    ]

    assert set(Counter(each["payment"] for each in founders).values()) == {5}


def test_proxies_carry_unrelated_customers_too(attacked: Run) -> None:
    benign = {name for names in attacked.labels["benign"].values() for name in names}
    proxies = attacked.campaign["proxies"]
    seen = defaultdict(set)
    for each in attacked.requests:
        if ":" not in each["ip"]:
            seen[each["ip"].rpartition(".")[0] + ".0/24"].add(each["account"])

    assert len(proxies) == 8
    for name, its in proxies.items():
        assert set(its["customers"]) <= benign
        assert seen[name] <= {*its["accounts"], *its["customers"]}
    assert any(seen[name] & benign for name in proxies)


def test_a_campaign_that_begins_later_opens_its_accounts_first() -> None:
    world = World(accounts=50, hours=0.5, campaign="minimax", campaign_at=600.0)
    campaign = labels(world)["campaigns"][0]
    created = {
        each["account"]: each["ts"] for each in simulate(world) if each.get("event") == "created"
    }

    for name, its in campaign["accounts"].items():
        assert created[name] == its["created"] >= world.start + 600
        assert its["first"] is None or its["first"] >= its["created"]


@pytest.mark.parametrize("aged", [0.0, 120.0, 7_200.0])
def test_accounts_that_were_kept_before_they_are_used_are_created_so_much_earlier(
    aged: float,
) -> None:
    world, fresh = (
        World(
            accounts=200,
            hours=0.5,
            campaign="minimax",
            campaign_accounts=40,
            campaign_at=600.0,
            ban_rate=100.0,
            aged=seconds,
        )
        for seconds in (aged, 0.0)
    )
    kept, new = (labels(one)["campaigns"][0]["accounts"] for one in (world, fresh))
    assert [each["first"] for each in kept.values()] == [each["first"] for each in new.values()]
    for its, other in zip(kept.values(), new.values(), strict=True):
        due = other["created"] - aged
        assert its["created"] == (pytest.approx(due) if due >= world.start else None)
