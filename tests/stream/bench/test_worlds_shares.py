from typing import Any

import msgspec

from stream.bench.worlds.grid import Cell
from stream.bench.worlds.raised import Raised
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.scoring import score
from stream.bench.worlds.shares import PUBLISHED, by_share
from stream.bench.worlds.truth import Truth

TRUTH = Truth(
    start=0.0,
    end=3_600.0,
    members={"c1": 10.0, "c2": 20.0},
    benign={f"b{number}": "person" for number in range(18)},
    begins=10.0,
)
CELL = Cell(
    seed=1, hours=3.0, accounts=40, campaign="deepseek", size=100, attackers=0.1, text="none"
)


def outcome(contender: str, *named: str, **cell: Any) -> Outcome:
    raised = [Raised(ts=70.0, accounts=list(named), detector="d")] if named else []
    return Outcome(
        cell=msgspec.structs.replace(CELL, **cell),
        contender=contender,
        note="",
        requests=1,
        seconds=0.0,
        score=score(raised, TRUTH),
        raised=[],
    )


def test_every_contender_has_a_row_with_finds_errors_and_time_for_each_share() -> None:
    table = by_share(
        [
            outcome("Weir", "c1", "c2"),
            outcome("Weir", "c1", attackers=0.3),
            outcome("other", "b1"),
            outcome("other", attackers=0.3),
        ]
    )

    assert [cell.partition(":")[0] for cell in table.head[1:]] == ["10 %"] * 3 + ["30 %"] * 3
    assert table.rows[0] == ["Weir", "100.0 %", "0.00 %", "60 s", "50.0 %", "0.00 %", "60 s"]
    assert table.rows[1] == ["other", "0.0 %", "5.56 %", "-", "0.0 %", "0.00 %", "-"]


def test_what_was_published_stands_below_and_only_for_the_shares_it_was_published_for() -> None:
    table = by_share([outcome("Weir"), outcome("Weir", attackers=0.3)])

    published = table.rows[1:]
    assert [row[0] for row in published] == [f"{name}, published" for name in PUBLISHED]
    assert [row[1] for row in published] == ["91.4 %", "84.4 %", "29.0 %"]
    assert {row[4] for row in published} == {"-"}


def test_the_note_says_which_worlds_and_how_many_attackers_there_were_in_fact() -> None:
    table = by_share([outcome("Weir"), outcome("Weir", campaign="minimax")])

    assert "deepseek (100 accounts, 3 h), minimax (100 accounts, 3 h)" in table.note
    assert "in fact 10.0 %" in table.note
