"""What each detector costs: its own scoring and learning, timed within one engine that runs all."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from time import thread_time
from typing import Any

from detectors import CATALOG
from detectors.core.detector import Detector
from detectors.core.engine import Engine
from stream.codec import decode_requests
from stream.config import Config
from stream.file_driver import FileDriver
from tests.bench.events import Events

BATCH = 4_000
#: What is asked of a detector at every tick; it explains few rows, and seldom.
TIMED = ("score", "learn")
WHOLE = "the whole engine, from bytes to alerts"


class Meter:
    """Adds up the processor time that detectors spend in their own methods.

    A detector's objects on all levels count as one.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def detectors(self) -> list[Detector]:
        """Make a set of all detectors that tell the meter of their time."""
        return [self._watched(kind()) for kind in CATALOG]

    def timed(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same, timed."""

        def timed(*given: Any, **named: Any) -> Any:
            begun = thread_time()
            try:
                return run(*given, **named)
            finally:
                self.seconds[name] += thread_time() - begun

        return timed

    def _watched(self, detector: Detector) -> Detector:
        for method in TIMED:
            setattr(detector, method, self.timed(detector.name, getattr(detector, method)))
        return detector


def microseconds(events: Events) -> dict[str, float]:
    """Take events through one engine with all detectors; return what each costs an event."""
    meter = Meter()
    config = Config()
    engine = Engine(partitions=1, settings=config.settings(seed=0), detectors=meter.detectors)
    driver = FileDriver(config=config, engine=engine)

    def take(records: Sequence[bytes], first: int) -> None:
        offsets = range(first, first + len(records))
        driver.take(decode_requests(records, offsets, source="events"), base=0)

    step = meter.timed(WHOLE, take)
    for first, records in _batches(events):
        step(records, first)
    meter.timed(WHOLE, driver.finish)()
    names = [*(kind.name for kind in CATALOG), WHOLE]
    return {name: meter.seconds[name] / events.count * 1e6 for name in names}


def measure(*, events: int, accounts: int, repeat: int) -> dict[str, dict[str, float]]:
    """Return what each detector costs an event, by kind of traffic; medians over repeats."""
    kinds = {
        "100,000 events/s": Events(count=events, accounts=accounts),
        "the same, with prompts": Events(count=events, accounts=accounts, text=1.0),
        "1,000 events/s": Events(count=events, accounts=accounts, rate=1_000.0),
    }
    measured = {}
    for name, kind in kinds.items():
        turns = [microseconds(kind) for _ in range(repeat)]
        measured[name] = {of: median(turn[of] for turn in turns) for of in turns[0]}
    return measured


def table(measured: Mapping[str, Mapping[str, float]]) -> str:
    """Write a row for each detector, and for all of them beside the whole engine."""
    kinds = list(measured.values())
    costs = {f"`{each.name}`": [kind[each.name] for kind in kinds] for each in CATALOG}
    together = [sum(column) for column in zip(*costs.values(), strict=True)]
    costs |= {"all detectors": together, WHOLE: [kind[WHOLE] for kind in kinds]}
    rows = [
        f"| {name} | {' | '.join(f'{cost:.3f}' for cost in those)} |"
        for name, those in costs.items()
    ]
    head = f"| processor µs/event | {' | '.join(measured)} |\n|---|{'---:|' * len(kinds)}"
    return "\n".join([head, *rows])


def _batches(events: Events) -> Iterator[tuple[int, list[bytes]]]:
    first = 0
    for _, run in events.chunks():
        for start in range(0, len(run), BATCH):
            records = run[start : start + BATCH]
            yield first, records
            first += len(records)
