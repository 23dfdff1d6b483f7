"""A real Apache Kafka without a container, for tests, benchmarks and `make kafka`.

One node (KRaft: broker and controller in one) from Kafka's Maven artifacts; they are fetched once,
43 MB, into `~/.cache/weir`.
"""

import random
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka.artifacts import BrokerUnavailableError, jars, java

HERE = Path(__file__).parent
CLUSTER = "d2Vpci1mb3ItdHJ5aW5nIQ"  # any 16 bytes in base64 will do; a node is its own cluster
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class KafkaServer:
    """One Kafka node with a directory and, unless told otherwise, a free port of its own.

    `stop` and `kill` keep the data and the port, so that `start` goes on where the node was;
    `close`, or the end of a `with` block, removes the data.
    """

    def __init__(self, *, port: int | None = None) -> None:
        self.port = port or _free_port()
        self._controller_port = _free_port()
        self._directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where it listens: `host:port`."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the node and return when it answers; does nothing on one that runs.

        Raises:
            BrokerUnavailableError: Java or the jars cannot be had, or the node does not answer.
        """
        if self._process is not None and self._process.poll() is None:
            return
        log4j = f"-Dlog4j2.configurationFile={HERE / 'log4j2.xml'}"
        command = [java(), "-Xms256m", "-Xmx1g", log4j, "-cp", f"{jars()}/*"]
        if self._directory is None:
            self._directory = self._format(command)
        with (self._directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "kafka.Kafka", str(self._directory / "server.properties")],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                start_new_session=True,  # a person's Ctrl-C is for us, who then end it
            )
        self._wait_until_it_answers(self._process, self._directory)

    def stop(self) -> None:
        """End the node in order; does nothing on one that is down."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the node at once, as a power cut would; does nothing on one that is down."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End the node and remove its data."""
        self.kill()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _format(self, java_command: list[str]) -> Path:
        template = string.Template((HERE / "server.properties").read_text())
        names = {"port": self.port, "controller_port": self._controller_port}
        directory = Path(tempfile.mkdtemp(prefix="weir-kafka-"))
        properties = directory / "server.properties"
        properties.write_text(template.substitute(names, data=directory / "data"))
        command = [*java_command, "kafka.tools.StorageTool", "format", "-t", CLUSTER]
        done = subprocess.run(
            [*command, "-c", properties], capture_output=True, text=True, cwd=directory, check=False
        )
        if done.returncode:
            shutil.rmtree(directory, ignore_errors=True)
            said = (done.stdout + done.stderr)[-2000:]
            raise BrokerUnavailableError(f"Kafka could not prepare its directory; it said:\n{said}")
        return directory

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.list_topics(timeout=1).brokers:
                    return
            except KafkaException:
                continue
        self.kill()
        said = (directory / "output").read_text(errors="replace")[-2000:]
        raise BrokerUnavailableError(f"Kafka did not start on {self.bootstrap}; it said:\n{said}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _free_port() -> int:
    # Below the range that outgoing connections take theirs from: while the node is down, one of
    # those must not sit on its port.
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
