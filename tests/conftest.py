"""Brokers for the tests: librdkafka's own in this process, and a real Apache Kafka."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from deploy.kafka.artifacts import BrokerUnavailableError
from deploy.kafka.server import KafkaServer
from stream.broker import EmbeddedBroker


def pytest_configure() -> None:
    # A shell that starts the tests in the background has them, and all they start, ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = set(item.path.relative_to(item.config.rootpath).parts)
        # What starts brokers and processes runs one after the other, beside what only computes;
        # the tests of one simulated world run where it was drawn.
        if "simulate" in parts:
            item.add_marker(pytest.mark.xdist_group("simulate"))
        elif not {"detectors", "bench", "test_scenarios.py"} & parts:
            item.add_marker(pytest.mark.xdist_group("processes"))
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


def _cannot_run(reason: str) -> NoReturn:
    if os.environ.get("WEIR_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def cannot_run() -> Callable[[str], NoReturn]:
    """Skips a test with the reason, or fails it where everything must run (WEIR_REQUIRE_ALL=1)."""
    return _cannot_run


@pytest.fixture
def embedded() -> Iterator[str]:
    """Where an embedded broker of the test's own listens."""
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Where a real Kafka listens; all tests share it, so each takes names of its own."""
    try:
        server = KafkaServer()
        server.start()
    except BrokerUnavailableError as error:
        _cannot_run(str(error))
    try:
        yield server.bootstrap
    finally:
        server.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> str:
    """Where a broker listens: the embedded one, then a real Kafka."""
    bootstrap: str = request.getfixturevalue(request.param)
    return bootstrap
