"""All workers learn all verdicts, whenever they start and whatever stands between them."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from detectors.core.records import Verdict
from detectors.text.capability import Capability
from detectors.text.verdicts import Verdicts
from stream.metrics import Metrics
from stream.settings import Settings
from stream.verdict_reader import VerdictReader

SECONDS = 20.0


class Listening(Verdicts):
    """Says when a verdict comes that teaches nothing: the last one of a test."""

    def __init__(self, capability: Capability) -> None:
        super().__init__(capability)
        self.silent = asyncio.Event()

    def take(self, verdict: Verdict) -> str:
        outcome = super().take(verdict)
        if outcome == "silent":
            self.silent.set()
        return outcome


class Heard(logging.Handler):
    """Says when a warning comes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warned = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        assert "weir.verdicts is not read" in record.getMessage()
        self.warned.set()


class Reading:
    """One worker's reader, with the model that it teaches."""

    def __init__(self, bootstrap: str) -> None:
        self.capability = Capability.shipped()
        self.metrics = Metrics(CollectorRegistry())
        self.verdicts = Listening(self.capability)
        self.reader = VerdictReader(Settings(bootstrap=bootstrap), self.verdicts, self.metrics)
        self.task = asyncio.create_task(self.reader.run())

    async def caught_up(self) -> None:
        await asyncio.wait_for(self.reader.caught_up.wait(), SECONDS)

    def count(self, outcome: str, verdict: str = "true_positive") -> float:
        labels = {"verdict": verdict, "outcome": outcome}
        return self.metrics.registry.get_sample_value("weir_verdicts_total", labels) or 0.0

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def verdict(number: int, **more: Any) -> bytes:
    record = {
        "ts": 1_767_225_600,
        "alert": f"{number:032x}",
        "verdict": "true_positive",
        "capability": ("tool_use", "data_analysis")[number % 2],
        "features": [[number, 100, 200, 300]] * 3,
    }
    return json.dumps(record | more).encode()


HOSTILE = (b"garbage", None, b"{}", verdict(9, features=[[70_000]]), verdict(9, alert="9"))


async def send(bootstrap: str, values: Sequence[bytes | None]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for value in values:
            await producer.send_and_wait("weir.verdicts", value, key=b"-", partition=0)


def test_a_reader_that_starts_later_comes_to_the_same_model(embedded: str) -> None:
    async def both() -> tuple[Reading, Reading]:
        early = Reading(embedded)
        await early.caught_up()
        assert early.capability.snapshot() == Capability.shipped().snapshot()
        await send(embedded, [verdict(0), *HOSTILE, verdict(1), verdict(1)])
        await send(embedded, [verdict(2), verdict(3), *HOSTILE, verdict(4, features=None)])
        await asyncio.wait_for(early.verdicts.silent.wait(), SECONDS)
        late = Reading(embedded)
        await late.caught_up()
        await early.stop()
        await late.stop()
        return early, late

    early, late = asyncio.run(both())

    assert late.capability.snapshot() == early.capability.snapshot()
    for reading in (early, late):
        counted = [reading.count(outcome) for outcome in ("learned", "repeated", "silent")]
        assert counted == [4, 1, 1]


def test_an_alert_judged_otherwise_is_logged(
    embedded: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def read() -> None:
        await send(embedded, [verdict(7), verdict(7, verdict="false_positive")])
        reading = Reading(embedded)
        await reading.caught_up()
        await reading.stop()
        assert reading.count("reversed", "false_positive") == 1

    with caplog.at_level("INFO", logger="weir.verdicts"):
        asyncio.run(read())

    assert f"alert {7:032x} was judged otherwise before" in caplog.text


def test_a_broker_that_is_away_is_waited_for() -> None:
    async def read() -> bool:
        log, heard = logging.getLogger("weir.verdicts"), Heard()
        log.addHandler(heard)
        reading = Reading("127.0.0.1:1")
        await asyncio.wait_for(heard.warned.wait(), SECONDS)
        alive = not reading.task.done()
        await reading.stop()
        log.removeHandler(heard)
        return alive

    assert asyncio.run(read())
