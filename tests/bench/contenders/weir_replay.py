"""`weir replay` of the same events from a file."""

from tests.bench.replay import Replay
from tests.bench.stopwatch import report
from tests.bench.task import Task


def main() -> None:
    task = Task.from_arguments()
    empty = Replay.of_nothing()
    replay = Replay.of(task.file, variant=task.variant)
    report(
        events=replay.requests,
        seconds=replay.requests / replay.requests_per_second,
        processor_seconds=replay.processor_seconds - empty.processor_seconds,
        peak_bytes=replay.peak_memory_bytes,
        digest=None,
    )


if __name__ == "__main__":
    main()
