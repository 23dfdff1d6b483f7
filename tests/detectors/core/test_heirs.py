"""Bans from the lifecycle topic to the groups, on both levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core.account_level import AccountLevel
from detectors.core.group_level import GroupLevel
from detectors.core.heirs import BEGINNING, CANDIDATE, DAY, HOUR, LATE, LATE_PROVEN, OPEN, PROVEN
from detectors.core.output import Output
from detectors.core.records import Lifecycle, Request
from detectors.core.succession import Succession
from tests.detectors.traffic import (
    EPOCH,
    Shelf,
    account_level,
    batch,
    group_level,
    groups_state,
    request,
)

LATER = BEGINNING + 600
Event = Request | Lifecycle


class House:
    """One level of accounts and one of groups, that may be started anew."""

    def __init__(self) -> None:
        self.accounts: AccountLevel = account_level()
        self.groups: GroupLevel = group_level()
        self.shelves = Shelf(), Shelf()
        self.read = self.sent = 0
        self.alerts: list[str] = []

    def take(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, Lifecycle):
                self.accounts.live(event, float(event.ts), self.read)
            else:
                self.pass_on(self.accounts.process(batch([event], first=self.read)))
            self.read += 1

    def restart(self) -> None:
        self.shelves[0].put(self.accounts.checkpoint())
        self.shelves[1].put(self.groups.checkpoint())
        self.accounts, self.groups = account_level(), group_level()
        self.shelves[0].give(self.accounts)
        self.shelves[1].give(self.groups)

    def pass_on(self, output: Output) -> None:
        for _, delta in output.deltas:
            self.alerts += [a.id for a in self.groups.process([delta], self.sent).alerts]
            self.sent += 1

    def column(self, name: str) -> float:
        return float(self.groups.profiles[name][self.groups.profiles.index["proxy:x"]])

    def member(self, name: str, account: str) -> int:
        return int(self.groups.members[name][self.groups.members.index[f"proxy:x\n{account}"]])

    def succession(self, *, at: int) -> Succession:
        row = self.groups.profiles.index["proxy:x"]
        return Succession.of(self.groups.members, row, "proxy:x", now=EPOCH + at)


def live(account: str, *, at: float, event: str = "banned") -> Lifecycle:
    return Lifecycle("lifecycle", EPOCH + at, account, event)  # type: ignore[arg-type]


def asks(account: str, *ats: float, proxy: str = "x") -> list[Request]:
    return [request(f"{account}{at}", at=at, account=account, proxy=proxy) for at in ats]


def settled(*, banned: bool = True) -> House:
    """A group of three that is older than its beginning; one of them is banned."""
    house = House()
    for at in (0, 300, LATER):
        for account in ("ann", "bob", "eve"):
            house.take(*asks(account, at))
    if banned:
        house.take(live("eve", at=LATER + 10))
    house.take(*asks("ann", LATER + 20, LATER + 21))
    return house


def newcomer(name: str, *, at: float) -> list[Event]:
    return [live(name, at=at - 5, event="created"), *asks(name, at, at + 5, at + 6)]


def test_a_ban_marks_all_memberships_of_the_account_and_opens_a_place() -> None:
    house = settled()
    assert house.member("banned_at", "eve") == EPOCH + LATER + 10
    assert house.member("banned_at", "bob") == 0
    assert house.column("vacant") == 1
    assert house.column("bans") == pytest.approx(1)


def test_a_ban_that_is_told_again_opens_no_second_place() -> None:
    house = settled()
    house.take(*asks("ann", *range(LATER + 30, LATER + 700, 10)))
    assert house.column("vacant") == 1


@pytest.mark.parametrize("event", ["limited", "deleted", "verified", "restored"])
def test_nothing_but_a_ban_opens_a_place(event: str) -> None:
    house = settled(banned=False)
    house.take(live("eve", at=LATER + 30, event=event), *asks("ann", LATER + 40, LATER + 41))
    assert house.column("vacant") == 0


def test_a_newcomer_fills_the_place_and_proves_itself_by_its_requests() -> None:
    house = settled()
    first, *rest = newcomer("new", at=LATER + 320)
    house.take(first, rest[0], *asks("ann", LATER + 322))
    assert house.member("heir", "new") == CANDIDATE
    assert house.column("filled") == 0
    house.take(*rest[1:], *asks("ann", LATER + 330))
    assert house.member("heir", "new") == PROVEN
    assert house.column("filled") == pytest.approx(1)
    assert house.column("vacant") == 0
    assert house.column("exposed") == pytest.approx(300, abs=5)


def test_one_place_is_filled_once() -> None:
    house = settled()
    house.take(*newcomer("new", at=LATER + 100), *newcomer("other", at=LATER + 200))
    house.take(*asks("ann", LATER + 300))
    assert house.column("filled") == pytest.approx(1, abs=0.01)
    assert house.column("joins") == pytest.approx(1, abs=0.01)
    assert house.succession(at=LATER + 300).heirs == ["new"]


def test_an_old_account_that_joins_fills_no_place() -> None:
    house = settled()
    house.take(live("old", at=-9 * DAY, event="created"), *asks("old", LATER + 100, LATER + 102))
    house.take(*asks("ann", LATER + 110))
    assert house.member("heir", "old") == 0


def test_an_account_that_was_there_before_the_ban_fills_no_place() -> None:
    house = settled(banned=False)
    house.take(live("early", at=LATER, event="created"), *asks("early", LATER + 5, proxy="y"))
    house.take(live("eve", at=LATER + 10), *asks("ann", LATER + 20, LATER + 21))
    house.take(*asks("early", LATER + 100, LATER + 102), *asks("ann", LATER + 110))
    assert house.member("heir", "early") == 0


def test_who_was_never_heard_of_is_no_newcomer_on_the_first_day_and_is_one_later() -> None:
    house = settled()
    house.take(*asks("who", LATER + 100, LATER + 102), *asks("ann", LATER + 110))
    assert house.member("heir", "who") == 0
    house.take(*asks("ann", DAY + 100), live("bob", at=DAY + 200), *asks("ann", DAY + 300))
    house.take(*asks("zoe", DAY + 400, DAY + 402), *asks("ann", DAY + 410))
    assert house.member("heir", "zoe") > 0


def test_newcomers_while_nothing_is_vacant_are_what_is_usual() -> None:
    house = settled(banned=False)
    house.take(*newcomer("new", at=LATER + 100), *asks("ann", LATER + 110))
    assert house.column("joins") == pytest.approx(1, abs=0.01)
    assert house.column("filled") == 0
    assert house.groups.heirs.usual[0] > house.groups.heirs.usual[1]


def test_a_place_does_not_stay_open_for_ever() -> None:
    house = settled()
    at = LATER + OPEN + 100
    house.take(*newcomer("new", at=at), *asks("ann", at + 10))
    assert house.member("heir", "new") not in (CANDIDATE, PROVEN)
    assert house.column("filled") == 0
    assert house.column("vacant") == 0
    assert house.column("exposed") == pytest.approx(OPEN, rel=0.2)


def test_who_comes_later_within_a_day_is_an_heir_that_tests_nothing() -> None:
    house = settled()
    at = LATER + 8 * HOUR
    first, *rest = newcomer("late", at=at)
    house.take(first, rest[0], *asks("ann", at + 2))
    assert house.member("heir", "late") == LATE
    house.take(*rest[1:], *asks("ann", at + 10))
    assert house.member("heir", "late") == LATE_PROVEN
    assert house.column("filled") == 0
    assert house.column("joins") == pytest.approx(1, abs=0.01)
    seen = house.succession(at=at + 10)
    assert (seen.heirs, seen.active) == (["late"], [])


def test_who_comes_a_day_after_the_ban_is_no_heir() -> None:
    house = settled()
    at = LATER + DAY + 100
    house.take(*newcomer("new", at=at), *asks("ann", at + 10))
    assert house.member("heir", "new") == 0


def test_of_more_that_come_late_than_were_banned_only_so_many_are_heirs() -> None:
    house = settled()
    at = LATER + 8 * HOUR
    house.take(*newcomer("one", at=at), *newcomer("two", at=at + 60), *asks("ann", at + 100))
    assert house.succession(at=at + 100).heirs == ["one"]


@pytest.mark.parametrize("restart", [False, True])
def test_regrowth_within_a_day_counts_who_came_after_places_were_closed(restart: bool) -> None:
    house, farm = House(), [f"farm-{number}" for number in range(12)]
    for at in (0, 300, LATER):
        for account in ("ann", *farm):
            house.take(*asks(account, at))
    house.take(*(live(account, at=LATER + 10) for account in farm), *asks("ann", LATER + 20))
    for number in range(6):
        house.take(*newcomer(f"soon-{number}", at=LATER + 300 + 10 * number))
    house.take(*asks("ann", LATER + HOUR))
    assert regrown(house, at=LATER + 2 * HOUR) == {HOUR: 0.5, DAY: 0.5}
    if restart:
        house.restart()
    for number in range(6):
        house.take(*newcomer(f"late-{number}", at=LATER + 8 * HOUR + 10 * number))
    house.take(*asks("ann", LATER + 8 * HOUR + 100))
    assert regrown(house, at=LATER + 9 * HOUR) == {HOUR: 0.5, DAY: 1.0}
    assert regrown(house, at=LATER + 25 * HOUR) == {HOUR: 0.5, DAY: 1.0}


def regrown(house: House, *, at: int) -> dict[int, float]:
    """Return the share of banned accounts that was replaced within an hour and a day."""
    seen = house.succession(at=at)
    return {within: seen.regrowth(within=within, now=EPOCH + at)[0] for within in (HOUR, DAY)}


def test_places_of_bans_that_follow_each_other_were_open_once() -> None:
    house = settled()
    house.take(live("bob", at=LATER + 2400), *asks("ann", LATER + 2460, LATER + 2461))
    seen = house.succession(at=LATER + DAY)
    now = EPOCH + LATER + DAY
    assert seen.open_for(within=HOUR, now=now) == 2390 + HOUR
    assert seen.open_for(within=DAY, now=now) == DAY - 10


def test_what_a_banned_account_is_denied_is_no_load() -> None:
    house = settled()
    before = house.column("requests")
    house.take(*[request(f"d{n}", at=LATER + 30 + n, account="eve", proxy="x", status=403)
                 for n in range(20)])  # fmt: skip
    house.take(*asks("ann", LATER + 60, LATER + 61))
    assert house.column("requests") - before == 2


steps = st.tuples(
    st.sampled_from([1, 1, 60, 600, 3600, 30_000]),
    st.sampled_from("abcdefghijkl"),
    st.sampled_from(["x", "x", "y", "banned", "created"]),
)


def events_of(number: int, at: int, account: str, what: str) -> list[Event]:
    """Three requests behind an egress, or what happened to an account."""
    if what in ("banned", "created"):
        return [live(account, at=at, event=what)]
    return [request(f"{number}-{n}", at=at + n, account=account, proxy=what) for n in range(3)]


@effort(max_examples=15)
@given(
    lives=st.lists(steps, min_size=5, max_size=25), stops=st.sets(st.integers(0, 40), max_size=3)
)
def test_a_restart_forgets_no_ban_and_no_heir(
    lives: list[tuple[int, str, str]], stops: set[int]
) -> None:
    plain, stopped = House(), House()
    at = 0
    for number, (wait, account, what) in enumerate(lives):
        at += wait
        for house in (plain, stopped):
            house.take(*events_of(number, at, account, what))
            if number in stops:
                house.pass_on(house.accounts.pause(idle=True))
        if number in stops:
            stopped.restart()
    for house in (plain, stopped):
        house.pass_on(house.accounts.pause(idle=True))
    assert groups_state(stopped.groups) == groups_state(plain.groups)
    assert stopped.alerts == plain.alerts


def test_bans_read_earlier_after_a_crash_than_before_it_are_not_lost() -> None:
    house, shelf = settled(banned=False), Shelf()
    house.pass_on(house.accounts.pause(idle=True))
    shelf.put(house.accounts.checkpoint())
    again = [asks("ann", LATER + 100 + n)[0] for n in range(0, 60, 2)]
    house.take(*again, live("eve", at=LATER + 90))  # it comes late, and is told to nobody yet
    house.accounts = account_level()
    shelf.give(house.accounts)
    house.read -= len(again) + 1
    ban = live("eve", at=LATER + 90)
    house.accounts.live(ban, float(ban.ts), house.read + len(again))  # now it comes at once
    house.take(*again, *asks("ann", *range(LATER + 200, LATER + 300, 5)))
    assert house.column("vacant") == 1


def test_hashes_of_accounts_are_never_those_of_an_empty_row() -> None:
    hashes = House().groups.heirs.hashes([f"a{number}" for number in range(1000)])
    assert len(np.unique(hashes)) == 1000
    assert (hashes > 0).all()
