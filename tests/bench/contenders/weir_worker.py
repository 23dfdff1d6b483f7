"""The real `weir worker`, watched over its own metrics until it has taken every event."""

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.cores import leave
from tests.bench.stopwatch import peak_bytes, report
from tests.bench.task import Task
from tests.bench.weir_commands import worker_command, worker_environment, write_config
from tests.bench.worker_metrics import processor_seconds, records_by_outcome

# A denied request is read and kept out of the profiles, so it is done too. Repeats and dead letters
# are not among the events: a worker that counts some never gets to all, and its row fails.
TAKEN = ("applied", "denied")
STALL_SECONDS = 60.0
SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 0.5


def main() -> None:
    task = Task.from_arguments()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        config = write_config(Path(directory), task.variant)
        environment = worker_environment(
            bootstrap=task.bootstrap, group=task.group, config=config, metrics_port=port
        )
        log = Path(directory) / "worker.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                worker_command(),
                env=os.environ | environment,
                cwd=directory,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if hasattr(os, "sched_getaffinity") and len(mine := os.sched_getaffinity(0)) == 1:
            leave(next(iter(mine)))
        try:
            watch(worker, port=port, events=task.events)
        except RuntimeError as error:
            tail = log.read_text(errors="replace").strip().splitlines()[-3:]
            raise RuntimeError(f"{error} Its last lines: {' | '.join(tail)}") from None
        finally:
            worker.kill()
            worker.wait()


def watch(worker: subprocess.Popen[bytes], *, port: int, events: int) -> None:
    """Follow the count of records taken from the first seen above none up to all.

    The records that had been taken before the first look are in neither the count nor the time:
    the rate is that of the records between the two looks, and is stated for all.
    """
    first = None
    seen, changed = 0, time.perf_counter()
    while True:
        taken_now = taken(port)
        now = time.perf_counter()
        if taken_now and first is None:
            first = (taken_now, now, processor_seconds(worker.pid))
        if taken_now != seen:
            seen, changed = taken_now, now
        if taken_now >= events:
            break
        if worker.poll() is not None:
            raise RuntimeError(f"The worker ended with {worker.returncode} at {seen:,} events.")
        if now - changed > STALL_SECONDS:
            raise RuntimeError(f"The worker stands still at {records_by_outcome(port)}.")
        # Seldom while it is far, since each look costs the worker time; often near the end.
        rate = (taken_now - first[0]) / (now - first[1]) if first and now > first[1] else 0.0
        left = (events - taken_now) / rate / 4 if rate else SHORTEST_PAUSE
        time.sleep(min(max(left, SHORTEST_PAUSE), LONGEST_PAUSE))
    used = processor_seconds(worker.pid)
    peak = peak_bytes(worker.pid)
    if first is None or first[0] >= events:
        raise RuntimeError("All events were taken before the first look; give it more events.")
    scale = events / (taken_now - first[0])
    # A record taken twice would show only after the count has been reached.
    time.sleep(1.0)
    report(
        events=taken(port),
        seconds=(now - first[1]) * scale,
        processor_seconds=None if used is None or first[2] is None else (used - first[2]) * scale,
        peak_bytes=peak,
        digest=None,
    )


def taken(port: int) -> int:
    """Count the records that the worker is done with."""
    records = records_by_outcome(port)
    return sum(records.get(outcome, 0) for outcome in TAKEN)


if __name__ == "__main__":
    main()
