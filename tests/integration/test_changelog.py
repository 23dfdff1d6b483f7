"""What a changelog says after checkpoints that were cut short, came late, or were compacted."""

from collections.abc import Iterable

import pytest

from detectors.core.account_level import AccountLevel
from stream.shelf import Changelog, Pause
from tests.detectors.traffic import account_level, batch, request

Entry = tuple[bytes, bytes | None]


class Owner:
    """Reads requests into a level and writes its checkpoints as a worker does."""

    def __init__(self, log: list[Entry], *, generation: int = 1) -> None:
        self.log, self.generation = log, generation
        self.changelog, self.level = read(log)

    def take(self, count: int) -> None:
        """Take in requests of so many seconds, one each."""
        first = self.level.position.get("requests", -1) + 1
        made = [request(n, at=n, account=f"account-{n % 5}") for n in range(first, first + count)]
        self.level.process(batch(made, first=first))
        self.level.pause(idle=True)

    def checkpoint(self, *, cut_after: int | None = None, refused: bool = False) -> None:
        """Write a checkpoint, or only the first entries of it, or one whose commit is refused."""
        checkpoint = self.level.checkpoint()
        assert checkpoint is not None
        paused = self.changelog.paused
        new: list[Entry] = [
            *pairs(self.changelog.segments(checkpoint)),
            *pairs(self.changelog.manifest(checkpoint, generation=self.generation, paused=paused)),
        ]
        if not refused:
            new += [(key.encode(), None) for key in self.changelog.removed(paused=paused)]
        self.log += new[:cut_after]


def pairs(entries: dict[str, bytes]) -> list[Entry]:
    return [(key.encode(), value) for key, value in entries.items()]


def read(log: Iterable[Entry]) -> tuple[Changelog, AccountLevel]:
    changelog, level = Changelog(), account_level()
    for key, value in log:
        changelog.take(key, value)
    changelog.restore(level)
    return changelog, level


def counted(log: Iterable[Entry]) -> int:
    return read(log)[1].applied


def compacted(log: Iterable[Entry]) -> list[Entry]:
    """The last entry of each key, in order, and no tombstones."""
    last = {key: (number, value) for number, (key, value) in enumerate(log)}
    rest = sorted((number, key, value) for key, (number, value) in last.items() if value)
    return [(key, value) for _, key, value in rest]


def test_an_empty_changelog_makes_a_level_that_has_seen_nothing() -> None:
    assert counted([]) == 0


def test_the_last_checkpoint_counts() -> None:
    log: list[Entry] = []
    owner = Owner(log)
    for _ in range(5):
        owner.take(3)
        owner.checkpoint()

    assert counted(log) == 15


def test_a_checkpoint_cut_short_anywhere_counts_for_nothing() -> None:
    log: list[Entry] = []
    whole = Owner(log)
    whole.take(3)
    whole.checkpoint()
    before = len(log)
    for cut in range(2):
        owner = Owner(list(log))
        owner.take(4)
        owner.checkpoint(cut_after=cut)

        assert len(owner.log) == before + cut
        assert counted(owner.log) == 3


def test_who_goes_on_after_a_checkpoint_cut_short_writes_checkpoints_that_count() -> None:
    log: list[Entry] = []
    owner = Owner(log)
    for number in range(6):
        owner.take(3)
        owner.checkpoint(cut_after=1 if number % 2 else None)
        owner = Owner(log)

    assert counted(log) == 3 * 3
    owner.take(3)
    owner.checkpoint()
    assert counted(log) == 4 * 3


def test_compaction_changes_nothing() -> None:
    log: list[Entry] = []
    owner = Owner(log)
    for number in range(12):
        owner.take(3)
        owner.checkpoint()
        if number % 4 == 3:
            owner = Owner(log)

        assert counted(compacted(log)) == counted(log) == 3 * (number + 1)


def test_what_no_checkpoint_names_is_taken_away() -> None:
    log: list[Entry] = []
    for _ in range(10):
        owner = Owner(log)
        owner.take(3)
        owner.checkpoint(cut_after=1)
    owner = Owner(log)
    owner.take(3)
    owner.checkpoint()
    owner.take(1)
    owner.checkpoint()

    assert len(compacted(log)) <= 2 * 2 + 1


@pytest.mark.parametrize("late", [1, 5])
def test_a_worker_taken_for_dead_that_writes_late_changes_nothing(late: int) -> None:
    log: list[Entry] = []
    dead = Owner(log, generation=1)
    dead.take(3)
    dead.checkpoint()
    owner = Owner(log, generation=3)
    owner.take(4)
    owner.checkpoint()
    for _ in range(late):
        dead.take(5)
        dead.checkpoint(refused=True)

        assert counted(log) == 7
        assert counted(compacted(log)) == 7
    owner.take(1)
    owner.checkpoint()
    assert counted(log) == counted(compacted(log)) == 8


def test_a_new_group_whose_generations_begin_again_comes_after_the_old_one() -> None:
    log: list[Entry] = []
    old = Owner(log, generation=57)
    old.take(3)
    old.checkpoint()
    new = Owner(log, generation=1)
    new.take(4)
    new.checkpoint(refused=True)

    assert counted(log) == 7


def test_a_checkpoint_that_lacks_a_segment_is_no_checkpoint() -> None:
    log: list[Entry] = []
    owner = Owner(log)
    owner.take(3)
    owner.checkpoint()
    rest = [entry for entry in log if b"/account/" not in entry[0]]

    with pytest.raises(LookupError, match="no checkpoint in the changelog is whole"):
        read(rest)


def test_a_pause_is_taken_again_until_a_checkpoint_holds_it() -> None:
    log: list[Entry] = []
    owner = Owner(log)
    owner.take(3)
    owner.checkpoint()
    log += pairs(owner.changelog.pause(Pause(number=1, after=4)))

    heir = Owner(log)
    assert heir.changelog.pauses(3) == []
    assert heir.changelog.pauses(4) == [Pause(number=1, after=4)]
    heir.changelog.paused = 1
    heir.take(4)
    heir.checkpoint()
    assert Owner(log).changelog.pauses(99) == []
    assert not any(b"/pause/" in key for key, _ in compacted(log))
