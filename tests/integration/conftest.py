"""Houses to test in, and what happens in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka.server import KafkaServer
from tests.integration.house import House
from tests.integration.world import World, world

pytest.register_assert_rewrite("tests.integration.comparison", "tests.integration.oracle")


@pytest.fixture(scope="session")
def campaign() -> World:
    """Requests in which there is something to be found."""
    return world()


@pytest.fixture
def house(broker: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A Weir of the test's own, on the embedded broker and then on Kafka."""
    made = House(bootstrap=broker, embedded="embedded" in request.fixturenames, directory=tmp_path)
    yield made
    made.close()


@pytest.fixture
def kafka_house(kafka: str, tmp_path: Path) -> Iterator[House]:
    """A Weir of the test's own, on Kafka: the embedded broker cannot do what the test needs."""
    made = House(bootstrap=kafka, embedded=False, directory=tmp_path)
    yield made
    made.close()


@pytest.fixture
def own_kafka(kafka: str) -> Iterator[KafkaServer]:
    """A Kafka of the test's own, not started, to be stopped and killed."""
    server = KafkaServer()  # `kafka` has seen that one can be had
    yield server
    server.close()


@pytest.fixture
def own_house(own_kafka: KafkaServer, tmp_path: Path) -> Iterator[House]:
    """A Weir on the Kafka of the test's own."""
    made = House(bootstrap=own_kafka.bootstrap, embedded=False, directory=tmp_path)
    yield made
    made.close()
