from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from msgspec.structs import replace

import detectors.core.account_level as module
import detectors.core.deltas
from detectors.core.batch import Batch, Strays, batch_of
from detectors.core.output import Output
from detectors.core.records import Delta, Lifecycle, Request, event_time
from tests.detectors.traffic import (
    EPOCH,
    SEED,
    TEMPLATES,
    Shelf,
    account_level,
    accounts_state,
    add,
    batch,
    cut,
    feed,
    request,
    worlds,
)


def created(account: str, at: float) -> Lifecycle:
    return Lifecycle(kind="lifecycle", ts=EPOCH + at, account=account, event="created")


def requests_of(level: Any, account: str) -> int:
    return int(level.profiles["requests"][level.profiles.index[account]])


def links_of(delta: Delta) -> list[tuple[str, str, str, int, int]]:
    """The links as account, group, model, requests, tokens."""
    columns = [
        np.frombuffer(delta.link_account, np.uint32),
        np.frombuffer(delta.link_group, np.uint32),
        np.frombuffer(delta.link_model, np.uint8),
        np.frombuffer(delta.link_requests, np.uint32),
        np.frombuffer(delta.link_tokens, np.int64),
    ]
    return sorted(
        (delta.accounts[a], delta.groups[g], delta.models[m], r, t)
        for a, g, m, r, t in zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    )


def test_a_tick_is_closed_by_a_request_of_a_later_second() -> None:
    level = account_level()
    assert level.process(batch([request(1, at=0), request(2, at=0.9)])).deltas == []
    output = level.process(batch([request(3, at=1)], first=2))
    assert [delta.tick for _, delta in output.deltas] == [EPOCH]
    assert requests_of(level, "ann") == 2


def test_a_late_event_counts_towards_the_tick_in_progress() -> None:
    level = account_level()
    output = level.process(batch([request(1, at=9), request(2, at=3), request(3, at=10)]))
    assert [delta.tick for _, delta in output.deltas] == [EPOCH + 9]
    assert requests_of(level, "ann") == 2


def test_a_duplicate_id_changes_nothing() -> None:
    once, twice = account_level(), account_level()
    feed(once, [request(1, at=0), request(2, at=5)])
    feed(twice, [request(1, at=0), request(1, at=0), request(2, at=5), request(1, at=5)])
    assert twice.repeated == 2
    assert accounts_state(twice)["profiles"] == accounts_state(once)["profiles"]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_denied_request_changes_no_profile(status: int) -> None:
    level = account_level()
    feed(level, [request(1, at=0), request(2, at=0, account="bob", status=status)])
    assert level.denied == 1
    assert list(level.profiles.index) == ["ann"]


def test_a_failed_request_is_behaviour() -> None:
    level = account_level()
    feed(level, [request(1, at=0, status=500)])
    assert requests_of(level, "ann") == 1


def test_an_account_is_born_when_it_was_created() -> None:
    level = account_level()
    level.live(created("ann", -500.0), EPOCH - 500.0, 0)
    feed(level, [request(1, at=0), request(2, at=0, account="bob")])
    born = level.profiles["born"]
    assert born[level.profiles.index["ann"]] == EPOCH - 500
    assert born[level.profiles.index["bob"]] == -EPOCH


def test_who_is_first_seen_after_a_day_was_not_there_before() -> None:
    level = account_level()
    later = EPOCH + module.UNKNOWN
    feed(level, [request(1, at=0), request(2, at=module.UNKNOWN, account="bob")])
    level.pause(idle=True)
    assert level.profiles["born"][level.profiles.index["bob"]] == later


def test_a_lifecycle_event_read_again_changes_nothing() -> None:
    level = account_level()
    level.live(created("ann", 0.0), EPOCH, 3)
    level.live(created("ann", 90.0), EPOCH + 90.0, 3)
    assert level.profiles["born"][level.profiles.index["ann"]] == EPOCH


