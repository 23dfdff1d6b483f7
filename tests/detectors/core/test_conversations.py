from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from detectors.core.conversations import DENIED, IN_TICK, NEWEST, OF_ACCOUNT, Conversations, News
from tests.detectors.traffic import account_level, feed, request

Talk = tuple[str, list[str]]


def conversations(*, partitions: int = 1, capacity: int = 4096) -> Conversations:
    return Conversations(partitions=partitions, capacity=capacity, seed=7)


def told(memory: Conversations, talks: Sequence[Talk], *, denied: bool = False) -> list[News]:
    names, prefixes = [a for a, _ in talks], [p for _, p in talks]
    flags = np.full(len(talks), denied)
    ids = [f"r{number}" for number in range(len(talks))]
    memory.add(names, prefixes, ids, flags, np.ones(len(talks), bool))
    return memory.close()


def test_a_conversation_that_goes_on_under_its_account_is_no_orphan() -> None:
    memory = conversations()
    for turn in range(1, 30):
        (news,) = told(memory, [("ann", ["system", *(f"t{n}" for n in range(turn))])])
        assert news.orphans == []


def test_a_conversation_that_goes_on_elsewhere_is_one_once() -> None:
    memory = conversations()
    told(memory, [("ann", ["system", "t0"])])
    (first,) = told(memory, [("bob", ["system", "t0", "t1"])])
    (second,) = told(memory, [("bob", ["system", "t0", "t1", "t2"])])
    assert first.orphans == ["bob"]
    assert first.orphan_ids == ["r0"]
    assert second.orphans == []


def test_each_message_may_have_a_prefix_of_its_own() -> None:
    memory = conversations()
    told(memory, [("ann", ["u1"])])
    (news,) = told(memory, [("ann", ["u1", "a1", "u2"])])
    assert news.orphans == []


def test_a_first_request_is_none_whoever_shares_its_system_prompt() -> None:
    memory = conversations()
    (news,) = told(memory, [(f"a{number}", ["system", f"t{number}"]) for number in range(50)])
    assert news.orphans == []


def test_two_turns_within_a_tick_know_each_other_in_any_order() -> None:
    (news,) = told(conversations(), [("ann", ["s", "t0", "t1"]), ("ann", ["s", "t0"])])
    assert news.orphans == []


def test_a_repeated_record_says_nothing() -> None:
    memory = conversations()
    memory.add(["ann"], [["s", "t0"]], ["r"], np.array([True]), np.array([False]))
    assert not memory.pending


def test_a_denied_request_is_told_with_the_prefix_that_an_orphan_then_names() -> None:
    memory = conversations()
    (denied,) = told(memory, [("ann", ["s", "t0", "t1"])], denied=True)
    (later,) = told(memory, [("bob", ["s", "t0", "t1", "t2"])])
    prefix = np.frombuffer(denied.denied_prefix, "<u8")
    named = np.frombuffer(later.orphan_prefixes, "<u8").reshape(-1, NEWEST)
    assert denied.denied == ["ann"]
    assert prefix[0] in named[0]


def test_a_denied_request_is_not_remembered_as_its_accounts_own() -> None:
    memory = conversations()
    told(memory, [("ann", ["s", "t0"])], denied=True)
    assert memory.state_bytes == 0


def test_denials_and_orphans_of_one_application_meet_in_one_partition() -> None:
    memory = conversations(partitions=4)
    for application in "abcdefgh":
        talks = [(f"x{n}", [application, f"{application}{n}", "t"]) for n in range(3)]
        denied = [bool(news.denied) for news in told(memory, talks, denied=True)]
        orphans = [bool(n.orphans) for n in told(memory, [("y", p) for _, p in talks])]
        assert denied == orphans
        assert sum(denied) == 1


def test_what_a_flood_may_tell_is_bounded() -> None:
    memory = conversations()
    flood = [("ann", ["s", f"t{number}"]) for number in range(1000)]
    (news,) = told(memory, flood, denied=True)
    assert news.denied == ["ann"] * OF_ACCOUNT
    many = [(f"a{number}", ["s", f"t{number}"]) for number in range(3 * IN_TICK)]
    (news,) = told(memory, many, denied=True)
    assert len(news.denied) == IN_TICK


def test_time_that_stands_still_does_not_grow_memory() -> None:
    memory = conversations()
    talks = [("ann", ["s", "t"])] * 60_000
    for _ in range(3):
        names, prefixes = zip(*talks, strict=True)
        ones = np.ones(len(talks), bool)
        memory.add(names, prefixes, names, ones, ones)
    assert len(memory._denied) == DENIED


def test_what_was_remembered_comes_back() -> None:
    memory, other = conversations(), conversations()
    told(memory, [("ann", ["s", "t0"]), ("bob", ["s", "u0"])])
    segments, _, state = memory.save()
    other.restore(segments, state)
    talks = [("ann", ["s", "t0", "t1"]), ("bob", ["s", "t0", "t1"]), ("bob", ["s", "u0", "u1"])]
    assert told(other, talks) == told(memory, talks)


def test_segments_of_what_is_long_forgotten_are_dropped() -> None:
    memory = conversations(capacity=100)
    kept: set[str] = set()
    for turn in range(50):
        told(memory, [(f"a{n}", ["s", f"t{turn}-{n}"]) for n in range(20)])
        segments, gone, state = memory.save()
        kept = (kept | set(segments)) - set(gone)
    assert kept == {f"prefix/{number}" for number in state["segments"]}
    assert len(kept) <= 11


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_denied_request_is_told_as_denied_and_as_nothing_else(status: int) -> None:
    level = account_level()
    own: dict[str, Any] = {"proxy": "x", "payment": "card", "status": status}
    asked = [
        request(n, at=n, prefix_hashes=["s", f"t{n}"], prompt="a b c d e f g h", **own)
        for n in range(20)
    ]
    deltas = [delta for _, delta in feed(level, asked).deltas]
    assert len(level.profiles) == 0
    assert level.population.active == 0
    assert level.conversations.seen is None
    assert not any(delta.groups or delta.accounts or delta.orphans for delta in deltas)
    assert sum(len(delta.denied) for delta in deltas if not delta.idle) == 20
