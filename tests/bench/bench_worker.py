"""A `weir worker` that a benchmark watches from outside."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tests.bench.cores import pinned
from tests.bench.stopwatch import peak_bytes
from tests.bench.weir_commands import worker_command, worker_environment
from tests.bench.worker_metrics import processor_seconds, records_by_outcome

_ACCOUNTS = re.compile(r'^weir_profiles\{level="accounts",partition="\d+"\} (\S+)$', re.MULTILINE)


class BenchWorker:
    """Starts at once, in a `with` block; what it says goes to a file.

    Args:
        bootstrap: where the broker listens.
        group: which it joins.
        config: its `weir.toml`.
        log: where its output goes.
        core: on which it is born; None leaves it to the system.
        settings: further variables of its environment.
    """

    def __init__(
        self,
        *,
        bootstrap: str,
        group: str,
        config: Path,
        log: Path,
        core: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        environment = worker_environment(
            bootstrap=bootstrap, group=group, config=config, metrics_port=self._port
        )
        with log.open("wb") as output, pinned(core):
            self._process = subprocess.Popen(
                worker_command(),
                env=os.environ | environment | dict(settings or {}),
                cwd=log.parent,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def taken(self) -> int:
        """Count the records that it is done with.

        Raises:
            RuntimeError: it ended.
        """
        if self._process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise RuntimeError(f"The worker ended with {self._process.returncode}: {said}")
        records = records_by_outcome(self._port)
        return records.get("applied", 0) + records.get("denied", 0)

    def accounts(self) -> list[int]:
        """Count the live profiles of accounts in each partition that it has."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
                page = answer.read().decode()
        except (URLError, ConnectionError, TimeoutError):
            return []
        return [int(float(value)) for value in _ACCOUNTS.findall(page)]

    def processor_seconds(self) -> float:
        """Return the user and system time it has used; 0 where the OS does not say."""
        return processor_seconds(self._process.pid) or 0.0

    def peak_bytes(self) -> int:
        """Return its largest resident memory so far."""
        return peak_bytes(self._process.pid)

    def freeze(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.wait(60)

    def kill(self) -> None:
        """End it with no chance to say anything."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
