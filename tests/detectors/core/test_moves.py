"""A campaign's accounts that move to a model, few of each group, against customers."""

import numpy as np
import pytest

from detectors.core.links import Links
from detectors.core.moves import Moves, said
from detectors.core.population import Lone, Population
from detectors.core.records import Adoption, Candidates
from tests.detectors.course import Course, accounts, alert, restarted
from tests.detectors.traffic import EPOCH

CUSTOMERS = 500.0


def customers(moved: float, *, active: float = CUSTOMERS, model: str = "delta-4") -> Adoption:
    """Return what is said of customers of whom so many moved, alike within each horizon."""
    alone = [[active] * 3, [active] * 3]
    return Adoption(active=alone, moved={model: [[moved] * 3] * 2}, released={model: EPOCH + 100.0})


def known() -> Course:
    """Return a course that has told of a campaign of forty accounts."""
    course = Course()
    course.take(alert("a", accounts(0, 40), at=1), at=1)
    (told,) = course.take(alert("b", accounts(0, 40), at=2, scope="payment"), at=2)
    assert told.detector == "campaign"
    course.told.clear()
    return course


def moving(course: Course, *, who: range, adoption: Adoption) -> None:
    """Let accounts move one a second, from second 110 on."""
    for number, account in enumerate(accounts(who.start, who.stop)):
        course.take(at=110 + number, moves=[(account, "delta-4")], adoption=adoption)


def test_a_campaign_is_told_again_when_its_accounts_move_to_a_model() -> None:
    course = known()
    moving(course, who=range(12), adoption=customers(0.0))
    (again,) = course.told
    assert again.entity.scope == "campaign"
    assert again.ts <= EPOCH + 120
    assert "of its accounts moved to delta-4, released" in again.summary
    assert "model_pivot" in " ".join(str(evidence.note) for evidence in again.evidence)
    assert again.window.start < EPOCH + 110


def test_where_customers_move_as_fast_it_is_no_news() -> None:
    course = known()
    moving(course, who=range(12), adoption=customers(CUSTOMERS / 4))
    assert not course.told


def test_without_customers_to_compare_with_nothing_is_said() -> None:
    course = known()
    moving(course, who=range(12), adoption=customers(0.0, active=3.0))
    assert not course.told


def test_strangers_who_move_are_no_campaign() -> None:
    course = known()
    moving(course, who=range(100, 130), adoption=customers(0.0))
    assert not course.told


def test_a_move_of_long_ago_is_forgotten() -> None:
    course = known()
    for number, account in enumerate(accounts(0, 12)):
        moves = [(account, "delta-4")]
        course.take(at=110 + 4000 * number, moves=moves, adoption=customers(0.0))
    assert not course.told


def test_who_moves_counts_where_it_belongs_by_then_though_all_change_places_meanwhile() -> None:
    moves, sizes = Moves(), {"old": 40, "new": 40}
    crowd = [(account, "delta-4") for account in accounts(0, 12)]
    part = Candidates(
        source=0,
        sources=1,
        tick=EPOCH + 110,
        tracked=1000,
        alerts=[],
        behind=[],
        moves=crowd,
        adoption=customers(0.0),
    )
    assert moves.take(part, tick=EPOCH + 110, campaign_of=lambda _: "old")
    found = moves.pivots(EPOCH + 110, sizes=sizes, campaign_of=lambda _: "new")
    assert [(name, len(pivot.accounts)) for name, pivot in found.items()] == [("new", 12)]
    assert moves.take(part, tick=EPOCH + 111, campaign_of=lambda _: "new")
    assert moves.pivots(EPOCH + 111, sizes={}, campaign_of=lambda _: None) == {}


def test_an_account_that_moves_twice_counts_once() -> None:
    course = known()
    for second in range(12):
        course.take(at=110 + second, moves=[("account-1", "delta-4")], adoption=customers(0.0))
    assert not course.told


@pytest.mark.parametrize("stop", [1, 4, 9])
def test_what_moved_before_a_restart_counts_after_it(stop: int) -> None:
    whole, parted = known(), known()
    moving(whole, who=range(12), adoption=customers(0.0))
    segments: dict[str, bytes] = {}
    for number, account in enumerate(accounts(0, 12)):
        if number == stop:
            parted = restarted(parted, segments)
        parted.take(at=110 + number, moves=[(account, "delta-4")], adoption=customers(0.0))
    assert parted.told == whole.told
    assert whole.told


def test_after_a_restart_what_customers_do_is_added_up_in_the_same_order() -> None:
    moves, again = Moves(), Moves()
    for source in (1, 0):
        part = Candidates(
            source=source,
            sources=2,
            tick=EPOCH,
            tracked=1000,
            alerts=[],
            behind=[],
            adoption=customers(float(source)),
        )
        moves.take(part, tick=EPOCH, campaign_of=lambda _: None)
    again.restore(moves.snapshot())
    assert [source for source, _ in again.snapshot()["adoption"]] == [1, 0]


def test_the_groups_say_who_moved_and_how_customers_do() -> None:
    population = Population(models=["(other)", "old", "new"], lone={"proxy": Lone()})
    young = np.array([True, False])
    population.lone["proxy"].add(np.array([1000, 2000]), young, np.array([2]))
    population.release("new", 50.0)
    links = links_of(["ann", "ann", "bob", "cid"], [2, 2, 0, 1], [True, True, True, False])
    told = said([links, links], population)
    assert told["moves"] == [("ann", "new")]
    assert told["adoption"].moved == {"new": [[1.0, 1.0, 1.0]]}
    assert told["adoption"].released == {"new": 50.0}
    assert said([links_of(["bob"], [1], [False])], population) == {}


def links_of(names: list[str], models: list[int], moved: list[bool]) -> Links:
    count = len(names)
    none = np.zeros(count, dtype=np.int64)
    return Links(
        groups=none,
        accounts=names,
        members=none,
        models=np.array(models),
        requests=none,
        tokens=none,
        moved=np.array(moved),
        born=none,
        away=none,
        egress=none.astype(np.uint64),
        client=none.astype(np.uint16),
        asked=np.zeros((count, 2, 2), dtype=np.int32),
        after=None,
        samples=[""] * count,
    )
