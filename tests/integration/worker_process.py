"""A `weir worker` in a process of its own, to be ended in every way."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.integration.waiting import until

ROOT = Path(__file__).parents[2]
_SAMPLE = re.compile(r"^(weir_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


class WorkerProcess:
    """Starts at once; `output` is all that it said."""

    def __init__(self, *, environment: Mapping[str, str], log: Path, module: str) -> None:
        self.port = _free_port()
        self.log = log
        self.began = time.monotonic()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "worker"],
                cwd=ROOT,
                env={
                    **inherited,
                    "PYTHONPATH": str(ROOT),
                    "WEIR_METRICS_PORT": str(self.port),
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def page(self) -> str:
        """Return its metrics as they are served; nothing while it does not answer."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                page: str = answer.read().decode()
        except (URLError, OSError):
            return ""
        return page

    def samples(self, name: str, **labels: str) -> list[float]:
        """Return the values of a metric; none while the worker does not answer."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        return [
            float(value)
            for sample, given, value in _SAMPLE.findall(self.page())
            if sample == name and wanted <= set(given.split(","))
        ]

    def partitions(self) -> int:
        """Return how many partitions of the requests it has."""
        return len(self.samples("weir_lag_records", topic="requests"))

    def applied(self) -> float:
        """Requests counted by this process, those counted again after a restart included."""
        return sum(self.samples("weir_records_total", outcome="applied"))

    def reaches(self, applied: float) -> None:
        """Wait until so many requests are counted."""

        def there() -> bool:
            if self.code is not None:
                raise AssertionError(f"ended with {self.code}:\n{self.output}")
            return self.applied() >= applied

        until(there, what=f"{applied} requests counted; it said:\n{self.output}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 30.0) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(how)
        return self.wait(seconds=seconds)

    def wait(self, *, seconds: float = 90.0) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {seconds} s:\n{self.output}") from None

    def close(self) -> None:
        """End it, whatever its state."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
