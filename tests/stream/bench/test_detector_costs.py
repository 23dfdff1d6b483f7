from detectors import CATALOG
from tests.bench.detector_costs import WHOLE, Meter, measure, microseconds, table
from tests.bench.events import Events


def test_the_time_of_every_detector_lies_within_that_of_the_engine_it_ran_in() -> None:
    costs = microseconds(Events(count=3_000, accounts=300, rate=500.0))

    assert list(costs) == [*(kind.name for kind in CATALOG), WHOLE]
    assert costs["rate_surge"] > 0
    assert 0 < sum(cost for name, cost in costs.items() if name != WHOLE) < costs[WHOLE]


def test_a_detector_is_timed_on_all_levels_and_does_what_it_did() -> None:
    meter = Meter()
    said = meter.timed("adding", lambda one, *, other: one + other)(1, other=2)

    assert said == 3
    assert meter.seconds["adding"] > 0
    assert [detector.name for detector in meter.detectors()] == [kind.name for kind in CATALOG]


def test_the_table_has_a_row_for_each_detector_and_a_column_for_each_kind_of_traffic() -> None:
    measured = measure(events=400, accounts=50, repeat=1)
    lines = table(measured).splitlines()

    assert len(measured) == 3
    assert [line.split(" | ")[0].strip("| `") for line in lines[2:]] == [
        *(kind.name for kind in CATALOG), "all detectors", WHOLE,
    ]  # fmt: skip
    assert all(line.count("|") == 5 for line in lines)
