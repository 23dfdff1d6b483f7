from detectors.core.bans import IN_ONE, REPEATS, WAITING, Bans


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


def test_bans_on_their_way_are_bounded() -> None:
    bans = Bans()
    for number in range(WAITING + 50):
        bans.add(f"a{number}", at=100)
    assert len(bans) == WAITING


def test_what_is_still_to_be_told_comes_back() -> None:
    bans, other = Bans(), Bans()
    for number in range(20):
        bans.add(f"a{number}", at=100 + number)
    bans.due(109)
    other.restore(bans.snapshot())
    assert [other.due(t) for t in range(110, 900)] == [bans.due(t) for t in range(110, 900)]
