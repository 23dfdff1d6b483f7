"""One `weir replay` of a file, and what it came to."""

import json
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.weir_commands import replay_command, write_config


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The figures that `weir replay --json` gives, and its processor time as the OS counts it."""

    requests: int
    alerts: int
    seconds: float
    requests_per_second: float
    peak_memory_bytes: int
    # Of the whole process, imports included: subtract that of an empty file.
    processor_seconds: float

    @classmethod
    def of(cls, file: Path, *, variant: str = "all") -> "Replay":
        """Replay a file in a process of its own."""
        before = _children_seconds()
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
            ended = subprocess.run(
                replay_command(file.resolve(), write_config(Path(directory), variant)),
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode:
            last = (ended.stderr.strip() or "no output").splitlines()[-1]
            raise RuntimeError(f"weir replay ended with {ended.returncode}: {last}")
        said = json.loads(ended.stdout)
        return cls(
            requests=said["requests"],
            alerts=said["alerts"],
            seconds=said["seconds"],
            requests_per_second=said["requests_per_second"],
            peak_memory_bytes=said["peak_memory_bytes"],
            processor_seconds=_children_seconds() - before,
        )

    @classmethod
    def of_nothing(cls) -> "Replay":
        """Replay an empty file: what every run costs before its first record."""
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as empty:
            return cls.of(Path(empty.name))


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
