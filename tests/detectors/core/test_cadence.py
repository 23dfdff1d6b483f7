import numpy as np
import pytest

from detectors.core import cadence
from detectors.core.beat import Beat, passed
from detectors.core.members import Members
from detectors.core.profiles import Column, Profiles
from detectors.sketches.evenness import BUCKETS, bucket_of

HOUR, START = 3600, 3600 * 24 * 20_000
FAR = 1_000_000


class Groups:
    """Groups and their members, into which ticks are folded."""

    def __init__(self) -> None:
        self.profiles = Profiles(
            capacity=8, columns={**cadence.OF_GROUPS, "first_seen": Column("int64")}
        )
        self.accounts = Profiles(capacity=80, columns=cadence.OF_ACCOUNTS)
        self.members = Members(capacity=80)
        self.group = self.profiles.rows_of(["proxy:a"], tick=START)
        self.profiles["first_seen"][self.group] = START
        self.last: dict[str, int] = {}
        self.beat = Beat()

    def tick(self, tick: int, *names: str, requests: int = 1) -> None:
        away = np.array([tick - self.last.get(name, tick - FAR) for name in names])
        ones = np.full(len(names), requests, dtype=np.int64)
        rows = self.accounts.rows_of(names, tick=tick)
        asked = cadence.count(self.accounts, rows, requests=ones, away=away, tick=tick)
        cadence.fold(
            self.profiles,
            self.members,
            self.members.rows_of([f"proxy:a\n{name}" for name in names], tick=tick),
            rows=self.group,
            where=np.zeros(len(names), dtype=np.int64),
            away=away,
            asked=asked,
            tick=tick,
            beat=self.beat,
        )
        self.last |= dict.fromkeys(names, tick)

    def histogram(self, window: int, measure: int) -> list[int]:
        found: list[int] = self.profiles["cadence_members"][self.group[0], window, measure].tolist()
        return found

    def column(self, name: str) -> list[float]:
        found: list[float] = self.profiles[name][self.group[0]].tolist()
        return found


@pytest.fixture
def groups() -> Groups:
    return Groups()


def of(*counts: int) -> list[int]:
    found: list[int] = np.bincount(bucket_of(np.array(counts)), minlength=BUCKETS).tolist()
    return found


def test_each_member_stands_once_in_the_histogram_by_all_it_asked(groups: Groups) -> None:
    groups.tick(START, "ann", "bob", requests=2)
    groups.tick(START + 5, "ann", requests=10)
    assert groups.histogram(0, 0) == groups.histogram(1, 0) == of(12, 2)
    assert groups.histogram(0, 1) == of(1, 1), "nobody paused, so there was one start each"


def test_a_new_hour_begins_anew_and_the_day_goes_on(groups: Groups) -> None:
    groups.tick(START, "ann", "bob", requests=3)
    groups.tick(START + HOUR, "ann", requests=5)
    assert groups.histogram(0, 0) == of(5)
    assert groups.histogram(1, 0) == of(8, 3)
    assert groups.histogram(1, 1) == of(2, 1)


def test_a_group_that_was_forgotten_counts_its_members_anew(groups: Groups) -> None:
    groups.tick(START, "ann", "bob", requests=3)
    groups.profiles["cadence_members"][groups.group] = 0
    groups.profiles["first_seen"][groups.group] = START + 50
    groups.tick(START + 50, "ann", requests=1)
    assert groups.histogram(0, 0) == of(4)


def test_a_block_is_told_when_the_next_one_begins(groups: Groups) -> None:
    groups.tick(START + 10, "ann", "bob", "eve")
    groups.tick(START + 40, "joe")
    assert groups.column("cadence_closed_at") == [0, 0, 0]
    groups.tick(START + 70, "ann")
    assert groups.column("cadence_closed_at") == [START + 70, START + 70, 0]
    assert groups.column("cadence_shared") == [3, 3, 0]
    assert groups.column("cadence_chance")[0] == pytest.approx(6 / 30)
    groups.tick(START + 310, "ann")
    assert groups.column("cadence_shared")[2] == 3
    assert groups.column("cadence_closed_at") == [START + 70, START + 70, START + 310]


def test_one_account_is_no_company_to_itself(groups: Groups) -> None:
    for second in range(60):
        groups.tick(START + second, "ann")
    groups.tick(START + 60, "ann")
    assert groups.column("cadence_shared")[:2] == [0, 0]


def test_a_bin_that_is_full_stays_full(groups: Groups) -> None:
    groups.tick(START, "ann")
    groups.profiles["cadence_bins"][groups.group, :, 0] = cadence.MOST_IN_BIN - 3
    groups.tick(START + 1, *(f"visitor-{number}" for number in range(10)))
    assert groups.profiles["cadence_bins"][groups.group[0], :, 0].tolist() == [65_535] * 3


def test_only_those_who_paused_start(groups: Groups) -> None:
    groups.tick(START, "ann", "bob")
    groups.tick(START + 20, "ann", "bob")
    groups.tick(START + 70, "joe")
    assert groups.column("cadence_shared")[:2] == [2, 1]


def test_hours_of_older_days_count_half(groups: Groups) -> None:
    groups.tick(START, "ann", "bob")
    groups.tick(START + 24 * HOUR, "ann")
    assert groups.column("cadence_hours")[0] == 2 / 2 + 1


def test_deltas_without_counts_are_read_as_zeros() -> None:
    assert cadence.asked(b"", 2).tolist() == [[[0, 0], [0, 0]]] * 2


def test_lone_accounts_are_forgotten_after_an_hour_and_come_back_from_a_snapshot() -> None:
    beat = Beat()
    beat.add(START, np.array([FAR, 3]))
    again = Beat()
    again.restore(beat.snapshot())
    for one in (beat, again):
        found = [one.block(np.array([START]), kind=k, bins=2, width=10).tolist() for k in (0, 1)]
        assert found == [[[2, 0]], [[1, 0]]]
    beat.add(START + 4096, np.array([FAR]))
    assert beat.block(np.array([START]), kind=0, bins=2, width=10).tolist() == [[0, 0]]


def test_all_hours_pass_in_a_day() -> None:
    assert passed(np.array([5, 5]), 5).sum() == 0
    assert passed(np.array([5]), 29).all()


@pytest.mark.parametrize(("grain", "rounded"), [(1, False), (2, False), (5, True), (60, True)])
def test_times_that_are_rounded_are_known_as_such(grain: int, rounded: bool) -> None:
    beat = Beat()
    for second in range(0, 600, 7):
        beat.add((START + second) // grain * grain, np.array([FAR]))
    assert beat.rounded() is rounded


def test_few_accounts_do_not_tell_whether_times_are_rounded() -> None:
    beat = Beat()
    for minute in range(19):
        beat.add(START + 60 * minute, np.array([FAR]))
    assert not beat.rounded()
