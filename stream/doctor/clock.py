"""Do the clocks agree: this machine's, the broker's, and those of the gateways?"""

import asyncio
import time
import uuid

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, KafkaException, TopicPartition

from detectors.core.errors import InvalidEventError
from detectors.core.records import event_time
from stream import librdkafka
from stream.config import Config
from stream.doctor.cluster import PATIENCE, Cluster
from stream.doctor.finding import Finding, fail, ok, warn
from stream.settings import Settings

#: Seconds by which clocks may differ before it is said, and past which nothing is concluded.
APART, STALE = 2.0, 600.0


def examine_broker(cluster: Cluster) -> Finding:
    """Compare with the broker's clock, by a record in a topic of the moment that it stamps.

    Kafka has no question for the time; a topic whose records bear the broker's time is made,
    written to once, and deleted.
    """
    if cluster.embedded:
        return ok("clock", "the embedded broker has this machine's clock.")
    try:
        ahead, doubt = asyncio.run(_broker_ahead(cluster.settings))
    except (KafkaError, OSError, ValueError) as error:
        return warn("clock", f"the broker's clock could not be read ({error}).")
    if abs(ahead) <= APART + doubt:
        return ok("clock", f"the broker's clock and this one agree within {APART + doubt:.1f} s.")
    which = "ahead of" if ahead > 0 else "behind"
    return fail(
        "clock",
        f"the broker's clock is {abs(ahead):.1f} s {which} this machine's: have both set by NTP.",
    )


def examine_requests(cluster: Cluster, config: Config) -> Finding:
    """Compare with the newest requests: their time cannot lie ahead of the clock."""
    newest = _newest(cluster)
    if newest is None:
        return warn(
            "clock",
            "the clock could not be compared, as no request has come yet: "
            "`weir doctor --create-topics` compares it with the broker's.",
        )
    ahead = newest - time.time()
    if ahead > config.max_ahead_seconds:
        return fail(
            "clock",
            f"the newest request lies {ahead:,.0f} s ahead of this machine's clock, and past "
            f"{config.max_ahead_seconds:,.0f} s requests become dead letters: set the clocks of "
            "gateway and worker by NTP, and check that ts is in seconds.",
        )
    if ahead > APART:
        return warn(
            "clock",
            f"the newest request lies {ahead:,.1f} s ahead of this machine's clock: set the "
            "clocks of gateway and worker by NTP.",
        )
    if -ahead > STALE:
        return warn(
            "clock",
            f"the clock could not be compared, as the newest request is {-ahead:,.0f} s old: do "
            "the gateways still send?",
        )
    return ok(
        "clock", f"the newest request is {max(-ahead, 0.0):,.1f} s old, as clocks that agree."
    )


async def _broker_ahead(settings: Settings) -> tuple[float, float]:
    """Return by how much the broker's clock is ahead, and how sure that is."""
    topic = f"{settings.topic('doctor')}-{uuid.uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(**settings.client(), request_timeout_ms=int(PATIENCE * 1000))
    await admin.start()
    try:
        stamped = {"message.timestamp.type": "LogAppendTime", "retention.ms": "60000"}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=stamped)])
        try:
            return await asyncio.wait_for(_write(settings, topic), timeout=4 * PATIENCE)
        except TimeoutError:
            raise ValueError("it did not take a record in time") from None
        finally:
            await admin.delete_topics([topic])
    finally:
        await admin.close()


async def _write(settings: Settings, topic: str) -> tuple[float, float]:
    async with AIOKafkaProducer(**settings.client()) as producer:
        await producer.send_and_wait(topic, b"warm")  # leaders are elected, ways are known
        before = time.time()
        sent = await producer.send_and_wait(topic, b"now")
        after = time.time()
    if sent.timestamp_type != 1:
        raise ValueError("it does not stamp records with its own time")
    return sent.timestamp / 1000 - (before + after) / 2, (after - before) / 2


def _newest(cluster: Cluster) -> float | None:
    """Return the greatest event time among the last requests of the partitions."""
    topic = cluster.settings.topic("requests")
    consumer = librdkafka.client(
        Consumer,
        cluster.settings,
        # The group is never joined, and nothing is committed.
        {"group.id": f"{cluster.settings.group}-doctor", "enable.auto.commit": False},
    )
    try:
        metadata = consumer.list_topics(timeout=PATIENCE).topics.get(topic)
        wanted = []
        for number in [] if metadata is None else metadata.partitions:
            low, high = consumer.get_watermark_offsets(
                TopicPartition(topic, number), timeout=PATIENCE
            )
            if high > low:
                wanted.append(TopicPartition(topic, number, high - 1))
        if not wanted:
            return None
        consumer.assign(wanted)
        return _greatest(consumer, len(wanted))
    except KafkaException:
        return None
    finally:
        consumer.close()


def _greatest(consumer: Consumer, count: int) -> float | None:
    times: list[float] = []
    read: set[int | None] = set()
    until = time.monotonic() + PATIENCE
    while len(read) < count and time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is None or message.error() is not None:
            continue
        read.add(message.partition())
        try:
            times.append(event_time(orjson.loads(message.value() or b"")["ts"]))
        except (orjson.JSONDecodeError, InvalidEventError, KeyError, TypeError):
            continue
    return max(times, default=None)
