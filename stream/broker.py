"""A Kafka broker inside this process, for trying Weir where there is no Kafka."""

import logging
from types import TracebackType
from typing import Self

from confluent_kafka import Producer

logger = logging.getLogger(__name__)

START_SECONDS = 10.0


class EmbeddedBroker:
    """librdkafka's in-memory broker: it speaks Kafka's wire protocol on a port of the loopback.

    Producers, consumers, consumer groups, committed offsets and Faust's tables work on it as on
    Kafka. It is for trying, not for keeping:

    - a topic comes into being with `PARTITIONS` partitions when it is first used; asking for one
      (`create_topics`) is refused, so Faust needs `topic_allow_declare=False`
    - a partition keeps about 5 MB or 100,000 records, then forgets the oldest; nothing is compacted
    - a group is safe with one member: with two, about every other rebalance refuses one of them
      (`InvalidRequestError` from SyncGroup); share a group on Kafka
    - a new group waits 3 seconds for its first records, a member that comes back 9
    - there is no authentication, and nothing outlives the process that started it

    Example:
        >>> with EmbeddedBroker() as broker:
        ...     broker.bootstrap.startswith("127.0.0.1:")
        True
    """

    PARTITIONS = 4  # fixed in librdkafka

    def __init__(self, *, brokers: int = 1) -> None:
        self._brokers = brokers
        self._cluster: Producer | None = None
        self._bootstrap = ""

    @property
    def bootstrap(self) -> str:
        """Where it listens: `host:port`, a comma between several; empty when stopped."""
        return self._bootstrap

    def start(self) -> None:
        """Open the ports; does nothing on a broker that runs."""
        if self._cluster is not None:
            return
        # The cluster belongs to the client that asks for it, and lives as long as that client.
        # `log_level` 0 hides librdkafka's own warning about a "mock"; ours below says more.
        cluster = Producer({"test.mock.num.brokers": self._brokers, "log_level": 0})
        found = cluster.list_topics(timeout=START_SECONDS).brokers.values()
        self._cluster = cluster
        self._bootstrap = ",".join(sorted(f"{broker.host}:{broker.port}" for broker in found))
        logger.warning(
            "the embedded broker listens on %s: it is for trying, keeps everything in memory"
            " and forgets it all when this process ends",
            self._bootstrap,
        )

    def stop(self) -> None:
        """Close the ports and forget every record; does nothing on a stopped broker."""
        self._cluster = None
        self._bootstrap = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
