import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry

from detectors.text.capability import Capability
from detectors.text.verdicts import Verdicts
from stream import worker
from stream.metrics import Metrics
from stream.settings import Settings
from stream.verdict_reader import VerdictReader


async def caught_up(*, stopped: bool = False, fails: bool = False) -> float:
    """Wait for verdicts that do not come; return for how long."""

    async def never() -> None:
        if fails:
            raise RuntimeError("a bug")
        await asyncio.Event().wait()

    stop = asyncio.Event()
    if stopped:
        stop.set()
    verdicts = Verdicts(Capability.shipped())
    reader = VerdictReader(Settings(), verdicts, Metrics(CollectorRegistry()))
    reading, began = asyncio.create_task(never()), time.monotonic()
    await worker._caught_up(reader, reading, stop)
    waited = time.monotonic() - began
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return waited


def test_verdicts_that_cannot_be_read_do_not_hold_a_worker_up_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "VERDICTS", 0.05)

    assert asyncio.run(caught_up()) > 0.04
    assert "going on before all verdicts are learned" in caplog.text


@pytest.mark.parametrize("how", ["stopped", "fails"])
def test_a_worker_that_is_to_end_waits_for_no_verdicts(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert asyncio.run(caught_up(**{how: True})) < worker.VERDICTS
    assert not caplog.text
