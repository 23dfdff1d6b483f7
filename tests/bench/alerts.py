"""How long from an event to the alert on the topic, under a steady load at the time it is told."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.cimpl import TIMESTAMP_LOG_APPEND_TIME

from tests.bench.bench_worker import BenchWorker
from tests.bench.cores import apart, pinned
from tests.bench.event_topic import PARTITIONS, TOPIC, EventTopic
from tests.bench.machine import machine
from tests.bench.patience import until
from tests.bench.speed import broker, say
from tests.bench.weir_commands import write_config

RESULT = Path(__file__).parent / "results" / "alerts.md"
ALERTS = "weir.alerts"
#: The most that may be asked for, so that there are alerts to time.
FALSE_ALERTS = 100_000
#: Each second another account asks for a share of the load that is this large.
SURGE = 0.05
SLICE = 0.02


class Told(msgspec.Struct):
    """What is read of an alert."""

    ts: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests at the time they are made, so many a second."""

    rate: float
    accounts: int
    seconds: float

    def slices(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yield keys and records when they are due; they hold the time at which they are made."""
        random = np.random.default_rng(1)
        keys = [b"acct-%07d" % number for number in range(self.accounts)]
        fixed = [
            b'"account":"%s","payment":"pay-%06x","model":"sage-1","ip":"10.%d.%d.7",'
            b'"input_tokens":400,"output_tokens":300,"status":200}'
            % (key, number // 3, number // 20 >> 8, number // 20 & 255)
            for number, key in enumerate(keys)
        ]
        began, sent = time.time(), 0
        while (elapsed := time.time() - began) < self.seconds:
            due = int(elapsed * self.rate) - sent
            who = random.integers(0, self.accounts, due)
            who[random.random(due) < SURGE] = int(elapsed) * 7919 % self.accounts
            yield [
                (keys[account], b'{"id":"r%010x","ts":%.5f,' % (sent + n, began + elapsed) + rest)
                for n, (account, rest) in enumerate((a, fixed[a]) for a in who.tolist())
            ]
            sent += due
            time.sleep(max(SLICE - (time.time() - began - elapsed), 0.0))


def main() -> int:
    """Load a worker steadily and time its alerts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rate", type=float, required=True, help="events a second: half of what `speed` shows"
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--settling", type=float, default=20.0, help="seconds not looked at")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="a running broker, to be emptied")
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    load = Load(
        rate=options.rate, accounts=options.accounts, seconds=options.settling + options.seconds
    )
    cores = apart()
    with pinned(cores[1] if cores else None), broker(options.bootstrap) as bootstrap:
        delays, events = measure(bootstrap, load, options.settling, cores[0] if cores else None)
    if not len(delays):
        say("No alert was raised: give it more seconds.")
        return 1
    cells = " | ".join(f"{np.percentile(delays, part):.2f}" for part in (50, 99, 100))
    later = " | ".join(f"{np.percentile(delays - 1.0, part):.2f}" for part in (50, 99, 100))
    text = (
        f"{events / load.seconds:,.0f} events/s for {options.seconds:.0f} s, each with the time at "
        f"which it was made, of {options.accounts:,} accounts, one of which has {SURGE:.0%} of a "
        f"second's; one worker, all detectors; {len(delays):,} alerts, each at the time at which "
        f"Kafka took it in.\n\n"
        f"| seconds until the alert is on the topic | p50 | p99 | longest |\n|---|---:|---:|---:|\n"
        f"| from the start of its second, the longest that an event waited | {cells} |\n"
        f"| from the end of that second | {later} |\n\nMachine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    return 0


def measure(
    bootstrap: str, load: Load, settling: float, core: int | None
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", int]:
    """Return how long each alert took after settling, and how many events were sent."""
    topic = EventTopic(bootstrap=bootstrap)
    topic.reset_side_topics(stamped=[ALERTS])
    topic.empty()
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as name:
        directory = Path(name)
        worker = BenchWorker(
            bootstrap=bootstrap,
            group=f"bench-{uuid4().hex[:12]}",
            config=write_config(directory, "all", false_alerts=FALSE_ALERTS),
            log=directory / "worker.log",
            core=core,
        )
        with worker:
            until(lambda: len(worker.accounts()) == PARTITIONS, what="assignment", seconds=120)
            counted, events = time.time() + settling, send(bootstrap, load)
            until(lambda: worker.taken() >= events, what="end of the load", seconds=120)
            time.sleep(5.0)  # the last tick is closed after a while without requests
    return np.array([delay for ts, delay in alerts(bootstrap) if ts > counted]), events


def send(bootstrap: str, load: Load) -> int:
    """Send the load as it comes; return how many events it was."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    sent = 0
    for slice_ in load.slices():
        for key, record in slice_:
            producer.produce(TOPIC, record, key)
        producer.poll(0)
        sent += len(slice_)
    if producer.flush(60):
        raise RuntimeError(f"Some events did not reach {bootstrap} within 60 s.")
    return sent


def alerts(bootstrap: str) -> Iterator[tuple[float, float]]:
    """Yield of each alert its time, and how long after the start of its second Kafka had it."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "bench-alerts", "enable.partition.eof": True}
    )
    try:
        consumer.assign([TopicPartition(ALERTS, number, 0) for number in range(PARTITIONS)])
        ended = 0
        while ended < PARTITIONS:
            for message in consumer.consume(1_000, 10.0):
                value = message.value()
                if message.error() or value is None:
                    ended += 1
                    continue
                kind, stamp = message.timestamp()
                if kind != TIMESTAMP_LOG_APPEND_TIME:
                    raise RuntimeError(f"{ALERTS} does not say when Kafka had its records.")
                ts = msgspec.json.decode(value, type=Told).ts
                yield ts, stamp / 1000 - (ts - 1.0)
    finally:
        consumer.close()


if __name__ == "__main__":
    sys.exit(main())
