from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from detectors.core.profiles import OVERFLOW, Column, Profiles
from tests.detectors.traffic import table_of

COLUMNS = {"tokens": Column("int64"), "mix": Column("float32", (3,), 0.5)}


def table(capacity: int = 8) -> Profiles:
    return Profiles(capacity=capacity, columns=COLUMNS)


def see(profiles: Profiles, names: list[str], *, tick: int, requests: int = 1) -> None:
    rows = np.unique(profiles.rows_of(names, tick=tick))
    profiles.touch(rows, tick=tick, requests=np.full(len(rows), requests, dtype=np.int64))


def test_a_name_keeps_its_row() -> None:
    profiles = table()
    first = profiles.rows_of(["a", "b"], tick=1)
    assert profiles.rows_of(["b", "a"], tick=2).tolist() == first[::-1].tolist()


def test_a_new_row_holds_the_columns_first_values() -> None:
    profiles = table()
    row = profiles.rows_of(["a"], tick=5)[0]
    assert profiles["tokens"][row] == 0
    assert profiles["mix"][row].tolist() == [0.5, 0.5, 0.5]
    assert profiles["last_seen"][row] == 5


def test_a_table_grows_to_its_capacity_and_keeps_what_it_holds() -> None:
    profiles = table(capacity=3000)
    profiles["tokens"][profiles.rows_of(["first"], tick=1)] = 42
    profiles.rows_of([f"n{i}" for i in range(2500)], tick=1)
    assert len(profiles) == 2501
    assert profiles["tokens"][profiles.index["first"]] == 42


def test_capacity_bounds_the_bytes_held() -> None:
    profiles = table(capacity=100)
    for tick in range(1, 50):
        see(profiles, [f"{tick}-{i}" for i in range(40)], tick=tick)
    assert len(profiles) < 100
    assert profiles.state_bytes == 100 * profiles.bytes_per_row
    assert len(profiles.names) == 100


def test_a_reused_row_holds_nothing_of_the_entity_before() -> None:
    profiles = table(capacity=2)
    profiles["mix"][profiles.rows_of(["old"], tick=1)] = 9.0
    row = profiles.rows_of(["new"], tick=2)[0]
    assert "old" not in profiles.index
    assert profiles["mix"][row].tolist() == [0.5, 0.5, 0.5]


def test_the_longest_idle_goes_first() -> None:
    profiles = table(capacity=4)
    for tick, name in enumerate(["a", "b", "c", "d"], start=1):
        see(profiles, [name], tick=tick)
    assert sorted(profiles.index) == ["b", "c", "d"]


def test_many_requests_outweigh_idleness() -> None:
    profiles = table(capacity=3)
    see(profiles, ["busy"], tick=1, requests=1000)
    see(profiles, ["idle"], tick=100)
    see(profiles, ["new"], tick=101)
    assert sorted(profiles.index) == ["busy", "new"]


def test_a_suspect_stays_while_others_can_go() -> None:
    profiles = table(capacity=4)
    see(profiles, ["suspect"], tick=1)
    profiles["suspect_until"][profiles.index["suspect"]] = 1000
    for tick in range(2, 50):
        see(profiles, [f"n{tick}"], tick=tick)
    assert "suspect" in profiles.index


def test_a_suspicion_that_has_passed_protects_no_longer() -> None:
    profiles = table(capacity=4)
    see(profiles, ["suspect"], tick=1)
    profiles["suspect_until"][profiles.index["suspect"]] = 1000
    for tick in range(1001, 1010):
        see(profiles, [f"n{tick}"], tick=tick)
    assert "suspect" not in profiles.index


def test_only_suspects_can_go_when_there_are_only_suspects() -> None:
    profiles = table(capacity=4)
    for tick, name in enumerate("abcdef", start=1):
        see(profiles, [name], tick=tick)
        profiles["suspect_until"][profiles.index[name]] = 1000
    assert sorted(profiles.index) == ["d", "e", "f"]


def test_a_tick_that_names_too_many_puts_the_rest_on_the_overflow_row() -> None:
    profiles = table(capacity=4)
    rows = profiles.rows_of(list("abcde"), tick=1)
    assert rows.tolist() == [1, 2, 3, OVERFLOW, OVERFLOW]
    assert profiles.rows_of(list("ab"), tick=1).tolist() == [1, 2]


