"""The broker as the doctor asks it: every answer within seconds, or none."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata

from stream import librdkafka
from stream.settings import Settings

#: Seconds that an answer may take.
PATIENCE = 5.0

Answer = TypeVar("Answer")


class Cluster:
    """Asks a broker, and remembers why it does not answer.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.refusal: KafkaError | None = None
        self.admin = librdkafka.client(
            AdminClient,
            settings,
            {"error_cb": self._failed, "socket.timeout.ms": int(PATIENCE * 1000)},
        )

    def metadata(self) -> ClusterMetadata | None:
        """Return brokers and topics, or None where nobody answers."""
        try:
            found: ClusterMetadata = self.admin.list_topics(timeout=PATIENCE)
        except KafkaException as error:
            self.admin.poll(0)
            self.refusal = self.refusal or error.args[0]
            return None
        return found

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
        if self.refusal is None or error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.refusal = error
