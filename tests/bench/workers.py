"""What further workers of one group bring: the same events through 1, 2, … of them."""

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from tests.bench.bench_worker import BenchWorker
from tests.bench.event_topic import PARTITIONS, EventTopic
from tests.bench.events import Events
from tests.bench.machine import machine
from tests.bench.patience import until
from tests.bench.speed import broker, say
from tests.bench.table import spread
from tests.bench.weir_commands import write_config

RESULT = Path(__file__).parent / "results" / "workers.md"
START_SECONDS = 120.0
STALL_SECONDS = 120.0
HEAD = (
    "| workers | events/s | ratio to one | CPU µs/event, all together | share of each |\n"
    "|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """One run of so many workers."""

    rate: float
    cost: float
    shares: list[float]


def main() -> int:
    """Measure groups of 1 to N workers, turn by turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--most", type=int, default=min(max(os.cpu_count() or 1, 2), PARTITIONS))
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="a running broker, to be emptied")
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    events = Events(count=options.events, accounts=options.accounts)
    sizes = range(1, options.most + 1)
    runs: dict[int, list[Group]] = {size: [] for size in sizes}
    with broker(options.bootstrap) as bootstrap:
        for turn in range(1, options.repeat + 1):
            for size in sizes:
                runs[size].append(measure(bootstrap, events, size))
                say(f"{turn}/{options.repeat} {size}: {runs[size][-1].rate:,.0f} events/s")
    text = (
        f"{options.events:,} events of {options.accounts:,} accounts, {PARTITIONS} partitions, all "
        f"detectors, every worker a process of its own in one group; nothing is pinned, and Kafka "
        f"and its {os.cpu_count()} cores are shared by all; median (lowest to highest) of "
        f"{options.repeat} interleaved runs.\n\n{table(runs)}\n\nMachine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    return 0


def measure(bootstrap: str, events: Events, size: int) -> Group:
    """Let a group take in the events, which come while it stands still with its partitions."""
    topic = EventTopic(bootstrap=bootstrap)
    topic.reset_side_topics()
    topic.empty()
    group = f"bench-{uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        config = write_config(directory, "all")
        workers = [
            stack.enter_context(
                BenchWorker(
                    bootstrap=bootstrap,
                    group=group,
                    config=config,
                    log=directory / f"worker-{number}.log",
                    # Longer than they stand still below.
                    settings={"WEIR_SESSION_SECONDS": "300", "WEIR_STALL_SECONDS": "300"},
                )
            )
            for number in range(size)
        ]
        until(lambda: shared(workers), what="assignment to all", seconds=START_SECONDS)
        for worker in workers:
            worker.freeze()
        topic.append(events)
        used = sum(worker.processor_seconds() for worker in workers)
        for worker in workers:
            worker.thaw()
        taken, seconds = watch(workers, events.count)
        used = sum(worker.processor_seconds() for worker in workers) - used
        time.sleep(1.0)
        shares = [worker.taken() for worker in workers]
    if sum(shares) != events.count:
        raise RuntimeError(f"The workers took {sum(shares):,} of {events.count:,} events.")
    return Group(
        rate=taken / seconds,
        cost=used / events.count * 1e6,
        shares=[share / events.count for share in shares],
    )


def shared(workers: list[BenchWorker]) -> bool:
    """Say whether every worker has partitions and every partition a worker."""
    partitions = [len(worker.accounts()) for worker in workers]
    return all(partitions) and sum(partitions) == PARTITIONS


def watch(workers: list[BenchWorker], events: int) -> tuple[int, float]:
    """Return how many were taken from the first look that saw any to the last, and how long."""
    first: tuple[int, float] | None = None
    seen, changed = 0, time.perf_counter()
    while True:
        taken, now = sum(worker.taken() for worker in workers), time.perf_counter()
        if taken and first is None:
            first = taken, now
        if taken != seen:
            seen, changed = taken, now
        if taken >= events:
            break
        if now - changed > STALL_SECONDS:
            raise RuntimeError(f"The workers stand still at {seen:,} events.")
        time.sleep(0.1)
    if first is None or first[0] >= events:
        raise RuntimeError("All events were taken before the first look; give them more events.")
    return taken - first[0], now - first[1]


def table(runs: dict[int, list[Group]]) -> str:
    """Give a row to each number of workers."""
    alone = median(run.rate for run in runs[1])
    rows = [HEAD]
    for size, done in runs.items():
        rate = median(run.rate for run in done)
        shares = ", ".join(f"{share:.0%}" for share in done[-1].shares)
        rows.append(
            f"| {size} | {spread([run.rate for run in done], ',.0f')} | {rate / alone:.2f} "
            f"| {spread([run.cost for run in done], '.2f')} | {shares} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
