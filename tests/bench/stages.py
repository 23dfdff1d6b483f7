"""Where an event's time goes: each stage of the engine timed alone, on records in memory."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import msgspec

from detectors.core.records import Request
from tests.bench.events import Events
from tests.bench.machine import machine
from tests.bench.table import spread

RESULT = Path(__file__).parent / "results" / "stages.md"
BATCH = 4_000


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of the way: takes what the stage before gave for a batch, gives the next its own."""

    name: str
    # Any: neighbours agree on what passes between them, and no two pairs on the same.
    run: Callable[[Any], Any]


def stages() -> list[Stage]:
    """List the stages in the order a batch takes them; made anew for each run, state and all."""
    decoder = msgspec.json.Decoder(Request)

    def decode(records: Sequence[bytes]) -> list[Request]:
        return [decoder.decode(record) for record in records]

    return [Stage(name="decode (msgspec)", run=decode)]


def seconds_by_stage(batches: Sequence[Sequence[bytes]]) -> dict[str, float]:
    """Take every batch through all stages; add up the time of each stage."""
    path = stages()
    spent = dict.fromkeys((stage.name for stage in path), 0.0)
    for batch in batches:
        passed: Any = batch
        for stage in path:
            begun = perf_counter()
            passed = stage.run(passed)
            spent[stage.name] += perf_counter() - begun
    return spent


def main() -> None:
    """Time the stages on the benchmark's events, in batches of the size a worker sees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    events = Events(count=options.events, accounts=options.accounts)
    records = [record for _, run in events.chunks() for record in run]
    batches = [records[first : first + BATCH] for first in range(0, len(records), BATCH)]
    turns = [seconds_by_stage(batches) for _ in range(options.repeat)]
    costs = {name: [turn[name] / options.events * 1e6 for turn in turns] for name in turns[0]}
    rows = "\n".join(f"| {name} | {spread(cost, '.2f')} |" for name, cost in costs.items())
    total = sum(median(cost) for cost in costs.values())
    text = (
        f"{options.events:,} events of {options.accounts:,} accounts in batches of {BATCH:,}; "
        f"median (lowest to highest) of {options.repeat} runs.\n\n"
        f"| stage | µs/event |\n|---|---:|\n{rows}\n| all | {total:.2f} |\n\n"
        f"Machine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
