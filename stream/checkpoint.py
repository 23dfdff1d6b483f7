"""Writes levels' checkpoints to their changelogs, and then commits what they cover."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faust.types import TP

from detectors.core.output import Checkpoint
from stream.metrics import Metrics
from stream.shelf import Changelog, Pause, ProfileTable


class Checkpoints:
    """The checkpoints of one table.

    In this order, each step acknowledged before the next: what the level had sent until then;
    the segments; the manifest, which makes them count; the offsets of the input; and the removal
    of what the manifest no longer names.  Wherever it is cut, the checkpoint before stands, and
    the input after it is read again.  A commit that the broker refuses says that the partition
    went elsewhere: then nothing is removed, for its new owner may need it.

    Args:
        table: whose changelog is written.
        topics: the full topic name of each source that a level's position names.
        metrics: of the process.
        interval: seconds between checkpoints of one partition.
    """

    def __init__(
        self,
        table: ProfileTable[Any],
        *,
        topics: Mapping[str, str],
        metrics: Metrics,
        interval: float,
    ) -> None:
        self.table, self.topics, self.metrics, self.interval = table, topics, metrics, interval
        self.level = table.name
        self._sent: dict[int, list[asyncio.Future[Any]]] = {}
        self._writing: dict[int, asyncio.Task[None]] = {}
        self._last: dict[int, float] = {}
        self._covered: dict[int, dict[str, int]] = {}
        self.on_failure: Callable[[Exception], None] | None = None
        self.closed = False  # nothing more may count: what was processed is not to be trusted

    def note(self, partition: int, sent: Awaitable[Any]) -> None:
        """Remember something sent, to be acknowledged before the next checkpoint counts."""
        future = asyncio.ensure_future(sent)
        pending = self._sent.setdefault(partition, [])
        if len(pending) > 1000:
            pending[:] = [e for e in pending if not e.done() or e.exception() is not None]
        pending.append(future)

    def due(self, partition: int, *, last: bool = False) -> bool:
        """Say whether a partition's last checkpoint is long enough ago, and holds not everything.

        Args:
            partition: of the table.
            last: no other follows: it is due however short ago.
        """
        now = time.monotonic()
        current = self._current(partition)
        age = 0.0 if current else now - self._last.setdefault(partition, now)
        self.metrics.checkpoint_age.labels(self.level, partition).set(age)
        return not current and (last or age >= self.interval) and partition not in self._writing

    def newer(self, partition: int, moment: float) -> bool:
        """Say whether a checkpoint was written since a moment, or none is needed."""
        return self._current(partition) or self._last.get(partition, 0.0) > moment

    def write(self, partition: int, checkpoint: Checkpoint) -> None:
        """Start to write a checkpoint; the level may go on meanwhile."""
        sent = self._sent.pop(partition, [])
        before = self._writing.get(partition)
        changelog = self.table.shelf.changelogs[partition]
        task = asyncio.ensure_future(
            self._write(partition, checkpoint, changelog, changelog.paused, sent, before)
        )
        self._writing[partition] = task
        task.add_done_callback(lambda done: self._written(partition, done))

    async def pause(self, partition: int, after: int) -> None:
        """Write down that the tick in progress is closed after an offset of the requests."""
        changelog = self.table.shelf.changelogs[partition]
        pause = Pause(number=changelog.paused + 1, after=after)
        await self._all(partition, changelog.pause(pause))
        changelog.paused = pause.number

    async def finish(self) -> None:
        """Wait until what was begun is written."""
        while self._writing:
            await asyncio.wait(self._writing.values())
            await asyncio.sleep(0)

    async def _write(
        self,
        partition: int,
        checkpoint: Checkpoint,
        changelog: Changelog,
        paused: int,
        sent: list[asyncio.Future[Any]],
        before: asyncio.Task[None] | None,
    ) -> None:
        started = time.monotonic()
        if before is not None:
            await before
        await asyncio.gather(*sent)
        segments = changelog.segments(checkpoint)
        await self._all(partition, segments)
        consumer = self.table.app.consumer
        generation = self.table.app.consumer_generation_id
        if self.closed:
            return
        manifest = changelog.manifest(checkpoint, generation=generation, paused=paused)
        await self._all(partition, manifest)
        offsets = {
            TP(self.topics[source], partition): offset + 1
            for source, offset in checkpoint.position.items()
            if offset >= 0
        }
        if offsets and not await consumer.commit_offsets(offsets):
            return
        await self._all(partition, dict.fromkeys(changelog.removed(paused=paused)))
        self._last[partition] = time.monotonic()
        self._covered[partition] = checkpoint.position
        size = sum(map(len, segments.values())) + len(checkpoint.manifest)
        self.metrics.checkpoint_bytes.labels(self.level).inc(size)
        self.metrics.checkpoint_seconds.labels(self.level).observe(time.monotonic() - started)

    def _current(self, partition: int) -> bool:
        level = self.table.shelf.levels[partition]
        return bool(level.position == self._covered.get(partition))

    async def _all(self, partition: int, entries: Mapping[str, bytes | None]) -> None:
        """Send entries to the changelog, and wait until it has them."""
        topic, shelf = self.table.changelog_topic, self.table.shelf
        sent = [
            await topic.send(key=key.encode(), value=value, partition=partition)
            for key, value in entries.items()
        ]
        for written in await asyncio.gather(*sent):
            shelf.set_persisted_offset(TP(written.topic, written.partition), written.offset)

    def _written(self, partition: int, task: asyncio.Task[None]) -> None:
        if self._writing.get(partition) is task:
            del self._writing[partition]
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, Exception) and self.on_failure is not None:
            self.on_failure(fault)
