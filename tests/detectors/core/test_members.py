import numpy as np
import pytest

from detectors.core.members import Members


@pytest.fixture
def members() -> Members:
    made = Members(capacity=20)
    names = [made.name("proxy:x", account) for account in ("ann", "bob", "eve")]
    rows = made.rows_of(names, tick=1)
    made.join(rows, born=np.array([100, 200, 300]), settled=np.array([True, True, False]), tick=1)
    made["group"][rows] = 4
    for tick, (row, requests) in enumerate(zip(rows, (5, 9, 7), strict=True), start=1000):
        made.touch(np.array([row]), tick=tick, requests=np.array([requests]))
    made["moved_at"][rows[:2]] = 1005
    made["moved_to"][rows[:2]] = [2, 3]
    return made


def test_those_with_most_requests_come_first(members: Members) -> None:
    assert members.accounts(4, "proxy:x", since=0) == ["bob", "eve", "ann"]


def test_only_those_seen_lately_are_named(members: Members) -> None:
    assert members.accounts(4, "proxy:x", since=1001) == ["bob", "eve"]


def test_only_those_who_moved_to_a_model_are_named(members: Members) -> None:
    assert members.accounts(4, "proxy:x", since=1005, moved_to=2) == ["ann"]
    assert members.accounts(4, "proxy:x", since=1006, moved_to=2) == []


def test_only_those_born_lately_are_named(members: Members) -> None:
    assert members.accounts(4, "proxy:x", since=0, born_after=200) == ["eve"]


def test_a_row_that_another_group_has_now_names_nobody_of_the_old_one(members: Members) -> None:
    assert members.accounts(4, "proxy:y", since=0) == []