def test_rows_that_the_tick_holds_are_not_evicted() -> None:
    profiles = table(capacity=4)
    see(profiles, ["old"], tick=1)
    held = profiles.rows_of(["a", "b"], tick=2)
    profiles.rows_of(["c", "d"], tick=2)
    assert [profiles.index["a"], profiles.index["b"]] == held.tolist()
    assert "old" not in profiles.index


def test_only_rows_that_an_entity_has_are_live() -> None:
    profiles = table(capacity=6)
    for tick, name in enumerate("abcd", start=1):
        see(profiles, [name], tick=tick)
    assert profiles.evict(2, tick=9) == ["a", "b"]
    assert profiles.live.tolist() == [3, 4]
    back = table(capacity=6)
    back.load([(int(n), data) for n, data in profiles.save()[0].items()])
    assert back.live.tolist() == [3, 4]


def test_the_overflow_row_is_given_to_nobody_after_a_load() -> None:
    profiles = table()
    see(profiles, ["a"], tick=1)
    profiles.mark(np.array([OVERFLOW]))
    back = table()
    back.load([(int(n), data) for n, data in profiles.save()[0].items()])
    assert back.rows_of(["b"], tick=2).tolist() == [2]


def test_a_table_loads_what_was_saved_and_goes_on_alike() -> None:
    profiles, back = table(capacity=6), table(capacity=6)
    for tick in range(1, 20):
        see(profiles, [f"n{tick % 7}", f"n{tick % 5}"], tick=tick)
    back.load([(int(n), data) for n, data in profiles.save()[0].items()])
    for later in (profiles, back):
        for tick in range(20, 40):
            see(later, [f"m{tick}", f"m{tick + 1}"], tick=tick)
    assert table_of(back) == table_of(profiles)


def test_a_table_saved_with_a_larger_capacity_keeps_those_worth_most() -> None:
    profiles, back, again = table(capacity=4000), table(capacity=100), table(capacity=100)
    for tick in range(1, 31):
        see(profiles, [f"{tick}-{i}" for i in range(100)], tick=tick)
        profiles["tokens"][list(profiles.index.values())[-100:]] = tick
    shelf = profiles.save()[0]
    became = back.load([(int(n), data) for n, data in shelf.items()])
    assert list(back.index) == [f"30-{i}" for i in range(1, 100)]
    assert set(back["tokens"][1:]) == {30}
    assert became[[profiles.index[name] for name in back.index]].tolist() == list(range(1, 100))
    assert np.count_nonzero(became) == 99
    assert back.evicted == 2901
    assert back.state_bytes == 100 * back.bytes_per_row
    segments, dropped, kept = back.save()
    assert set(dropped) == shelf.keys()
    again.load([(n, segments[str(n)]) for n in kept])
    assert table_of(again) == table_of(back)
    for later in (back, again):
        see(later, ["new"], tick=31)
    assert table_of(again) == table_of(back)


def test_a_column_that_is_new_since_the_save_starts_with_its_first_value() -> None:
    before = Profiles(capacity=8, columns={"tokens": Column("int64")})
    see(before, ["a"], tick=1)
    back = table()
    back.load([(int(n), data) for n, data in before.save()[0].items()])
    assert back["mix"][back.index["a"]].tolist() == [0.5, 0.5, 0.5]


def test_a_segment_stays_below_what_kafka_takes_even_with_the_longest_names() -> None:
    profiles = table(capacity=2000)
    see(profiles, [f"{i:04}" + "\U0001f600" * 512 for i in range(1500)], tick=1)
    assert max(len(data) for data in profiles.save()[0].values()) < 1_000_000


def test_saving_again_writes_only_what_changed() -> None:
    profiles = table(capacity=5000)
    see(profiles, [f"n{i}" for i in range(3000)], tick=1)
    profiles.save()
    see(profiles, ["n5"], tick=2)
    segments, dropped, _ = profiles.save()
    assert sum(map(len, segments.values())) < 1000
    assert dropped == []
    assert profiles.save()[0] == {}


