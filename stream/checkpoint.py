"""Writes levels' checkpoints to their changelogs, and then commits what they cover."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faust.types import TP

from detectors.core.level import Checkpoint
from stream.metrics import Metrics
from stream.shelf import MANIFEST, ProfileTable


class Checkpoints:
    """The checkpoints of one table.

    In this order, each step acknowledged before the next: what the level had sent until then;
    the segments; the manifest, which makes them count; the offsets of the input; and the removal
    of segments that the manifest no longer names.  Wherever it is cut, the checkpoint before
    stands, and the input after it is read again.

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

    def note(self, partition: int, sent: Awaitable[Any]) -> None:
        """Remember something sent, to be acknowledged before the next checkpoint counts."""
        future = asyncio.ensure_future(sent)
        pending = self._sent.setdefault(partition, [])
        if len(pending) > 1000:
            pending[:] = [e for e in pending if not e.done() or e.exception() is not None]
        pending.append(future)

    def due(self, partition: int) -> bool:
        """Say whether a partition's last checkpoint is long enough ago, and holds not everything."""
        now = time.monotonic()
        level = self.table.shelf.levels[partition]
        last = self._last.setdefault(partition, now)
        current = level.position == self._covered.get(partition)
        age = 0.0 if current else now - last
        self.metrics.checkpoint_age.labels(self.level, partition).set(age)
        return not current and age >= self.interval and partition not in self._writing

    def write(self, partition: int, checkpoint: Checkpoint) -> None:
        """Start to write a checkpoint; the level may go on meanwhile."""
        sent = self._sent.pop(partition, [])
        before = self._writing.get(partition)
        task = asyncio.ensure_future(self._write(partition, checkpoint, sent, before))
        self._writing[partition] = task
        task.add_done_callback(lambda done: self._written(partition, done))

    def forget(self, partition: int) -> None:
        """Stop caring for a partition that went elsewhere."""
        task = self._writing.pop(partition, None)
        if task is not None:
            task.cancel()
        self._sent.pop(partition, None)
        self._last.pop(partition, None)
        self._covered.pop(partition, None)

    async def _write(
        self,
        partition: int,
        checkpoint: Checkpoint,
        sent: list[asyncio.Future[Any]],
        before: asyncio.Task[None] | None,
    ) -> None:
        started = time.monotonic()
        if before is not None:
            await before
        await _all(sent)
        segments = checkpoint.segments.items()
        await _all([await self._send(partition, key, value) for key, value in segments])
        await _all([await self._send(partition, MANIFEST, checkpoint.manifest)])
        offsets = {
            TP(self.topics[source], partition): offset + 1
            for source, offset in checkpoint.position.items()
            if offset >= 0
        }
        if offsets:
            await self.table.app.consumer.commit_offsets(offsets)
        await _all([await self._send(partition, key, None) for key in checkpoint.dropped])
        self._last[partition] = time.monotonic()
        self._covered[partition] = checkpoint.position
        size = sum(len(value) for _, value in segments) + len(checkpoint.manifest)
        self.metrics.checkpoint_bytes.labels(self.level).inc(size)
        self.metrics.checkpoint_seconds.labels(self.level).observe(time.monotonic() - started)

    async def _send(
        self, partition: int, key: str | bytes, value: bytes | None
    ) -> asyncio.Future[Any]:
        name = key if isinstance(key, bytes) else key.encode()
        sent = await self.table.changelog_topic.send(key=name, value=value, partition=partition)
        future: asyncio.Future[Any] = asyncio.ensure_future(sent)
        return future

    def _written(self, partition: int, task: asyncio.Task[None]) -> None:
        if self._writing.get(partition) is task:
            del self._writing[partition]
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, Exception) and self.on_failure is not None:
            self.on_failure(fault)


async def _all(futures: list[asyncio.Future[Any]]) -> list[Any]:
    return list(await asyncio.gather(*futures))
