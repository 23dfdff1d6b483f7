from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from stream.simulate import World, labels, simulate
from stream.simulate.columns import Columns
from stream.simulate.traffic import Traffic
from stream.simulate.wording import CODING, CUSTOMER, PERSON
from tests.stream.simulate.conftest import Run

AFTERNOON = 1_767_225_600.0 + 15 * 3_600


class Life:
    """An afternoon of ordinary accounts, many of whom leave."""

    def __init__(self) -> None:
        self.world = World(
            seed=8, accounts=1_500, hours=1.0, start=AFTERNOON, departures=1.0, churn=1.0
        )
        self.labels = labels(self.world)
        records = list(simulate(self.world))
        self.requests = [each for each in records if "kind" not in each]
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in records:
            if each.get("kind") == "lifecycle":
                self.events[each["event"]].append(each)


@pytest.fixture(scope="module")
def life() -> Life:
    return Life()


def test_ordinary_accounts_open_pay_leave_and_come_back_too(life: Life) -> None:
    assert {"created", "verified", "payment", "banned", "deleted"} <= set(life.events)
    departures = life.labels["benign_departures"]
    told = [each["account"] for name in ("banned", "deleted") for each in life.events[name]]

    assert len(departures) == pytest.approx(1_500 / 24, rel=0.4)
    assert sorted(told) == sorted(each["account"] for each in departures)


def test_who_was_banned_may_be_restored_after_an_appeal() -> None:
    world = World(accounts=400, hours=24.0, departures=0.5, intensity=0.1, text="none")
    events = [each for each in simulate(world) if each.get("kind") == "lifecycle"]
    times = {(each["event"], each["account"]): each["ts"] for each in events}
    restored = [account for event, account in times if event == "restored"]

    assert restored
    for account in restored:
        order = [times[event, account] for event in ("banned", "appealed", "restored")]
        assert order == sorted(order)


def test_who_left_is_refused_a_few_times_and_then_silent(life: Life) -> None:
    gone = {each["account"]: each for each in life.labels["benign_departures"]}
    after: dict[str, list[int]] = defaultdict(list)
    for each in life.requests:
        its = gone.get(each["account"])
        if its and its["ts"] <= each["ts"] < (its["restored"] or np.inf):
            after[each["account"]].append(each["status"])

    assert after
    assert {status for refused in after.values() for status in refused} <= {401, 403}
    assert max(map(len, after.values())) <= 5


def test_failed_requests_are_tried_again_with_the_same_prompt(life: Life) -> None:
    talks: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for each in life.requests:
        if "conversation" in each:
            talks[each["conversation"], each["prompt"]].append(each)
    failed = [talk for talk in talks.values() if talk[0]["status"] in (429, 500)]
    again = [talk for talk in failed if len(talk) > 1]

    assert 0.3 < len(again) / len(failed) < 0.8
    assert all(one["prefix_hashes"] == talk[0]["prefix_hashes"] for talk in again for one in talk)
    assert np.median([talk[1]["ts"] - talk[0]["ts"] for talk in again]) < 5


def test_a_resellers_conversations_too_go_on_under_another_account(quiet: Traffic) -> None:
    requests = np.concatenate(list(quiet.requests()))
    people = quiet.population
    owners: dict[int, set[int]] = defaultdict(set)
    for actor, talk in zip(
        requests["actor"].tolist(), requests["conversation"].tolist(), strict=True
    ):
        if talk:
            owners[talk].add(actor)
    shared = [actors for actors in owners.values() if len(actors) > 1]

    assert shared
    for actors in shared:
        assert len({int(people.payment[actor]) for actor in actors}) == 1
        assert {people.names[int(people.kind[actor])] for actor in actors} == {"reseller"}


def test_step_by_step_cues_stand_in_a_few_of_the_ordinary_prompts(quiet_requests: Columns) -> None:
    asked = np.isin(quiet_requests["wording"] >> 40, (PERSON, CODING, CUSTOMER))

    assert 0.02 < quiet_requests["cue"].mean() < 0.12
    assert 0.02 < quiet_requests["cue"][asked].mean() < 0.12


def test_only_models_that_reason_report_reasoning(life: Life) -> None:
    models = {each["model"] for each in life.requests if "reasoning_tokens" in each}

    assert models == {"delta-3-pro"}
    assert all(
        each["reasoning_tokens"] <= each["output_tokens"]
        for each in life.requests
        if "reasoning_tokens" in each
    )


def test_resellers_and_products_name_their_end_users(life: Life) -> None:
    classes = life.labels["benign"]
    users: dict[str, set[str]] = defaultdict(set)
    for each in life.requests:
        if "end_user" in each:
            users[each["account"]].add(each["end_user"])

    assert set(users) <= {
        name for kind in ("reseller", "assistant_backend", "tutor") for name in classes[kind]
    }
    assert max(map(len, users.values())) > 50
    owners = Counter(user for its in users.values() for user in its)
    assert np.mean([count == 1 for count in owners.values()]) > 0.95


def test_a_campaigns_clients_are_those_of_ordinary_customers(attacked: Run) -> None:
    members = attacked.campaign["accounts"]
    seen: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    fields: dict[bool, set[str]] = {True: set(), False: set()}
    for each in attacked.requests:
        seen[each["account"] in members].add((each["user_agent"], each["ja4"]))
        fields[each["account"] in members].update(each)

    assert seen[True] <= seen[False]
    assert fields[True] <= fields[False]


def test_ids_do_not_tell_who_is_of_a_campaign(attacked: Run) -> None:
    members = attacked.campaign["accounts"]
    digits = {
        inside: Counter(
            each["id"][9:11] for each in attacked.requests if (each["account"] in members) is inside
        )
        for inside in (True, False)
    }

    assert all(len(counts) == 256 for counts in digits.values())


def test_some_homes_get_another_address_from_day_to_day() -> None:
    world = World(accounts=150, hours=72.0, text="none", departures=0.0)
    people = set(labels(world)["benign"]["person"])
    ranges: dict[str, set[str]] = defaultdict(set)
    for each in simulate(world):
        if "kind" not in each and each["account"] in people and ":" not in each["ip"]:
            ranges[each["account"]].add(each["ip"].rpartition(".")[0])

    assert 0.05 < np.mean([len(its) > 2 for its in ranges.values()]) < 0.5
