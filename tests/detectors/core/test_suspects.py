"""How much is remembered of what is under suspicion."""

import pytest

from detectors.core.records import Behind
from detectors.core.suspects import MOST_KEPT, MOST_SUSPECTS, SLACK, Suspects
from tests.detectors.course import Course, accounts, alert
from tests.detectors.traffic import EPOCH


def test_too_many_suspects_do_not_wait_for_the_next_look() -> None:
    course = Course()
    course.take(alert("strong", accounts(0, 5), nats=60.0, strong=False), at=0)
    for second in range(1, 6):
        few = MOST_SUSPECTS * 2 // 3
        faint = (f"{second}-{number}" for number in range(few))
        course.take(*(alert(v, [v], at=second, nats=7.0, strong=False) for v in faint), at=second)
        assert course.level.entities <= SLACK * MOST_SUSPECTS
    assert course.level.evicted > MOST_SUSPECTS
    assert ("proxy", "strong") in course.level.campaigns.suspects.by_key


def test_nor_do_too_many_members() -> None:
    course = Course()
    for second in range(1, 6):
        behind = [f"{second}-{number}" for number in range(MOST_KEPT * 2 // 3)]
        raised = alert(str(second), behind[:5], at=second, nats=7.0 + second, strong=False)
        course.take(raised, at=second, members=[behind])
        assert course.level.campaigns.suspects.names <= SLACK * MOST_KEPT
    assert course.level.evicted


def test_what_was_named_long_ago_takes_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.core.suspects.MOST_HELD", 1000)
    suspects = Suspects()
    for at in range(10):
        for value in ("a", "b"):
            named = [f"{value}-{at}-{number}" for number in range(20)]
            nats = 7.0 if value == "a" else 30.0
            suspects.take(alert(value, named, at=at, nats=nats), Behind(named))
    assert suspects.held == 2 * (20 + 2 * 200)
    suspects.fade(EPOCH + 10)
    assert len(suspects.by_key) == 2
    monkeypatch.setattr("detectors.core.suspects.MOST_HELD", 500)
    suspects.fade(EPOCH + 11)
    assert list(suspects.by_key) == [("proxy", "b")]
