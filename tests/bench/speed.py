"""How many events a second: Weir beside what else reads Kafka from Python, on one real broker."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench import detector_costs
from tests.bench.contender import Contender, ContenderError
from tests.bench.cores import apart, pinned
from tests.bench.event_topic import EventTopic
from tests.bench.lineup import LINEUP
from tests.bench.machine import machine
from tests.bench.made_events import MadeEvents
from tests.bench.measurement import Measurement
from tests.bench.table import table

RESULT = Path(__file__).parent / "results" / "speed.md"
#: Enough for what each detector costs, which is measured without a broker.
DETECTOR_EVENTS = 300_000


def main() -> int:
    """Load the events once, then run every contender in turn, over and over."""
    options = arguments()
    chosen = [c for c in LINEUP if c.name in options.only] if options.only else list(LINEUP)
    cores = apart()
    runs: dict[str, list[Measurement]] = {contender.name: [] for contender in chosen}
    failures: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="weir-bench-") as directory,
        pinned(cores[1] if cores else None),
        broker(options.bootstrap) as bootstrap,
    ):
        file = Path(directory) / "events.jsonl"
        if any(contender.reads_file for contender in chosen):
            make_events(options, "--to", str(file))
        say(f"Loading {options.events:,} events of {options.accounts:,} accounts.")
        digest = make_events(options, "--bootstrap", bootstrap).digest
        for turn in range(1, options.repeat + 1):
            for contender in chosen:
                if contender.name in failures:
                    continue
                EventTopic(bootstrap=bootstrap).reset_side_topics()
                try:
                    measured = contender.run(
                        bootstrap=bootstrap,
                        file=file,
                        events=options.events,
                        digest=digest,
                        core=cores[0] if cores else None,
                    )
                except ContenderError as error:
                    failures[contender.name] = str(error)
                    say(f"{turn}/{options.repeat} {contender.name}: failed. {error}")
                else:
                    runs[contender.name].append(measured)
                    say(f"{turn}/{options.repeat} {contender.name}: {measured.rate:,.0f} events/s")
    detectors: dict[str, dict[str, float]] = {}
    if not options.only:
        say("What each detector costs.")
        with pinned(cores[0] if cores else None):
            detectors = detector_costs.measure(
                events=min(options.events, DETECTOR_EVENTS),
                accounts=options.accounts,
                repeat=options.repeat,
            )
    text = result(options, chosen, runs, failures, detectors, pinned_to_cores=cores is not None)
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    if options.json:
        options.json.write_text(
            json.dumps(
                {
                    "machine": machine(),
                    "events": options.events,
                    "accounts": options.accounts,
                    "activity": options.activity,
                    "runs": {name: [asdict(run) for run in done] for name, done in runs.items()},
                    "failures": failures,
                    "detectors": detectors,
                },
                indent=2,
            )
        )
    return 1 if failures else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--activity", choices=("uniform", "zipf"), default="uniform")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[c.name for c in LINEUP], help="these alone"
    )
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="a running broker, to be emptied")
    parser.add_argument("--json", type=Path, metavar="OUT", help="every run's figures")
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    return parser.parse_args()


@contextmanager
def broker(bootstrap: str | None) -> Iterator[str]:
    """Give the address of the broker named, or start a real Kafka for this run."""
    if bootstrap:
        yield bootstrap
        return
    from deploy.kafka.artifacts import BrokerUnavailableError
    from deploy.kafka.server import KafkaServer

    say("Starting Kafka.")
    server = KafkaServer()
    try:
        server.start()
    except BrokerUnavailableError as error:
        sys.exit(f"No real Kafka to measure on: {error}")
    with server:
        yield server.bootstrap


def make_events(options: argparse.Namespace, *target: str) -> MadeEvents:
    """Make the events that the command line asks for."""
    return MadeEvents.make(
        *target,
        events=options.events,
        accounts=options.accounts,
        activity=options.activity,
    )


def result(
    options: argparse.Namespace,
    chosen: list[Contender],
    runs: dict[str, list[Measurement]],
    failures: dict[str, str],
    detectors: dict[str, dict[str, float]],
    *,
    pinned_to_cores: bool,
) -> str:
    """Write the table with all that is needed to judge it."""
    where = (
        "each contender alone on one core, the broker on another"
        if pinned_to_cores
        else "not pinned to cores"
    )
    costs = (
        "Each detector's own scoring and learning, in one engine that runs all, on records in "
        f"memory.\n\n{detector_costs.table(detectors)}\n\n"
        if detectors
        else ""
    )
    return (
        f"{options.events:,} events of {options.accounts:,} accounts ({options.activity}), "
        f"4 partitions, Apache Kafka on the same machine; {where}; "
        f"median (lowest to highest) of {options.repeat} interleaved runs; "
        f"ratios to the plain Faust agent.\n\n"
        f"{table(chosen, runs, failures)}\n\n"
        f"{costs}"
        f"Machine: {machine()}.\n"
    )


def say(line: str) -> None:
    """Tell the person who waits; standard output is for the result."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
