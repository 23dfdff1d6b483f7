"""The alerts as they come to their topic."""

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from detectors.core.records import Alert
from stream import librdkafka
from stream.settings import Settings


class AlertReader:
    """Reads the topic of alerts from its beginning, each alert once.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.topic("alerts")
        self._decoder = msgspec.json.Decoder(Alert)
        self._seen: set[str] = set()
        self._assigned = False
        self._consumer = librdkafka.client(
            Consumer,
            settings,
            # The group is never joined, and nothing is committed.
            {"group.id": f"{settings.group}-watcher", "enable.auto.commit": False},
        )

    def read(self, *, seconds: float) -> list[Alert]:
        """Return what has come since, waiting for so long at most."""
        if not self._assigned:
            self._assign()
        alerts = []
        for message in self._consumer.consume(num_messages=500, timeout=seconds):
            value = message.value()
            if message.error() is None and value is not None:
                alert = self._decoder.decode(value)
                if alert.id not in self._seen:
                    self._seen.add(alert.id)
                    alerts.append(alert)
        return alerts

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _assign(self) -> None:
        try:
            topic = self._consumer.list_topics(self._topic, timeout=2.0).topics[self._topic]
        except KafkaException:
            return
        if topic.error is None and topic.partitions:
            self._consumer.assign(
                [TopicPartition(self._topic, number, 0) for number in topic.partitions]
            )
            self._assigned = True