@pytest.mark.parametrize("churn", [1, 10])
def test_what_is_stored_stays_in_proportion_to_the_live_rows(churn: int) -> None:
    profiles = table(capacity=5000)
    stored: dict[str, int] = {}
    for tick in range(1, 60):
        see(profiles, [f"n{(tick * churn * 100 + i) % 20_000}" for i in range(1000)], tick=tick)
        segments, dropped, valid = profiles.save()
        stored |= {name: len(data) for name, data in segments.items()}
        for name in dropped:
            del stored[name]
        assert sorted(map(int, stored)) == valid
    each = 1.2 * (profiles.bytes_per_row + 20)
    assert sum(stored.values()) < (2 * len(profiles) + 4096 + 2000) * each


class Life(RuleBasedStateMachine):
    """A table beside the simplest thing that holds the same, and its saved form."""

    @initialize(capacity=st.integers(2, 12))
    def start(self, capacity: int) -> None:
        self.profiles = table(capacity)
        self.tokens: dict[str, int] = {}
        self.segments: dict[int, bytes] = {}
        self.tick = 0

    @rule(names=st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=8))
    def requests(self, names: list[str]) -> None:
        self.tick += 1
        rows = []
        for name in names:
            rows += self.profiles.rows_of([name], tick=self.tick).tolist()
            assert rows[-1] == self.profiles.index.get(name, OVERFLOW)
            self.tokens = {kept: self.tokens.get(kept, 0) for kept in self.profiles.index}
        chosen = np.unique([row for row in rows if row != OVERFLOW]).astype(np.int64)
        self.profiles["tokens"][chosen] += 1
        self.profiles.touch(chosen, tick=self.tick, requests=np.ones(len(chosen), np.int64))
        for row in chosen.tolist():
            self.tokens[self.profiles.names[row]] += 1

    @rule(count=st.integers(1, 4))
    def evict(self, count: int) -> None:
        for name in self.profiles.evict(count, tick=self.tick):
            del self.tokens[name]

    @rule()
    def save(self) -> None:
        segments, dropped, valid = self.profiles.save()
        self.segments |= {int(name): data for name, data in segments.items()}
        for name in dropped:
            del self.segments[int(name)]
        assert list(self.segments) == valid
        before = table_of(self.profiles)
        restored = table(self.profiles.capacity)
        restored.load(list(self.segments.items()))
        assert table_of(restored) == before
        self.profiles = restored

    @invariant()
    def the_rows_hold_what_was_counted(self) -> None:
        if not hasattr(self, "profiles"):
            return
        profiles = self.profiles
        assert len(profiles) < profiles.capacity
        held: dict[str, Any] = {n: int(profiles["tokens"][r]) for n, r in profiles.index.items()}
        assert held == self.tokens
        assert all(profiles.names[row] == name for name, row in profiles.index.items())
        assert OVERFLOW not in profiles.index.values()


TestLife = Life.TestCase


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5), max_size=12))
def test_a_restart_at_any_moment_changes_no_row(ticks: list[list[str]]) -> None:
    plain, restarted = table(capacity=5), table(capacity=5)
    segments: dict[int, bytes] = {}
    for tick, names in enumerate(ticks, start=1):
        see(plain, names, tick=tick)
        see(restarted, names, tick=tick)
        new, dropped, _ = restarted.save()
        segments |= {int(name): data for name, data in new.items()}
        assert not dropped
        restarted = table(capacity=5)
        restarted.load(list(segments.items()))
    assert table_of(restarted) == table_of(plain)


@given(
    ticks=st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=9), max_size=8),
    cuts=st.lists(st.integers(1, 8), min_size=8, max_size=8),
)
def test_a_full_table_gives_the_same_rows_however_a_tick_is_cut(
    ticks: list[list[str]], cuts: list[int]
) -> None:
    whole, parts = table(capacity=5), table(capacity=5)
    for tick, (names, end) in enumerate(zip(ticks, cuts, strict=False), start=1):
        rows = whole.rows_of(names, tick=tick)
        cut = [parts.rows_of(part, tick=tick) for part in (names[:end], names[end:]) if part]
        assert np.concatenate(cut).tolist() == rows.tolist()
        for profiles in (whole, parts):
            some = np.unique(rows)
            profiles.touch(some, tick=tick, requests=np.ones(len(some), np.int64))
    assert table_of(parts) == table_of(whole)
