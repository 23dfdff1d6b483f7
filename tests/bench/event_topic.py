"""The topic that every contender reads, loaded once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from tests.bench.events import Events

PARTITIONS = 4
TOPIC = "weir.requests"
# What else a contender needs to exist; each run begins with these empty.
SIDE_TOPICS = (
    "weir.lifecycle",
    "weir.releases",
    "weir.deltas",
    "weir.alerts",
    "weir.dead-letters",
)
ADMIN_SECONDS = 30.0
STAMPED = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True, kw_only=True)
class EventTopic:
    """`weir.requests` on one broker, and the topics beside it."""

    bootstrap: str

    def load(self, events: "Events") -> npt.NDArray[np.int64]:
        """Replace the topic by these events, keyed by account; return how many each has."""
        self.empty()
        return self.append(events)

    def empty(self) -> None:
        """Replace the topic by one without events."""
        self._delete([TOPIC])
        self._create([TOPIC])

    def append(self, events: "Events") -> npt.NDArray[np.int64]:
        """Add these events, keyed by account; return how many each has."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                # As the Java client and aiokafka place keys; librdkafka's default is CRC32.
                "partitioner": "murmur2_random",
                "linger.ms": 50,
                "batch.size": 1_000_000,
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": 1_000_000,
            }
        )
        keys = [events.account(number).encode() for number in range(events.accounts)]
        counts = np.zeros(events.accounts, np.int64)
        for who, records in events.chunks():
            counts += np.bincount(who, minlength=events.accounts)
            for account, record in zip(who.tolist(), records, strict=True):
                while True:
                    try:
                        producer.produce(TOPIC, record, keys[account])
                    except BufferError:
                        producer.poll(0.1)
                    else:
                        break
            producer.poll(0)
        left = producer.flush(120)
        if left:
            raise RuntimeError(f"{left} events did not reach {self.bootstrap} within 120 s.")
        return counts

    def reset_side_topics(self, *, stamped: Sequence[str] = ()) -> None:
        """Leave the events as they are and take away all that an earlier contender wrote.

        Args:
            stamped: topics whose records are to say when the broker took them in.
        """
        admin = self._admin()
        present = admin.list_topics(timeout=ADMIN_SECONDS).topics
        self._delete([name for name in present if name != TOPIC and not name.startswith("__")])
        self._create(list(SIDE_TOPICS), stamped=stamped)

    def _delete(self, names: list[str]) -> None:
        admin = self._admin()
        for name, deleted in admin.delete_topics(names).items() if names else ():
            try:
                deleted.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise RuntimeError(f"The topic {name} cannot be deleted: {error}.") from error

    def _create(self, names: list[str], *, stamped: Sequence[str] = ()) -> None:
        """Create the topics; the broker ends a deletion some time after it has confirmed it."""
        admin = self._admin()
        deadline = time.monotonic() + ADMIN_SECONDS
        missing = names
        while missing:
            created = admin.create_topics(
                [
                    NewTopic(name, PARTITIONS, 1, config=STAMPED if name in stamped else {})
                    for name in missing
                ]
            )
            missing = []
            for name, future in created.items():
                try:
                    future.result()
                except KafkaException as error:
                    if (
                        error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS
                        or time.monotonic() > deadline
                    ):
                        raise
                    missing.append(name)
            if missing:
                time.sleep(0.2)

    def _admin(self) -> AdminClient:
        # To be held by its caller: its pending answers are cancelled when it is collected.
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
