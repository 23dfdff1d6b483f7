from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.records import Lifecycle, Request
from stream.decoded import DeadLetter, Decoded
from stream.jumps import JUMP, LINES, LOOK, UNASKED, Jumps

START, FAR = 1_767_225_600.0, 2_100_000_000.0


def decoded(times: list[float | None], *, first: int = 1) -> Decoded:
    """Return requests with these times, one a line; None for an account that was created."""
    lines = list(enumerate(times, first))
    asked = [(line, ts) for line, ts in lines if ts is not None]
    return Decoded(
        requests=[Request(id=f"{line}", ts=ts, account="a", model="m") for line, ts in asked],
        times=np.array([ts for _, ts in asked], dtype=np.float64),
        offsets=np.array([line for line, _ in asked], dtype=np.int64),
        lifecycles=[
            (Lifecycle(kind="lifecycle", ts=1e9, account="a", event="created"), 1e9, line)
            for line, ts in lines
            if ts is None
        ],
        source="file",
    )


def outcome(*blocks: Decoded) -> tuple[list[str], list[DeadLetter]]:
    """Return the ids of what is believed, and the dead letters."""
    jumps = Jumps()
    parts = [part for block in blocks for part in jumps.take(block, base=0)] + jumps.finish()
    return (
        [request.id for one, _ in parts for request in one.requests],
        [letter for one, _ in parts for letter in one.dead_letters],
    )


def refused(*times: float | None) -> list[int]:
    """Return the lines that become dead letters."""
    return [letter.offset for letter in outcome(decoded(list(times)))[1]]


def steady(count: int, *, start: float = START) -> list[float]:
    return [start + number for number in range(count)]


@pytest.mark.parametrize("wrong", [1, 2, 10])
def test_a_few_times_far_ahead_become_dead_letters(wrong: int) -> None:
    ids, letters = outcome(decoded([*steady(100), *[FAR] * wrong, *steady(100, start=START + 100)]))
    assert [letter.offset for letter in letters] == list(range(101, 101 + wrong))
    assert len(ids) == 200
    lead = f"{FAR - START - 99:,.0f}"
    assert letters[0].reason == "future"
    assert letters[0].detail.startswith(f"ts lies {lead} s ahead of the records around it: correct")
    assert letters[0].source == "file"
    assert b'"id":"101"' in (letters[0].original or b"")


@pytest.mark.parametrize("gap", [JUMP + 1, 60 * 3_600, 300 * 86_400])
def test_a_gap_without_traffic_is_believed(gap: float) -> None:
    assert refused(*steady(100), *steady(100, start=START + gap)) == []


@pytest.mark.parametrize("gap", [JUMP + 1, 60 * 3_600])
def test_traffic_of_nothing_but_gaps_is_believed(gap: float) -> None:
    assert refused(*(START + gap * number for number in range(50)), None) == (
        [50] if gap > UNASKED else []
    )


def test_stragglers_from_before_a_gap_do_not_gainsay_it() -> None:
    after = steady(100, start=START + 90_000)
    after[1:40:4] = steady(10)
    assert refused(*steady(100), *after) == []


def test_what_lies_ahead_by_less_than_a_jump_is_believed() -> None:
    assert refused(*steady(100), START + 99 + JUMP, *steady(100, start=START + 100)) == []


def test_the_first_time_is_held_against_what_follows() -> None:
    assert refused(FAR, *steady(100)) == [1]
    assert refused(FAR, *[None] * 1_000, *steady(100)) == [1]
    assert refused(1e9, *steady(100)) == []


def test_where_nothing_follows_a_day_is_believed() -> None:
    assert refused(FAR) == []
    assert refused(*steady(5), START + UNASKED) == []
    assert refused(*steady(5), START + UNASKED + 5) == [6]


def test_no_more_waits_than_is_bounded() -> None:
    jumps = Jumps()
    assert sum(one.records for one, _ in jumps.take(decoded([START]), base=0)) == 0
    given = 1
    for line in range(2, 2 + LINES, 32):
        block = decoded([None] * 32, first=line)
        given += sum(one.records for one, _ in jumps.take(block, base=0))
    assert given == LINES + 2


@given(
    kinds=st.lists(st.sampled_from("nnnnnngwls"), max_size=40),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_however_it_is_cut_the_outcome_is_the_same(kinds: list[str], cuts: list[int]) -> None:
    now, times = START, list[float | None]()
    for kind in kinds:
        now += {"g": 100_000.0}.get(kind, 1.0)
        if kind == "s":
            times += [None] * 5
        times += {"w": [FAR], "l": [now - 50_000]}.get(kind, [now + n / 10 for n in range(9)])
    ends = sorted({0, len(times), *(min(cut, len(times)) for cut in cuts)})
    blocks = [decoded(times[a:b], first=a + 1) for a, b in pairwise(ends)]
    assert outcome(*blocks) == outcome(decoded(times))
    assert LOOK < LINES
