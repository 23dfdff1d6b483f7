"""What the levels say, sent on: deltas, candidates, alerts and dead letters."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from faust.types import TP
from msgspec.structs import replace

from detectors.core.errors import InvalidEventError
from detectors.core.output import Output
from detectors.core.records import Alert
from stream import codec
from stream.checkpoint import Checkpoints
from stream.decoded import DeadLetter
from stream.metrics import Metrics

#: Keys on the deltas topic, which tell what a record is.
DELTAS, RELEASE = b"deltas", b"release"


class Outlet:
    """Sends to Weir's own topics; a checkpoint counts once what was sent before it is there.

    Args:
        topics: Faust's topics to send to, by name without prefix.
        metrics: of the process.
    """

    def __init__(self, *, topics: dict[str, Any], metrics: Metrics) -> None:
        self.topics, self.metrics = topics, metrics

    async def pass_on(self, output: Output, partition: int, checkpoints: Checkpoints) -> None:
        """Send what a level says to the next."""
        frames: dict[int, list[Any]] = {}
        for target, delta in output.deltas:
            frames.setdefault(target, []).append(delta)
        for target, deltas in frames.items():
            for value in codec.encode_deltas(deltas):
                sent = await self.topics["deltas"].send(key=DELTAS, value=value, partition=target)
                checkpoints.note(partition, sent)
        for candidates in output.candidates:
            value = codec.encode_candidates(candidates)
            sent = await self.topics["candidates"].send(key=None, value=value, partition=0)
            checkpoints.note(partition, sent)
        if output.checkpoint is not None:
            checkpoints.write(partition, output.checkpoint)

    async def release(self, value: bytes, partition: int) -> Any:
        """Tell a partition of the groups of a release; return what is done once it is there."""
        return await self.topics["deltas"].send(key=RELEASE, value=value, partition=partition)

    async def alert(self, alert: Alert, partition: int, checkpoints: Checkpoints) -> None:
        """Publish an alert of a level's."""
        checkpoints.note(partition, await self.tell(alert))

    async def tell(self, alert: Alert) -> asyncio.Future[Any]:
        """Publish an alert; return what is done once it is there."""
        value = codec.encode_alert(replace(alert, raised_at=time.time()))
        sent = await self.topics["alerts"].send(key=alert.id.encode(), value=value)
        self.metrics.alerts.labels(alert.detector, alert.severity).inc()
        future: asyncio.Future[Any] = asyncio.ensure_future(sent)
        scope = alert.entity.scope
        delay = self.metrics.delay.labels(scope if scope in ("account", "campaign") else "group")
        future.add_done_callback(lambda _: delay.observe(max(time.time() - alert.ts, 0.0)))
        return future

    async def dead(
        self, letters: Sequence[DeadLetter], partition: int, checkpoints: Checkpoints
    ) -> None:
        """Send dead letters of a partition."""
        for letter in letters:
            checkpoints.note(partition, await self.dead_letter(letter))

    async def dead_letter(self, letter: DeadLetter) -> Any:
        """Send a dead letter; return what is done once it is there."""
        value = codec.encode_dead_letter(letter)
        self.metrics.records.labels("dead_letter").inc()
        self.metrics.dead_letters.labels(letter.reason).inc()
        return await self.topics["dead-letters"].send(key=None, value=value)


def letter_of(error: InvalidEventError, tp: TP, record: Any) -> DeadLetter:
    """Return the dead letter of a record that could not be read."""
    return DeadLetter(
        reason=error.reason,
        detail=error.detail,
        source=tp.topic,
        partition=tp.partition,
        offset=record.offset,
        original=record.value,
    )
