"""The broker as the doctor asks it: every answer within seconds, or none."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata

from stream import librdkafka
from stream.settings import Settings

#: Seconds that an answer may take, and that one attempt at the first one does.
PATIENCE, ATTEMPT = 5.0, 0.5
_REFUSED = (KafkaError._AUTHENTICATION, KafkaError._SSL)

Answer = TypeVar("Answer")


class Cluster:
    """Asks a broker, and remembers why it does not answer.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.refusal: KafkaError | None = None

    @cached_property
    def admin(self) -> AdminClient:
        """The client, which begins to connect when it is first asked for."""
        return librdkafka.client(
            AdminClient,
            self.settings,
            {"error_cb": self._failed, "socket.timeout.ms": int(PATIENCE * 1000)},
        )

    def metadata(self) -> ClusterMetadata | None:
        """Return brokers and topics, or None where nobody answers."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                found: ClusterMetadata = self.admin.list_topics(timeout=ATTEMPT)
                return found
            except KafkaException as error:
                self.admin.poll(0)  # brings the reason
                self.refusal = self.refusal or error.args[0]
                if self.refusal.code() in _REFUSED or time.monotonic() > until:
                    return None

    @property
    def embedded(self) -> bool:
        """Whether this is librdkafka's own broker, which cannot be asked much."""
        metadata = self.metadata()
        return metadata is not None and str(metadata.cluster_id).startswith("mockCluster")

    def ask(self, question: Callable[[AdminClient], "Future[Answer]"]) -> Answer | None:
        """Return the answer, or None where the broker does not know or does not say."""
        return self.ask_each(lambda admin: {"it": question(admin)}).get("it")

    def ask_each(
        self, question: Callable[[AdminClient], "dict[Any, Future[Answer]]"]
    ) -> dict[Any, Answer]:
        """Return those answers of several that came."""
        answers = {}
        try:
            for key, future in question(self.admin).items():
                try:
                    answers[key] = future.result(timeout=PATIENCE + 1)
                except (KafkaException, TimeoutError):
                    continue
        except (KafkaException, ValueError):
            return answers
        return answers

    def _failed(self, error: KafkaError) -> None:
        if self.refusal is None or error.code() in _REFUSED:
            self.refusal = error