def test_a_lifecycle_event_does_not_move_the_clock() -> None:
    level = account_level()
    level.live(created("ann", 1e6), EPOCH + 1e6, 0)
    assert level.clock == 0


def test_an_idle_partition_closes_the_tick_in_progress() -> None:
    level = account_level()
    level.process(batch([request(1, at=0)]))
    assert [(delta.tick, delta.idle) for _, delta in level.pause(idle=True).deltas] == [
        (EPOCH, False),
        (EPOCH, True),
    ]
    assert level.clock == EPOCH + 1


def test_a_partition_of_which_more_is_to_be_read_lets_nobody_pass_it() -> None:
    level = account_level()
    assert level.pause(idle=False).deltas == []
    level.process(batch([request(1, at=0)]))
    assert [(delta.tick, delta.idle) for _, delta in level.pause(idle=False).deltas] == [
        (EPOCH, False)
    ]
    assert level.clock == EPOCH + 1


def test_an_idle_partition_tells_the_groups_even_when_it_never_had_a_request() -> None:
    output = account_level(partitions=2).pause(idle=True)
    assert [(partition, delta.idle) for partition, delta in output.deltas] == [(0, True), (1, True)]


def test_a_tick_that_never_ends_is_closed_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TICK_REQUESTS", 10)
    level = account_level()
    output = level.process(batch([request(i, at=0) for i in range(35)]))
    assert [delta.tick - EPOCH for _, delta in output.deltas] == [0, 1, 2]
    assert requests_of(level, "ann") == 30


