"""The main path: runs of records in, alerts and deltas out.

A request goes `requests` → `codec.decode_requests` → `AccountLevel.process` → a detector → an alert
on ``weir.alerts``, and a delta to the groups; a delta goes `deltas` → `GroupLevel.process` → a
detector → an alert.  `tick` closes what no record closes, and asks for the checkpoints that are
due.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from faust.types import TP
from msgspec.structs import replace

from detectors.core.batch import batch_of
from detectors.core.level import Output
from detectors.core.records import Alert, event_time
from stream import codec
from stream.checkpoint import Checkpoints
from stream.metrics import Metrics
from stream.shelf import Shelf

#: Seconds without a request after which the tick in progress is closed.
IDLE = 1.5
#: Bytes of the original that a dead letter on a topic holds at most: a broker takes a megabyte.
ORIGINAL_BYTES = 700_000
#: Keys on the deltas topic, which tell what a record is.
DELTAS, RELEASE = b"deltas", b"release"


class Agents:
    """What the worker does with each run of records of one partition.

    Args:
        accounts: the levels of accounts by partition.
        groups: the levels of groups by partition.
        topics: Faust's topics to send to, by name without prefix.
        account_checkpoints: of the levels of accounts.
        group_checkpoints: of the levels of groups.
        metrics: of the process.
        seed: key of the hashes.
        max_ahead: seconds that a request may lie ahead of the clock.
        limit: bytes of a record at most.
    """

    def __init__(
        self,
        *,
        accounts: Shelf[Any],
        groups: Shelf[Any],
        topics: dict[str, Any],
        account_checkpoints: Checkpoints,
        group_checkpoints: Checkpoints,
        metrics: Metrics,
        seed: int,
        max_ahead: float,
        limit: int,
    ) -> None:
        self.accounts, self.groups, self.topics = accounts, groups, topics
        self.account_checkpoints, self.group_checkpoints = account_checkpoints, group_checkpoints
        self.metrics, self.seed, self.max_ahead, self.limit = metrics, seed, max_ahead, limit
        self.progress = time.monotonic()
        self.position: dict[TP, int] = {}
        self.fault: Exception | None = None
        account_checkpoints.on_failure = group_checkpoints.on_failure = self.fail
        self._heard: dict[int, float] = {}
        # Held while a level's outputs are on their way, so that no checkpoint covers records
        # whose alerts and deltas are not yet among what it waits for.
        self._locks: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._idle: set[int] = set()

    async def requests(self, tp: TP, run: Sequence[Any]) -> None:
        """Take in requests of one partition."""
        async with self._locks["account", tp.partition]:
            await self._requests(tp, run)

    async def _requests(self, tp: TP, run: Sequence[Any]) -> None:
        level = self.accounts.levels[tp.partition]
        run = self._unapplied(run, level.position.get("requests", -1))
        started = time.perf_counter()
        decoded = codec.decode_requests(
            [record.value for record in run],
            [record.offset for record in run],
            source=tp.topic,
            partition=tp.partition,
            not_after=time.time() + self.max_ahead,
            max_bytes=self.limit,
        )
        batch = batch_of(decoded.requests, decoded.times, decoded.offsets, seed=self.seed)
        middle = time.perf_counter()
        before = level.applied, level.repeated, level.denied
        output = level.process(batch)
        self._observe(len(run), started, middle, before, level)
        if run:
            level.position["requests"] = max(
                level.position.get("requests", -1), run[-1].offset
            )
        await self._dead(decoded.dead_letters, tp, self.account_checkpoints)
        await self._send(output, tp.partition, self.account_checkpoints, "account")
        self._note(tp, run)
        self._heard[tp.partition] = time.monotonic()
        self._idle.discard(tp.partition)

    async def lifecycle(self, tp: TP, run: Sequence[Any]) -> None:
        """Take in what happened to accounts."""
        level = self.accounts.levels[tp.partition]
        decoded = self._decode_each(tp, run, codec.lifecycle_of)
        async with self._locks["account", tp.partition]:
            for event, moment, offset in decoded.lifecycles:
                level.live(event, moment, offset)
            await self._dead(decoded.dead_letters, tp, self.account_checkpoints)
        self._note(tp, run)

    async def releases(self, tp: TP, run: Sequence[Any]) -> None:
        """Tell every partition of the groups of a new model, then commit."""
        decoded = self._decode_each(tp, run, codec.release_of)
        for record in run:
            if record.offset in {offset for _, _, offset in decoded.releases}:
                for partition in range(self.groups.table.partitions):
                    sent = await self.topics["deltas"].send(
                        key=RELEASE, value=record.value, partition=partition
                    )
                    await sent
        await self._dead(decoded.dead_letters, tp, self.account_checkpoints)
        await self.accounts.app.consumer.commit_offsets({tp: run[-1].offset + 1})
        self._note(tp, run)

    async def deltas(self, tp: TP, run: Sequence[Any]) -> None:
        """Take in what the levels of accounts say."""
        async with self._locks["group", tp.partition]:
            await self._deltas(tp, run)

    async def _deltas(self, tp: TP, run: Sequence[Any]) -> None:
        level = self.groups.levels[tp.partition]
        started = time.perf_counter()
        for record in run:
            if record.key == RELEASE:
                release = codec.release_of(record.value)
                level.release(release.model, event_time(release.ts))
                continue
            output = level.process(codec.decode_deltas(record.value), record.offset)
            await self._send(output, tp.partition, self.group_checkpoints, "group")
        self.metrics.processing.labels("deltas").observe(time.perf_counter() - started)
        self._note(tp, run)

    async def tick(self) -> None:
        """Close ticks that no record closes, and write the checkpoints that are due."""
        now = time.monotonic()
        for partition, level in list(self.accounts.levels.items()):
            async with self._locks["account", partition]:
                heard = self._heard.setdefault(partition, now)
                quiet = now - heard > IDLE and self._caught_up(partition)
                if quiet and partition not in self._idle:
                    self._idle.add(partition)
                    await self._send(level.idle(), partition, self.account_checkpoints, "account")
                self._checkpoint(partition, level, self.account_checkpoints)
        for partition, group in list(self.groups.levels.items()):
            async with self._locks["group", partition]:
                self._checkpoint(partition, group, self.group_checkpoints)

    def _checkpoint(self, partition: int, level: Any, checkpoints: Checkpoints) -> None:
        if checkpoints.due(partition):
            checkpoint = level.checkpoint()
            if checkpoint is not None:
                checkpoints.write(partition, checkpoint)

    def fail(self, fault: Exception) -> None:
        """Note a fault that ends the worker: its supervisor starts it from the checkpoint."""
        self.fault = self.fault or fault

    def _decode_each(self, tp: TP, run: Sequence[Any], read: Any) -> codec.Decoded:
        return codec.decode_each(
            [record.value for record in run],
            [record.offset for record in run],
            read=read,
            source=tp.topic,
            partition=tp.partition,
            not_after=time.time() + self.max_ahead,
            max_bytes=self.limit,
        )

    def _caught_up(self, partition: int) -> bool:
        consumer = self.accounts.app.consumer
        topic = self.topics["requests"].get_topic_name()
        tp = TP(topic, partition)
        end = consumer.highwater(tp)
        return end is None or self.position.get(tp, -1) + 1 >= end

    async def _send(
        self, output: Output, partition: int, checkpoints: Checkpoints, level: str
    ) -> None:
        for alert in output.alerts:
            await self._alert(alert, partition, checkpoints, level)
        frames: dict[int, list[Any]] = {}
        for target, delta in output.deltas:
            frames.setdefault(target, []).append(delta)
        for target, deltas in frames.items():
            for value in codec.encode_deltas(deltas):
                sent = await self.topics["deltas"].send(key=DELTAS, value=value, partition=target)
                checkpoints.note(partition, sent)
        if output.checkpoint is not None:
            checkpoints.write(partition, output.checkpoint)

    async def _alert(
        self, alert: Alert, partition: int, checkpoints: Checkpoints, level: str
    ) -> None:
        value = codec.encode_alert(replace(alert, raised_at=time.time()))
        sent = await self.topics["alerts"].send(key=alert.id.encode(), value=value)
        self.metrics.alerts.labels(alert.detector, alert.severity).inc()
        future = asyncio.ensure_future(sent)
        delay = self.metrics.delay.labels(level)
        future.add_done_callback(lambda _: delay.observe(max(time.time() - alert.ts, 0.0)))
        checkpoints.note(partition, future)

    async def _dead(self, letters: Sequence[Any], tp: TP, checkpoints: Checkpoints) -> None:
        for letter in letters:
            value = codec.encode_dead_letter(letter, original_bytes=ORIGINAL_BYTES)
            sent = await self.topics["dead-letters"].send(key=None, value=value)
            checkpoints.note(tp.partition, sent)
            self.metrics.records.labels("dead_letter").inc()
            self.metrics.dead_letters.labels(letter.reason).inc()

    def _unapplied(self, run: Sequence[Any], position: int) -> Sequence[Any]:
        return run if run[0].offset > position else [r for r in run if r.offset > position]

    def _note(self, tp: TP, run: Sequence[Any]) -> None:
        self.progress = time.monotonic()
        if run:
            self.position[tp] = run[-1].offset

    def _observe(
        self,
        size: int,
        started: float,
        middle: float,
        before: tuple[int, int, int],
        level: Any,
    ) -> None:
        metrics = self.metrics
        metrics.batch_size.observe(size)
        metrics.processing.labels("decode").observe(middle - started)
        metrics.processing.labels("profiles").observe(time.perf_counter() - middle)
        now = level.applied, level.repeated, level.denied
        for outcome, earlier, later in zip(
            ("applied", "repeated", "denied"), before, now, strict=True
        ):
            if later > earlier:
                metrics.records.labels(outcome).inc(later - earlier)
