import msgspec

from stream.bench.worlds.evasions import by_evasion
from stream.bench.worlds.grid import Cell
from stream.bench.worlds.raised import Raised
from stream.bench.worlds.report import tables
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.scoring import score
from stream.bench.worlds.truth import Truth

TRUTH = Truth(
    start=0.0,
    end=3_600.0,
    members={"c1": 10.0, "c2": 20.0},
    benign={f"b{number}": "person" for number in range(20)},
    begins=10.0,
)
CELL = Cell(seed=1, hours=1.0, accounts=40, campaign="minimax", size=100, ratio=10.0, text="none")
HIDDEN = "paraphrase=0.5"


def outcome(*named: str, evasion: str = "", contender: str = "Weir", seed: int = 1) -> Outcome:
    raised = [Raised(ts=70.0, accounts=list(named), detector="d")] if named else []
    return Outcome(
        cell=msgspec.structs.replace(CELL, evasion=evasion, seed=seed),
        contender=contender,
        note="",
        requests=1,
        seconds=0.0,
        score=score(raised, TRUTH),
        raised=[],
    )


def test_each_evasion_has_a_row_and_the_shape_as_it_is_comes_first() -> None:
    table = by_evasion(
        [
            outcome("c1", "c2"),
            outcome("c1", "c2", "b1", evasion=HIDDEN),
            outcome(evasion="jitter=9"),
        ]
    )

    assert table.rows == [
        ["none", "100.0 %", "100.0 %", "0.00 %", "60 s"],
        [HIDDEN, "100.0 %", "66.7 %", "5.00 %", "60 s"],
        ["jitter=9", "0.0 %", "-", "0.00 %", "-"],
    ]


def test_worlds_of_an_evasion_count_together_and_only_the_first_contenders() -> None:
    table = by_evasion(
        [
            outcome("c1", evasion=HIDDEN),
            outcome("c1", "c2", evasion=HIDDEN, seed=2),
            outcome("b1", evasion=HIDDEN, contender="other"),
        ]
    )

    assert table.title == "Weir by evasion"
    assert table.rows == [[HIDDEN, "75.0 %", "100.0 %", "0.00 %", "60 s"]]


def test_contenders_meet_the_shapes_as_they_are_whatever_evasions_are_asked_for() -> None:
    plain = [outcome("c1", "c2"), outcome("c1", contender="other")]
    evaded = [outcome(evasion=HIDDEN), outcome(evasion=HIDDEN, contender="other")]

    without = tables(plain, budget=1.0)
    with_them = {table.title: table for table in tables([*plain, *evaded], budget=1.0)}

    assert with_them[without[1].title] == without[1]
    assert [row[3] for row in with_them["Weir by world"].rows] == ["none", HIDDEN]
    assert "evasion" not in without[0].head
    assert [table.title for table in without] == [
        title for title in with_them if title != "Weir by evasion"
    ]