@effort(max_examples=30)
@given(cuts=st.sets(st.integers(1, 60)), at=st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_ticks_closed_early_are_the_same_however_the_stream_is_cut(
    cuts: set[int], at: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TICK_REQUESTS", 7)
        requests = [request(i % 40, at=second) for i, second in enumerate(sorted(at))]
        whole, parts = account_level(), account_level()
        assert feed(parts, requests, cuts=cuts) == feed(whole, requests)
        assert accounts_state(parts) == accounts_state(whole)


def test_a_tick_that_names_more_accounts_than_there_are_rows_still_counts_them_all() -> None:
    level = account_level(capacity=4)
    output = feed(level, [request(i, at=0, account=f"a{i}", proxy="x") for i in range(10)])
    assert level.applied == 10
    assert len(level.profiles) == 3
    (delta,) = [delta for _, delta in output.deltas if delta.groups]
    assert delta.accounts == ["a0", "a1", "a2"]
    assert all(alert.entity.value for alert in output.alerts)


def test_a_delta_holds_each_link_once() -> None:
    level = account_level()
    fields: dict[str, Any] = {"proxy": "hydra", "payment": "card"}
    output = feed(
        level,
        [
            request(1, at=0, input_tokens=3, output_tokens=4, **fields),
            request(2, at=0, output_tokens=5, **fields),
            request(3, at=0, account="bob", model="haiku", ip="203.0.113.9"),
            request(4, at=0, account="eve"),
        ],
    )
    assert links_of(output.deltas[0][1]) == [
        ("ann", "payment:card", "opus", 2, 12),
        ("ann", "proxy:hydra", "opus", 2, 12),
        ("bob", "proxy:203.0.113.0/24", "haiku", 1, 0),
    ]


def test_a_prompt_links_its_account_to_each_run_of_its_sketch() -> None:
    level = account_level()
    output = feed(level, [request(1, at=0, prompt=TEMPLATES[0].format("why"))])
    groups = [group for _, group, *_ in links_of(output.deltas[0][1])]
    assert len(groups) == 4
    assert all(group.startswith("template:") for group in groups)


def test_a_group_goes_to_one_partition_only() -> None:
    level = account_level(partitions=4)
    requests = [request(i, at=i % 5, account=f"a{i % 7}", proxy=f"p{i % 9}") for i in range(200)]
    where: dict[str, set[int]] = {}
    for partition, delta in feed(level, requests).deltas:
        for group in delta.groups:
            where.setdefault(group, set()).add(partition)
    assert len(where) == 9
    assert all(len(partitions) == 1 for partitions in where.values())


def test_a_tick_with_many_links_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors.core.deltas, "LINKS_BYTES", 10 * 180)
    requests = [request(i, at=0, account=f"a{i}", proxy="x") for i in range(25)]
    deltas = [d for _, d in account_level().process(batch([*requests, request("z", at=1)])).deltas]
    assert [(delta.part, delta.parts) for delta in deltas] == [(0, 3), (1, 3), (2, 3)]
    assert sum(len(links_of(delta)) for delta in deltas) == 25


def test_names_are_forgotten_when_an_egress_shows_ever_new_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GROUP_NAMES", 50)
    level = account_level()
    feed(level, [request(i, at=i, ip=f"2001:db8::{i:x}") for i in range(500)])
    assert len(level.groups) <= 60


def test_a_line_break_in_the_name_of_an_egress_does_not_part_it() -> None:
    output = feed(account_level(), [request(1, at=0, proxy="a\nb")])
    assert output.deltas[0][1].groups == ["proxy:a b"]


@effort(max_examples=30)
@given(requests=worlds(), cuts=st.sets(st.integers(1, 40)))
def test_alerts_deltas_and_state_are_the_same_however_the_stream_is_cut(
    requests: list[Request], cuts: set[int]
) -> None:
    whole, parts = account_level(), account_level()
    assert feed(parts, requests, cuts=cuts) == feed(whole, requests)
    assert accounts_state(parts) == accounts_state(whole)
    assert parts.checkpoint() == whole.checkpoint()


@effort(max_examples=30)
@given(requests=worlds(most=25), cuts=st.sets(st.integers(1, 25)))
def test_every_request_is_counted_once(requests: list[Request], cuts: set[int]) -> None:
    level = account_level()
    feed(level, requests, cuts=cuts)
    counted = {r.id: r for r in requests if r.status not in (401, 403, 429)}
    rows = list(level.profiles.index.values())
    assert level.profiles["requests"][rows].sum() == len(counted)


def test_requests_read_again_are_skipped() -> None:
    requests = [request(i, at=i) for i in range(5)]
    level = account_level()
    for part in cut(requests, [3]):
        level.process(part)
    before = accounts_state(level)
    assert level.process(batch(requests)).deltas == []
    assert accounts_state(level) == before


def test_a_checkpoint_between_ticks_comes_at_once() -> None:
    level = account_level()
    feed(level, [request(1, at=0)])
    checkpoint = level.checkpoint()
    assert checkpoint is not None
    assert checkpoint.position == {"requests": 0}


def test_a_checkpoint_within_a_tick_comes_with_its_end() -> None:
    level = account_level()
    level.process(batch([request(1, at=0)]))
    assert level.checkpoint() is None
    assert level.process(batch([request(2, at=0)], first=1)).checkpoint is None
    checkpoint = level.process(batch([request(3, at=1)], first=2)).checkpoint
    assert checkpoint is not None
    assert checkpoint.position == {"requests": 1}


def test_alerts_name_the_account_and_a_request() -> None:
    alerts = feed(account_level(), [request(1, at=0), request(2, at=0)]).alerts
    (alert,) = [alert for alert in alerts if alert.detector == "loud"]
    assert (alert.entity.scope, alert.entity.value) == ("account", "ann")
    assert alert.accounts == ["ann"]
    assert alert.samples == ["r2"]
    assert alert.ts == EPOCH + 1


def test_the_egress_is_told_by_a_keyed_hash() -> None:
    output = feed(account_level(), [request(1, at=0, proxy="x")])
    told = np.frombuffer(output.deltas[0][1].egress, np.uint64)
    assert told[0] == xxhash.xxh3_64_intdigest(b"proxy:x", SEED)


def facts_of(output: Output) -> list[tuple[int, dict[str, int]]]:
    return [(delta.tick - EPOCH, delta.facts) for to, delta in output.deltas if to == 0]


def test_facts_of_the_service_go_to_one_partition_of_the_groups() -> None:
    level = account_level(partitions=3)
    requests = [request(n, at=n, account=f"a{n}", output_tokens=5) for n in range(3)]
    output = feed(level, requests)
    assert {to for to, delta in output.deltas if delta.facts} == {0}
    assert facts_of(output)[0] == (0, {"accounts": 1, "requests": 1, "tokens": 5})


def test_denied_late_and_delayed_requests_are_facts_and_repeated_ones_are_not() -> None:
    level = account_level()
    requests = [
        request(1, at=100),
        request(2, at=100, status=429),
        request(3, at=30),
        request(1, at=100),
        request(4, at=101, account="ben"),
    ]
    times = np.array([r.ts for r in requests], dtype=np.float64)
    arrived = times + np.array([0.0, 500.0, 500.0, 500.0, -60.0])
    made = batch_of(requests, times, range(5), seed=SEED, arrived=arrived)
    (_, first), (_, last), _ = facts_of(
        Output(deltas=level.process(made).deltas + level.pause(idle=True).deltas)
    )
    assert first == {
        "accounts": 1, "delayed": 2, "denied": 1, "late": 1, "requests": 3, "stamped": 3
    }  # fmt: skip
    assert last == {"accounts": 1, "ahead": 1, "requests": 1, "stamped": 1}


def test_an_account_that_carried_a_field_for_minutes_is_missed_when_it_comes_without() -> None:
    level = account_level()
    requests = [
        request(n, at=20 * n, account=account, payment="card" if n < 24 else None)
        for n in range(30)
        for account in ("ann", "ben")
    ]
    facts = Counter[str]()
    for _, told in facts_of(feed(level, [replace(r, id=f"{i}") for i, r in enumerate(requests)])):
        facts.update(told)
    assert facts["lost payment"] == 2 * 2  # of two accounts, once in each minute
    assert facts["met payment"] == 2 * 6  # without the minute of birth and three to learn
    assert facts["lost egress"] == facts["met egress"] == 0


@effort(max_examples=40)
@given(requests=worlds(least=3), cuts=st.sets(st.integers(1, 40)), data=st.data())
def test_strays_count_once_and_in_the_same_ticks_however_they_come(
    requests: list[Request], cuts: set[int], data: st.DataObject
) -> None:
    number = len(requests)
    dead = sorted(data.draw(st.sets(st.integers(0, number - 1), max_size=number - 1)))
    kept = [n for n in range(number) if n not in dead]
    strays = Strays(dead=[(n, "contract") for n in dead], sampled=[(n, ["new"]) for n in kept[::2]])

    def part(start: int, stop: int) -> Batch:
        own = [n for n in kept if start <= n < stop]
        times = [event_time(requests[n].ts) for n in own]
        return batch_of(
            [requests[n] for n in own], times, own, seed=SEED,
            strays=strays.between(start - 1, stop - 1),
        )  # fmt: skip

    whole = account_level()
    expected = facts_of(
        Output(deltas=whole.process(part(0, number)).deltas + whole.pause(idle=True).deltas)
    )
    level, told, shelf = account_level(), Output(), Shelf()
    for start, stop in pairwise([0, *sorted(c for c in cuts if c < number), number]):
        output = level.process(part(start, stop))
        add(told, output)
        written = [c for c in (output.checkpoint, level.checkpoint()) if c is not None]
        for checkpoint in written:
            shelf.put(checkpoint)
        if written and level.position == shelf.position:
            level = account_level()
            shelf.give(level)
    add(told, level.pause(idle=True))
    assert facts_of(told) == expected
    counts = sum((Counter(facts) for _, facts in expected), Counter[str]())
    if expected:
        assert counts["dead contract"] == len(dead)
        assert counts["sampled"] == counts["unknown field new"] == len(kept[::2])
