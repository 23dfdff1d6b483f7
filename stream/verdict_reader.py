"""Every worker reads every verdict: each has the whole model of what prompts are after."""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.text.verdicts import Verdicts
from stream.codec import decode_verdicts
from stream.metrics import Metrics
from stream.settings import Settings

log = logging.getLogger("weir.verdicts")

#: Seconds between attempts to read a topic that is away, at first and at most.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: Milliseconds for which a look at the topic waits for more.
PATIENCE = 1000


class VerdictReader:
    """Follows the verdicts' topic from its beginning, and has them learned in its order.

    It is of no group, so that all partitions are its own, and nothing is committed: whenever a
    worker starts, it comes to the model that the others have.  What cannot be read it passes over;
    the agent of the topic, of which the group has one, makes dead letters of that.

    Args:
        settings: where the broker and the topic are.
        verdicts: learns them.
        metrics: of the process.
    """

    def __init__(self, settings: Settings, verdicts: Verdicts, metrics: Metrics) -> None:
        self.settings, self.verdicts, self.metrics = settings, verdicts, metrics
        self.caught_up = asyncio.Event()  # all that was there at the start is learned
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read until cancelled; a broker that is away is waited for."""
        topic, wait = self.settings.topic("verdicts"), FIRST_WAIT
        while True:
            try:
                await self._follow(topic)
            except (KafkaError, OSError) as error:
                log.warning("%s is not read, and nothing learned of it: %r", topic, error)
            await asyncio.sleep(wait * (0.5 + random.random()))
            wait = min(2 * wait, LONGEST_WAIT)

    async def _follow(self, topic: str) -> None:
        consumer = AIOKafkaConsumer(
            topic, **self.settings.client(), group_id=None, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            for tp in consumer.assignment() & self._next.keys():
                consumer.seek(tp, self._next[tp])
            ends = await consumer.end_offsets(list(consumer.assignment()))
            while True:
                if not self.caught_up.is_set():
                    positions = [await consumer.position(tp) >= end for tp, end in ends.items()]
                    if all(positions):
                        self.caught_up.set()
                for tp, run in sorted((await consumer.getmany(timeout_ms=PATIENCE)).items()):
                    await self._learn(tp, run)
        finally:
            await consumer.stop()

    async def _learn(self, tp: TopicPartition, run: Sequence[Any]) -> None:
        values, offsets = [record.value for record in run], [record.offset for record in run]
        decoded = decode_verdicts(values, offsets, source=tp.topic, partition=tp.partition)
        for verdict, _, _ in decoded.verdicts:
            outcome = self.verdicts.take(verdict)
            self.metrics.verdicts.labels(verdict.verdict, outcome).inc()
            if outcome == "reversed":
                log.info("alert %s was judged otherwise before: both are learned", verdict.alert)
            await asyncio.sleep(0)  # requests have their turn
        self._next[tp] = run[-1].offset + 1
