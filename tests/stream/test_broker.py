import asyncio
import logging
import socket
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.kafka import artifacts
from deploy.kafka.artifacts import BrokerUnavailableError
from deploy.kafka.server import KafkaServer
from stream.broker import EmbeddedBroker

RECORDS = [str(number).encode() for number in range(1000)]


def test_what_is_sent_to_a_new_topic_is_read_once_from_its_four_partitions(broker: str) -> None:
    topic = f"weir.test-{uuid.uuid4().hex}"

    partitions = asyncio.run(produce(broker, topic))
    first = asyncio.run(consume(broker, topic, count=len(RECORDS)))
    rest = asyncio.run(consume(broker, topic, count=0))

    assert partitions == {0, 1, 2, 3}
    assert sorted(first) == sorted(RECORDS)
    assert rest == []


def test_a_null_value_and_the_headers_arrive_as_they_were_sent(broker: str) -> None:
    topic = f"weir.test-{uuid.uuid4().hex}"

    async def there_and_back() -> tuple[bytes | None, list[tuple[str, bytes]]]:
        async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
            await producer.send_and_wait(topic, None, key=b"key", headers=[("reason", b"lifted")])
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=broker, auto_offset_reset="earliest"
        ) as consumer:
            record = await asyncio.wait_for(consumer.getone(), timeout=30)
            return record.value, list(record.headers)

    assert asyncio.run(there_and_back()) == (None, [("reason", b"lifted")])


def test_the_embedded_broker_says_once_that_it_is_for_trying(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), EmbeddedBroker() as broker:
        broker.start()

    assert ["for trying" in message for message in caplog.messages] == [True]


def test_a_stopped_embedded_broker_leaves_its_port() -> None:
    with EmbeddedBroker() as broker:
        host, port = broker.bootstrap.split(":")

    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=5)


def test_the_embedded_broker_can_have_several_nodes() -> None:
    with EmbeddedBroker(brokers=3) as broker:
        assert len(set(broker.bootstrap.split(","))) == 3


@pytest.mark.kafka
def test_a_real_kafka_makes_topics_as_asked(kafka: str) -> None:
    topic = f"weir.test-{uuid.uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": kafka})

    wanted = NewTopic(topic, num_partitions=7, config={"cleanup.policy": "compact"})
    admin.create_topics([wanted])[topic].result(timeout=30)

    assert len(admin.list_topics(topic, timeout=30).topics[topic].partitions) == 7


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("end", [KafkaServer.stop, KafkaServer.kill])
def test_a_real_kafka_started_again_has_what_it_had(
    kafka: str, end: Callable[[KafkaServer], None]
) -> None:
    topic = "weir.test"
    with KafkaServer() as server:
        bootstrap = server.bootstrap
        asyncio.run(produce(bootstrap, topic))
        end(server)
        server.start()

        assert server.bootstrap == bootstrap
        assert sorted(asyncio.run(consume(bootstrap, topic, count=1000))) == sorted(RECORDS)


def test_without_java_a_real_kafka_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(BrokerUnavailableError, match="install Java 17 or newer"):
        artifacts.java()


def test_without_maven_or_jars_a_real_kafka_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("WEIR_KAFKA_HOME", str(tmp_path))

    with pytest.raises(BrokerUnavailableError, match=r"install it .*maven.*WEIR_KAFKA_HOME"):
        artifacts.jars()


async def produce(bootstrap: str, topic: str) -> set[int]:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for value in RECORDS:
            await producer.send(topic, value, key=value)
        return set(await producer.partitions_for(topic))


async def consume(bootstrap: str, topic: str, *, count: int) -> list[bytes]:
    """Read at least `count` records and whatever follows at once, and commit."""
    found: list[bytes] = []
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=topic,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as consumer:
        while True:
            runs = await asyncio.wait_for(consumer.getmany(timeout_ms=300), timeout=30)
            found += [record.value for run in runs.values() for record in run]
            if not runs and len(found) >= count:
                break
        await consumer.commit()
    return found
