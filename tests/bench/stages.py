"""Where an event's time goes: each stage of the engine timed alone, on records in memory.

Processor time, since other work may be done on the machine.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from detectors import CATALOG
from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch, batch_of
from detectors.core.detector import Detector
from detectors.core.group_level import GroupLevel
from detectors.core.output import Output
from detectors.sketches.seen import Seen
from detectors.text.capability import Capability
from stream.codec import decode_deltas, decode_requests, encode_deltas
from stream.config import Config
from stream.decoded import Decoded
from tests.bench import detector_costs
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


def stages(detectors: Sequence[type[Detector]] = CATALOG) -> list[Stage]:
    """List the stages in the order a batch takes them; made anew for each run, state and all."""
    seen = Seen(capacity=262_144)
    settings = Config().settings(seed=0)
    accounts = AccountLevel(
        partition=0, partitions=1, settings=settings, detectors=[kind() for kind in detectors]
    )
    groups = GroupLevel(partition=0, settings=settings, detectors=[kind() for kind in detectors])
    capability = Capability.shipped()
    offset = 0

    def decode(records: Sequence[bytes]) -> Decoded:
        nonlocal offset
        offsets = range(offset, offset + len(records))
        offset += len(records)
        return decode_requests(records, offsets, source="weir.requests")

    def columns(decoded: Decoded) -> Batch:
        return batch_of(
            decoded.requests, decoded.times, decoded.offsets, seed=0, capability=capability
        )

    def dedup(batch: Batch) -> Batch:
        seen.fresh(batch.hashes)
        return batch

    def to_groups(output: Output) -> list[bytes]:
        return encode_deltas([delta for _, delta in output.deltas])

    def group(values: Sequence[bytes]) -> None:
        for value in values:
            groups.process(decode_deltas(value), groups.waiting.position + 1)

    return [
        Stage(name="decode", run=decode),
        Stage(name="columns, keyed hashes", run=columns),
        Stage(name="repeated ids (a second time, alone)", run=dedup),
        Stage(name="accounts: repeated ids, profiles, ticks, detectors", run=accounts.process),
        Stage(name="deltas to bytes", run=to_groups),
        Stage(name="groups: bytes to profiles, ticks, detectors", run=group),
    ]


def seconds_by_stage(
    batches: Sequence[Sequence[bytes]], detectors: Sequence[type[Detector]] = CATALOG
) -> dict[str, float]:
    """Take every batch through all stages; add up the time of each stage."""
    path = stages(detectors)
    spent = dict.fromkeys((stage.name for stage in path), 0.0)
    for batch in batches:
        passed: Any = batch
        for stage in path:
            begun = process_time()
            passed = stage.run(passed)
            spent[stage.name] += process_time() - begun
    return spent


def main() -> None:
    """Time the stages on the benchmark's events, in batches of the size a worker sees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--text", type=float, default=0.0, help="share of the requests with a prompt"
    )
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    events = Events(count=options.events, accounts=options.accounts, text=options.text)
    records = [record for _, run in events.chunks() for record in run]
    batches = [records[first : first + BATCH] for first in range(0, len(records), BATCH)]
    turns = [seconds_by_stage(batches) for _ in range(options.repeat)]
    costs = {name: [turn[name] / options.events * 1e6 for turn in turns] for name in turns[0]}
    rows = "\n".join(f"| {name} | {spread(cost, '.2f')} |" for name, cost in costs.items())
    none = [sum(seconds_by_stage(batches, ()).values()) for _ in range(options.repeat)]
    total = sum(median(cost) for cost in costs.values())
    detectors = detector_costs.measure(
        events=options.events, accounts=options.accounts, repeat=options.repeat
    )
    text = (
        f"{options.events:,} events of {options.accounts:,} accounts in batches of {BATCH:,}, "
        f"{options.text:.0%} of them with a prompt; "
        f"median (lowest to highest) of {options.repeat} runs.\n\n"
        f"| stage | processor µs/event |\n|---|---:|\n{rows}\n| all | {total:.2f} |\n"
        f"| all, without detectors | {median(none) / options.events * 1e6:.2f} |\n\n"
        "Each detector's own scoring and learning, in one engine that runs all.\n\n"
        f"{detector_costs.table(detectors)}\n\n"
        f"Machine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
