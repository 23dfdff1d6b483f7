"""How long a worker that died takes until it scores again, with a state of many accounts."""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from tests.bench.bench_worker import BenchWorker
from tests.bench.cores import apart, pinned
from tests.bench.event_topic import PARTITIONS, TOPIC, EventTopic
from tests.bench.events import FIRST_EVENT_TIME, Events
from tests.bench.machine import machine
from tests.bench.patience import until
from tests.bench.speed import broker, say
from tests.bench.weir_commands import write_config

RESULT = Path(__file__).parent / "results" / "recovery.md"
#: Requests of so many accounts that are there already, after the restart.
PROBES = 4_000
SESSION = 30.0


@dataclass(frozen=True, kw_only=True)
class Restart:
    """One worker that ended and the one after it."""

    ended: str
    seconds: float
    before: int
    after: int  # with the requests sent meanwhile, some of accounts that were only denied so far
    peak_bytes: int


def main() -> int:
    """Fill a worker, end it, and time the next one; then once more, ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="a running broker, to be emptied")
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    cores = apart()
    with (
        pinned(cores[1] if cores else None),
        broker(options.bootstrap) as bootstrap,
        tempfile.TemporaryDirectory(prefix="weir-bench-") as name,
    ):
        restarts = measure(bootstrap, options.accounts, Path(name), cores[0] if cores else None)
    rows = "\n".join(
        f"| {one.ended} | {one.seconds:.1f} | {one.before:,} | {one.after:,} "
        f"| {one.peak_bytes / 1e6:,.0f} MB |"
        for one in restarts
    )
    text = (
        f"{options.accounts:,} accounts, one request of each, of which 2 % are denied and "
        f"make no profile; a worker with all detectors ends and another starts at once, default "
        f"settings (a session of {SESSION:.0f} s, which the group waits for a worker that was "
        f"killed); until {PROBES:,} requests of known accounts, sent "
        f"meanwhile, are in the profiles. One run.\n\n"
        f"| the worker before | seconds from its end | accounts it had | accounts now "
        f"| peak memory |\n|---|---:|---:|---:|---:|\n{rows}\n\nMachine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    if any(one.after < one.before for one in restarts):
        say("Accounts are missing.")
        return 1
    return 0


def measure(bootstrap: str, accounts: int, directory: Path, core: int | None) -> list[Restart]:
    """Fill a worker; kill it; stop the next."""
    topic = EventTopic(bootstrap=bootstrap)
    topic.reset_side_topics()
    say(f"Loading a request of each of {accounts:,} accounts.")
    topic.load(Events(count=accounts, accounts=accounts, activity="each"))
    group = f"bench-{uuid4().hex[:12]}"
    config = write_config(directory, "all")

    def start(number: int) -> BenchWorker:
        log = directory / f"worker-{number}.log"
        return BenchWorker(bootstrap=bootstrap, group=group, config=config, log=log, core=core)

    restarts: list[Restart] = []
    worker = start(0)
    try:
        wait_for(worker, accounts, seconds=900)
        for number, ended in enumerate(("killed (`kill -9`)", "stopped (`SIGTERM`)"), 1):
            until(lambda: behind(bootstrap, group) == 0, what="checkpoint", seconds=300, pause=1)
            say(f"The worker is {ended}.")
            before = sum(worker.accounts())
            (worker.kill if number == 1 else worker.stop)()
            began = time.perf_counter()
            worker = start(number)
            topic.append(
                Events(
                    count=PROBES,
                    accounts=accounts,
                    activity="each",
                    first_time=FIRST_EVENT_TIME + accounts,
                    run=f"probe{number}-",
                )
            )
            wait_for(worker, PROBES, seconds=600)
            restarts.append(
                Restart(
                    ended=ended,
                    seconds=time.perf_counter() - began,
                    before=before,
                    after=sum(worker.accounts()),
                    peak_bytes=worker.peak_bytes(),
                )
            )
            say(f"{restarts[-1].seconds:.1f} s.")
    finally:
        worker.kill()
    return restarts


def wait_for(worker: BenchWorker, records: int, *, seconds: float) -> None:
    """Wait until a worker has taken in so many."""
    until(lambda: worker.taken() >= records, what=f"{records:,} records", seconds=seconds)


def behind(bootstrap: str, group: str) -> int:
    """Count the events behind which the group has not committed."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    try:
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        left = 0
        for place in consumer.committed(places, 30.0):
            _, end = consumer.get_watermark_offsets(place, 30.0)
            left += end - max(place.offset, 0)
        return left
    finally:
        consumer.close()


if __name__ == "__main__":
    sys.exit(main())
