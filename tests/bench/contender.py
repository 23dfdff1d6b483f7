"""One contender: a module of `tests.bench.contenders`, run as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.bench.cores import pinned
from tests.bench.measurement import Measurement

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
# A contender slower than this is stopped; the plain Faust agent does about 9,000.
SLOWEST_RATE = 1_000


class ContenderError(Exception):
    """A contender ended without a measurement, or did not see exactly the events."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """What it is called in the table, and what runs it."""

    name: str
    title: str
    module: str
    variant: str = ""
    reads_file: bool = False

    def run(
        self,
        *,
        bootstrap: str,
        file: Path,
        events: int,
        digest: str | None,
        core: int | None,
    ) -> Measurement:
        """Run it once, as a new group and in an empty directory; check that it saw every event."""
        arguments = ["--events", str(events), "--variant", self.variant]
        if self.reads_file:
            arguments += ["--file", str(file)]
        else:
            arguments += ["--bootstrap", bootstrap, "--group", f"bench-{uuid4().hex[:12]}"]
        measured = self._process(
            arguments, seconds=START_SECONDS + events / SLOWEST_RATE, core=core
        )
        if measured.events != events:
            raise ContenderError(f"It saw {measured.events:,} of {events:,} events.")
        if digest and measured.digest and measured.digest != digest:
            raise ContenderError("Its counts per account are not those of the events.")
        return measured

    def _process(self, arguments: list[str], *, seconds: float, core: int | None) -> Measurement:
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
            with pinned(core):
                process = subprocess.Popen(
                    [sys.executable, "-m", f"tests.bench.contenders.{self.module}", *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    cwd=directory,
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    # A group of its own, so that what it started ends with it.
                    start_new_session=True,
                )
            try:
                output, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise ContenderError(f"It was not done within {seconds:.0f} s.") from None
            finally:
                _end_group(process)
        reports = [line for line in output.splitlines() if line.startswith('{"events"')]
        if not reports:
            last = (errors.strip() or output.strip() or "no output").splitlines()[-1]
            raise ContenderError(f"It ended with {process.returncode}: {last}")
        return Measurement.from_json(json.loads(reports[-1]))


def _end_group(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()
