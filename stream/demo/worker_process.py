"""A worker as a process of its own, as in earnest."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Self

from detectors.core.errors import WeirError
from stream.settings import Settings

#: Seconds that it gets to write its last checkpoint.
ENDING = 15.0
#: Lines of its log that are shown when it fails.
TAIL = 15


class WorkerError(WeirError):
    """The worker of the demo ended by itself; the message ends with its log's last lines."""


class WorkerProcess:
    """`weir worker` with these settings, from the beginning of a `with` block to its end.

    Args:
        settings: handed over as environment; other ``WEIR_`` variables are not.
        environment: of this process.
    """

    def __init__(self, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> None:
        self._settings, self._environment = settings, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = tempfile.TemporaryDirectory(prefix="weir-demo-")
        self._log = Path(self._directory.name) / "worker.log"

    @property
    def metrics(self) -> str:
        """Where it serves its metrics."""
        return f"http://{self._settings.metrics_host}:{self._settings.metrics_port}/metrics"

    @property
    def process_id(self) -> int | None:
        """Its process, None while there is none."""
        return None if self._process is None else self._process.pid

    def check(self) -> None:
        """Do nothing while it runs.

        Raises:
            WorkerError: it has ended.
        """
        code = None if self._process is None else self._process.poll()
        if code is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-TAIL:]
            said = "".join(f"\n  {line}" for line in lines) or " nothing"
            raise WorkerError(f"the worker ended by itself with code {code}, its log says:{said}")

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stream.demo.tether"],
                stdin=subprocess.PIPE,  # closed with this process: see tether.py
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._variables(),
                start_new_session=True,  # a person's Ctrl-C is for the demo, which then ends it
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._directory.cleanup()

    def _variables(self) -> dict[str, str]:
        kept = {k: v for k, v in self._environment.items() if not k.startswith("WEIR_")}
        # A source tree that was not installed must be found by the child as it was by us.
        kept["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        for field in fields(Settings):
            value = getattr(self._settings, field.name)
            if value is not None:
                shown = str(int(value)) if isinstance(value, bool) else str(value)
                kept[f"WEIR_{field.name.upper()}"] = shown
        return kept


def free_port() -> int:
    """Return a port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
