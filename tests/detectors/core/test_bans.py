from collections import Counter

import msgspec

from detectors.core.bans import IN_ONE, REPEATS, ROOM, Bans


def test_a_ban_is_not_told_before_its_second() -> None:
    bans = Bans()
    bans.add("eve", at=100)
    assert bans.due(99) == []
    assert bans.due(103) == [("eve", 100)]


def test_a_ban_is_told_again_at_growing_distances_and_then_no_more() -> None:
    bans = Bans()
    bans.add("eve", at=100)
    told = [tick for tick in range(100, 2000) if bans.due(tick)]
    assert told == [100, 110, 160, 700]
    assert len(told) == 1 + len(REPEATS)
    assert len(bans) == 0


def test_a_ban_of_many_is_told_in_parts_and_none_is_lost() -> None:
    bans = Bans()
    for number in range(3 * IN_ONE):
        bans.add(f"a{number}", at=100)
    told = {account for tick in range(100, 104) for account, _ in bans.due(tick)}
    assert len(told) == 3 * IN_ONE


def test_a_campaign_banned_in_one_second_is_told_of_to_the_last_account() -> None:
    bans = Bans()
    accounts = {f"acct-{number:032}" for number in range(25_000)}
    for account in sorted(accounts):
        bans.add(account, at=100)
    told = Counter(account for tick in range(100, 2000) for account, _ in bans.due(tick))
    assert told == dict.fromkeys(accounts, 1 + len(REPEATS))
    assert (bans.lost, bans.unrepeated) == (0, 0)


def test_repeats_leave_room_for_bans_that_were_never_told() -> None:
    bans, told = Bans(), set()
    for tick in range(100, 700):
        for number in range(200):
            bans.add(f"{tick}-{number}", at=tick)
        told |= {account for account, _ in bans.due(tick)}
    told |= {account for tick in range(700, 2000) for account, _ in bans.due(tick)}
    assert len(told) == 200 * 600
    assert bans.lost == 0
    assert bans.unrepeated > 0


def test_bans_on_their_way_are_bounded_and_those_without_room_counted() -> None:
    bans = Bans()
    for number in range(10_000):
        bans.add(f"{number:04}" + "\U0001f600" * 252, at=100)
    assert len(msgspec.msgpack.encode(bans.snapshot())) < ROOM
    assert len(bans) + bans.lost == 10_000
    assert bans.lost > 0
    kept = len(bans)
    bans.due(100)
    assert bans.unrepeated > 0
    assert len(bans) + bans.unrepeated == kept


def test_what_is_still_to_be_told_comes_back() -> None:
    bans, other = Bans(), Bans()
    for number in range(20):
        bans.add(f"a{number}", at=100 + number)
    bans.due(109)
    other.restore(bans.snapshot())
    assert [other.due(t) for t in range(110, 900)] == [bans.due(t) for t in range(110, 900)]
