"""One Weir on a broker: its topics, its workers, and what it came to."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess
from tests.integration.world import PARTITIONS, Record

SECONDS = 30.0
#: Seconds for which a worker may stand still: 6 is the least, and machines are slow at times.
SESSION = 10
#: Many false alerts, so that there is something to lose; a small limit, so that one can be over it.
#: What is read is months old, and nobody is to be told.
CONFIG = (
    "[budget]\nfalse_alerts_per_day = 100000\n[limits]\nrecord_bytes = 20000\n"
    "[clock]\nmax_late_seconds = 4_000_000_000\n"
)
COPARTITIONED = ("requests", "lifecycle", "deltas")
#: Topics whose every record a checkpoint covers once the workers have nothing left to do.
CHECKPOINTED = ("requests", "deltas", "candidates")


class House:
    """Names of its own on a broker that others may share; `close` ends all workers.

    Args:
        bootstrap: where the broker listens.
        embedded: it is librdkafka's, which makes topics on first use only.
        directory: for the configuration and what the workers say.
    """

    def __init__(self, *, bootstrap: str, embedded: bool, directory: Path) -> None:
        self.bootstrap, self.embedded, self.directory = bootstrap, embedded, directory
        self.group = f"weir-{uuid.uuid4().hex[:8]}"
        self.prefix = f"{self.group}."
        self.config = directory / "weir.toml"
        self.config.write_text(CONFIG)
        self.workers: list[WorkerProcess] = []
        self._watcher = self._consumer()

    def worker(self, *, module: str = "stream.cli", **settings: object) -> WorkerProcess:
        """Start a worker; settings by their names in the environment, without prefix."""
        environment = {
            "bootstrap": self.bootstrap,
            "group": self.group,
            "topic_prefix": self.prefix,
            "config": self.config,
            "create_topics": int(not self.embedded),
            "session_seconds": SESSION,
            "checkpoint_seconds": 0.5,
            **settings,
        }
        worker = WorkerProcess(
            environment={f"WEIR_{name.upper()}": str(v) for name, v in environment.items()},
            log=self.directory / f"worker-{len(self.workers)}.log",
            module=module,
        )
        self.workers.append(worker)
        return worker

    def create(
        self, topic: str, partitions: int = PARTITIONS, *, config: dict[str, str] | None = None
    ) -> None:
        """Make a topic before a worker does."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        name = self.full_name(topic)
        admin.create_topics([NewTopic(name, partitions, config=config or {})])[name].result(SECONDS)

    def create_changelogs(self) -> None:
        """Make the changelogs before a worker does."""
        for table in ("accounts", "groups"):
            self.create(f"{table}-changelog", config={"cleanup.policy": "compact"})

    def full_name(self, topic: str) -> str:
        """Return a topic's name on the broker; the changelogs are named by the group."""
        return f"{self.group}-{topic}" if topic.endswith("-changelog") else self.prefix + topic

    def send(self, records: Iterable[Record], **options: object) -> None:
        """Send records, and return when all are with the broker."""
        failed: list[object] = []
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "linger.ms": 5,
                "enable.idempotence": True,  # what is sent again must not come after what follows
                "message.max.bytes": 8_000_000,
                "queue.buffering.max.messages": 1_000_000,
                **options,
            }
        )
        transaction = "transactional.id" in options
        if transaction:
            producer.init_transactions(SECONDS)
            producer.begin_transaction()
        for record in records:
            producer.produce(
                self.full_name(record.topic),
                record.value,
                record.key,
                record.partition,
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
            producer.poll(0)
        if transaction:
            producer.commit_transaction(SECONDS)
        assert producer.flush(SECONDS) == 0
        assert not failed, failed[0]

    def read(self, topic: str) -> list[Message]:
        """Return all that a topic holds, partition by partition."""
        name = self.full_name(topic)
        consumer = self._consumer(enable_partition_eof=True)
        try:
            found = consumer.list_topics(name, SECONDS).topics[name]
            places = [TopicPartition(name, number, 0) for number in found.partitions]
            consumer.assign(places)
            messages: list[Message] = []
            open_ends = len(places)
            while open_ends:
                message = consumer.poll(SECONDS)
                assert message is not None, f"{topic} cannot be read to its end"
                error = message.error()
                if error is None:
                    messages.append(message)
                elif error.name() == "_PARTITION_EOF":
                    open_ends -= 1
                else:
                    raise KafkaException(error)
            return sorted(messages, key=lambda m: (m.partition(), m.offset()))
        finally:
            consumer.close()

    def behind(self, *topics: str) -> int:
        """Return how many records no checkpoint covers yet; of a topic not yet made, one."""
        places = self._places(*topics)
        total = 0
        try:
            for place in self._watcher.committed(places, SECONDS):
                first, end = self._watcher.get_watermark_offsets(place, SECONDS)
                total += end - max(place.offset, first, 0)
        except KafkaException:  # it looks again once asked for what there is
            self._watcher.list_topics(timeout=SECONDS)
            return 1
        return total

    def committed(self, topic: str, partition: int = 0) -> int:
        """Return the next offset that the group would read of a partition."""
        place = TopicPartition(self.full_name(topic), partition)
        offset: int = self._watcher.committed([place], SECONDS)[0].offset
        return offset

    def settled(self, *, seconds: float = 90.0) -> None:
        """Wait until the workers' checkpoints cover every record."""

        def done() -> bool:
            codes = [worker.code for worker in self.workers]
            if None not in codes:
                raise AssertionError(f"all ended, {codes}:\n{self.said}")
            return self.behind(*CHECKPOINTED) == 0

        try:
            until(done, what="checkpoints of every record", seconds=seconds)
        except AssertionError as error:
            health = [worker.page() for worker in self.workers]
            said = "\n".join([str(error), str(self._left()), *health, self.said])
            raise AssertionError(said) from None

    def _places(self, *topics: str) -> list[TopicPartition]:
        return [
            TopicPartition(self.prefix + topic, number)
            for topic in topics
            for number in range(PARTITIONS if topic in COPARTITIONED else 1)
        ]

    def _left(self) -> dict[str, tuple[int, int]]:
        """Return of each partition what is committed and where it ends, where they differ."""
        places = self._places(*CHECKPOINTED)
        ends = {
            f"{place.topic}/{place.partition}": (
                place.offset,
                self._watcher.get_watermark_offsets(place, SECONDS)[1],
            )
            for place in self._watcher.committed(places, SECONDS)
        }
        return {place: (taken, end) for place, (taken, end) in ends.items() if taken != end}

    @property
    def said(self) -> str:
        """All that the workers said."""
        return "\n".join(worker.output for worker in self.workers)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self._watcher.close()

    def _consumer(self, **options: Any) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": self.group,
                "enable.auto.commit": False,
                "log_level": 0,
                "auto.offset.reset": "earliest",
                "fetch.message.max.bytes": 10_000_000,
                **{name.replace("_", "."): value for name, value in options.items()},
            }
        )
