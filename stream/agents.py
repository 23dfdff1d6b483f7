"""The main path: runs of records in, alerts out.

A request goes `requests` → `codec.decode_requests` → `AccountLevel.process` → a detector, and a
delta to the groups, with what the detector raised; a delta goes `deltas` → `GroupLevel.process` →
a detector, and candidates to the campaigns; these go `candidates` → `CampaignLevel.process` → an
alert on ``weir.alerts``.  `tick` closes what no record closes, and asks for the checkpoints that
are due.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from faust.types import TP
from msgspec.structs import replace

from detectors.core.batch import Batch, batch_of
from detectors.core.errors import InvalidEventError
from detectors.core.level import Output
from detectors.core.records import Alert, Candidates, Delta, event_time
from stream import codec
from stream.checkpoint import Checkpoints
from stream.decoded import DeadLetter
from stream.metrics import Metrics
from stream.shelf import Shelf
from stream.transport import Run

log = logging.getLogger("weir.agents")

#: Seconds without a request after which the tick in progress is closed.
IDLE = 1.5
#: Records taken in at a time.
PART = 4000
#: Seconds for which a worker that ends still reads, so that a record closes the tick in progress.
LAST_TICK = 2.0
#: Seconds between two ticks after which it was the process that stood still; well below the least
#: session.
STILL = 3.0
#: Bytes of the original that a dead letter on a topic holds at most: a broker takes a megabyte.
ORIGINAL_BYTES = 700_000
#: Seconds after which records that were fetched and did not arrive are fetched again.
LOST = 5.0
#: What the levels of accounts, of groups and of campaigns read.
SOURCES = (("requests", "lifecycle"), ("deltas",), ("candidates",))
#: Keys on the deltas topic, which tell what a record is.
DELTAS, RELEASE = b"deltas", b"release"


class Agents:
    """What the worker does with each run of records of one partition.

    Args:
        accounts: the levels of accounts by partition.
        groups: the levels of groups by partition.
        campaigns: the level of campaigns, in its one partition.
        topics: Faust's topics to send to, by name without prefix.
        account_checkpoints: of the levels of accounts.
        group_checkpoints: of the levels of groups.
        campaign_checkpoints: of the level of campaigns.
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
        campaigns: Shelf[Any],
        topics: dict[str, Any],
        account_checkpoints: Checkpoints,
        group_checkpoints: Checkpoints,
        campaign_checkpoints: Checkpoints,
        metrics: Metrics,
        seed: int,
        max_ahead: float,
        limit: int,
    ) -> None:
        self.accounts, self.groups, self.campaigns = accounts, groups, campaigns
        self.topics = topics
        self.account_checkpoints, self.group_checkpoints = account_checkpoints, group_checkpoints
        self.campaign_checkpoints = campaign_checkpoints
        self.metrics, self.seed, self.max_ahead, self.limit = metrics, seed, max_ahead, limit
        self.progress = time.monotonic()
        self.position: dict[TP, int] = {}
        self.fault: Exception | None = None
        self.shelves = (accounts, groups, campaigns)
        self.checkpoints = (account_checkpoints, group_checkpoints, campaign_checkpoints)
        for failing in (*self.shelves, *self.checkpoints):
            failing.on_failure = self.fail
        self._heard: dict[int, float] = {}
        self._ticked = time.monotonic()
        self._closing = False
        self._released = -1  # generation of the group in which nothing more is taken in
        # Held while a level's outputs are on their way, so that no checkpoint covers records
        # whose alerts and deltas are not yet among what it waits for.
        self._locks: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._idle: set[int] = set()
        self._awaiting: dict[TP, tuple[int, float]] = {}  # last offset taken in, and since when

    async def requests(self, tp: TP, run: Run) -> None:
        """Take in requests of one partition, some at a time, so that others have their turn."""
        generation = self.accounts.app.consumer_generation_id
        for start in range(0, len(run), PART):
            async with self._locks["account", tp.partition]:
                if self._over(generation):
                    return
                level = self.accounts.levels[tp.partition]
                position = level.position.get("requests", -1)
                if start == 0 and await self._gap(tp, run, position):
                    return
                await self._requests(level, tp, run[start : start + PART])
            await asyncio.sleep(0)

    async def _requests(self, level: Any, tp: TP, run: Sequence[Any]) -> None:
        run = self._unapplied(run, level.position.get("requests", -1))
        if not run:
            return
        started = time.perf_counter()
        decoded = self._decode_requests(tp, run)
        middle = time.perf_counter()
        before = level.applied, level.repeated, level.denied
        await self._dead(decoded.dead_letters, tp, self.account_checkpoints)
        changelog, start = self.accounts.changelogs[tp.partition], 0
        for pause in changelog.pauses(run[-1].offset):  # the tick was closed here before
            stop = int(np.searchsorted(decoded.offsets, pause.after, side="right"))
            output = level.process(self._batch(decoded, start, stop))
            await self._send(output, tp.partition, self.account_checkpoints)
            changelog.paused, start = pause.number, stop
            await self._send(level.idle(), tp.partition, self.account_checkpoints)
        output = level.process(self._batch(decoded, start, len(decoded.requests)))
        level.position["requests"] = max(level.position.get("requests", -1), run[-1].offset)
        self._observe(len(run), started, middle, before, level)
        await self._send(output, tp.partition, self.account_checkpoints)
        self._note(tp, run)
        self._heard[tp.partition] = time.monotonic()
        self._idle.discard(tp.partition)

    def _decode_requests(self, tp: TP, run: Sequence[Any]) -> codec.Decoded:
        """Decode a run; what is from the future is measured against when Kafka got the record.

        Any other clock would judge otherwise when the record is read again.
        """

        def decode(records: Sequence[Any], not_after: float) -> codec.Decoded:
            return codec.decode_requests(
                [record.value for record in records],
                [record.offset for record in records],
                source=tp.topic,
                partition=tp.partition,
                not_after=not_after + self.max_ahead,
                max_bytes=self.limit,
            )

        now = time.time()
        stamps = [now * 1000 if r.timestamp is None else r.timestamp for r in run]
        decoded = decode(run, min(min(stamps) / 1000, now))
        if not any(letter.reason == "future" for letter in decoded.dead_letters):
            return decoded
        # A clock that runs ahead of ours is not believed.
        each = [decode([r], min(at / 1000, now)) for r, at in zip(run, stamps, strict=True)]
        return codec.Decoded(
            requests=[request for one in each for request in one.requests],
            times=np.concatenate([one.times for one in each]),
            offsets=np.concatenate([one.offsets for one in each]),
            dead_letters=[letter for one in each for letter in one.dead_letters],
        )

    def _batch(self, decoded: codec.Decoded, start: int, stop: int) -> Batch:
        part = slice(start, stop)
        return batch_of(
            decoded.requests[part], decoded.times[part], decoded.offsets[part], seed=self.seed
        )

    async def lifecycle(self, tp: TP, run: Run) -> None:
        """Take in what happened to accounts."""
        generation = self.accounts.app.consumer_generation_id
        async with self._locks["account", tp.partition]:
            if self._over(generation):
                return
            level = self.accounts.levels[tp.partition]
            if await self._gap(tp, run, level.position.get("lifecycle", -1)):
                return
            decoded = self._decode_each(tp, run, codec.lifecycle_of)
            for event, moment, offset in decoded.lifecycles:
                level.live(event, moment, offset)
            level.position["lifecycle"] = max(level.position.get("lifecycle", -1), run[-1].offset)
            await self._dead(decoded.dead_letters, tp, self.account_checkpoints)
        self._note(tp, run)

    async def releases(self, tp: TP, run: Sequence[Any]) -> None:
        """Tell every partition of the groups of a new model, then commit."""
        decoded = self._decode_each(tp, run, codec.release_of)
        released = {offset for _, _, offset in decoded.releases}
        told = [
            await self.topics["deltas"].send(key=RELEASE, value=record.value, partition=partition)
            for record in run
            if record.offset in released
            for partition in range(self.groups.table.partitions)
        ]
        told += [await self._dead_letter(letter) for letter in decoded.dead_letters]
        await asyncio.gather(*told)
        await self._consumer.commit_offsets({tp: run[-1].offset + 1})
        self._note(tp, run)

    async def deltas(self, tp: TP, run: Run) -> None:
        """Take in what the levels of accounts say."""
        generation = self.accounts.app.consumer_generation_id
        for number, record in enumerate(run):
            async with self._locks["group", tp.partition]:
                if self._over(generation):
                    return
                level = self.groups.levels[tp.partition]
                if number == 0 and await self._gap(tp, run, level.position["deltas"]):
                    return
                await self._deltas(level, tp, record)
            await asyncio.sleep(0)

    async def _deltas(self, level: Any, tp: TP, record: Any) -> None:
        started = time.perf_counter()
        deltas: list[Delta] = []
        try:
            if record.value is None:
                raise InvalidEventError("null_value", "the record has no value")
            if record.key == RELEASE:
                release = codec.release_of(record.value)
                level.release(release.model, event_time(release.ts))
            else:
                deltas = codec.decode_deltas(record.value)
        except InvalidEventError as error:  # somebody else wrote to the topic
            await self._dead([_letter(error, tp, record)], tp, self.group_checkpoints)
        output = level.process(deltas, record.offset)
        await self._send(output, tp.partition, self.group_checkpoints)
        self.metrics.processing.labels("deltas").observe(time.perf_counter() - started)
        self._note(tp, [record])

    async def candidates(self, tp: TP, run: Run) -> None:
        """Take in what the levels of groups say, and publish what comes of it."""
        generation = self.accounts.app.consumer_generation_id
        async with self._locks["campaign", tp.partition]:
            if self._over(generation):
                return
            level = self.campaigns.levels[tp.partition]
            if await self._gap(tp, run, level.position["candidates"]):
                return
            for record in run:
                candidates: list[Candidates] = []
                try:
                    if record.value is None:
                        raise InvalidEventError("null_value", "the record has no value")
                    candidates = [codec.decode_candidates(record.value)]
                except InvalidEventError as error:  # somebody else wrote to the topic
                    await self._dead([_letter(error, tp, record)], tp, self.campaign_checkpoints)
                output = level.process(candidates, record.offset)
                for alert in output.alerts:
                    await self._alert(alert, tp.partition)
        self._note(tp, run)

    async def tick(self, *, last: bool = False) -> None:
        """Close ticks that no record closes, and write the checkpoints that are due.

        Args:
            last: the worker is about to end: all checkpoints are due.
        """
        now = time.monotonic()
        if now - self._ticked > STILL:
            self._heard.clear()  # the quiet was ours
        self._ticked = now
        await self._fetch_lost(now)
        for partition in list(self.accounts.levels):
            async with self._locks["account", partition]:
                level = None if self._held() else self.accounts.levels.get(partition)
                if level is not None:
                    await self._close_quiet(partition, level, now)
                    self._checkpoint(partition, level, self.account_checkpoints, last=last)
        for name, shelf, checkpoints in (
            ("group", self.groups, self.group_checkpoints),
            ("campaign", self.campaigns, self.campaign_checkpoints),
        ):
            for partition in list(shelf.levels):
                async with self._locks[name, partition]:
                    level = None if self._held() else shelf.levels.get(partition)
                    if level is not None:
                        self._checkpoint(partition, level, checkpoints, last=last)

    async def _close_quiet(self, partition: int, level: Any, now: float) -> None:
        heard = self._heard.setdefault(partition, now)
        quiet = self._closing or (now - heard > IDLE and self._caught_up(partition, level))
        if quiet and partition not in self._idle:
            self._idle.add(partition)
            end = level.position.get("requests", -1)
            await self.account_checkpoints.pause(partition, end)
            await self._send(level.idle(), partition, self.account_checkpoints)

    def _checkpoint(
        self, partition: int, level: Any, checkpoints: Checkpoints, *, last: bool
    ) -> None:
        if checkpoints.due(partition, last=last):
            checkpoint = level.checkpoint()
            if checkpoint is not None:
                checkpoints.write(partition, checkpoint)

    def _held(self) -> bool:
        """Say whether the partitions may be about to go elsewhere, or nothing may count."""
        return bool(self.accounts.app.rebalancing or self.fault)

    def _over(self, generation: int) -> bool:
        """Say whether what was fetched in a generation of the group must be left to the next.

        The partition is read again from what is committed, by us or by another worker.
        """
        current = self.accounts.app.consumer_generation_id
        return self._closing or generation != current or generation == self._released

    async def _gap(self, tp: TP, run: Run, position: int) -> bool:
        """Say whether records before the run did not arrive; they are fetched again, and it too.

        What a rebalance or a recovery makes Faust drop on the way is thus never skipped.
        """
        if run.follows <= position:
            return False
        await self._consumer.fetch_again(tp, position + 1)
        return True

    async def _fetch_lost(self, now: float) -> None:
        """Fetch again what was fetched and did not arrive, where nothing follows it.

        An agent that is merely slow is not harmed: it skips what it has taken in.
        """
        for kept, sources in zip(self.shelves, SOURCES, strict=True):
            for partition, level in list(kept.levels.items()):
                for source in sources:
                    tp = TP(self.topics[source].get_topic_name(), partition)
                    position = level.position.get(source, -1)
                    before, since = self._awaiting.get(tp, (None, now))
                    if position != before:
                        self._awaiting[tp] = position, now
                    elif now - since > LOST and self._consumer.fetched.get(tp, -1) > position:
                        self._awaiting[tp] = position, now
                        log.info("fetching %s again from offset %d", tp, position + 1)
                        await self._consumer.fetch_again(tp, position + 1)

    @property
    def _consumer(self) -> Any:
        return self.accounts.app.consumer

    async def hand_over(self) -> None:
        """Finish what has begun, before the partitions may go to another worker."""
        self._released = self.accounts.app.consumer_generation_id
        for lock in list(self._locks.values()):
            async with lock:
                pass
        for checkpoints in self.checkpoints:
            await checkpoints.finish()
        self._heard.clear()
        self._idle.clear()

    async def close(self) -> None:
        """Write a last checkpoint of each level, once its tick in progress is closed."""
        began = time.monotonic()
        while not all(
            checkpoints.newer(partition, began)
            for checkpoints in self.checkpoints
            for partition in checkpoints.table.shelf.levels
        ):
            self._closing = time.monotonic() - began > LAST_TICK
            await self.tick(last=True)
            await asyncio.sleep(0.05)

    def fail(self, fault: Exception) -> None:
        """Note a fault that ends the worker: its supervisor starts it from the checkpoint."""
        self.fault = self.fault or fault
        self.stop_counting()

    def stop_counting(self) -> None:
        """Let no further checkpoint count."""
        for checkpoints in self.checkpoints:
            checkpoints.closed = True

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

    def _caught_up(self, partition: int, level: Any) -> bool:
        tp = TP(self.topics["requests"].get_topic_name(), partition)
        return self.behind(tp, level.position.get("requests", -1)) == 0

    def behind(self, tp: TP, position: int | None = None) -> int | None:
        """Return how many records were not taken in, None where that cannot be known.

        Args:
            tp: the topic and partition.
            position: last offset taken in, if it is not the one last heard of.
        """
        consumer = self._consumer
        waiting: int | None = consumer.waiting(tp)
        if waiting is None:
            return None
        taken = self.position.get(tp, -1) if position is None else position
        fetched: int = consumer.fetched.get(tp, -1)
        return waiting + max(fetched - taken, 0)

    async def _send(self, output: Output, partition: int, checkpoints: Checkpoints) -> None:
        """Send what a level says to the next; a checkpoint of it counts once that is there."""
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

    async def _alert(self, alert: Alert, partition: int) -> None:
        value = codec.encode_alert(replace(alert, raised_at=time.time()))
        sent = await self.topics["alerts"].send(key=alert.id.encode(), value=value)
        self.metrics.alerts.labels(alert.detector, alert.severity).inc()
        future = asyncio.ensure_future(sent)
        scope = alert.entity.scope
        delay = self.metrics.delay.labels(scope if scope in ("account", "campaign") else "group")
        future.add_done_callback(lambda _: delay.observe(max(time.time() - alert.ts, 0.0)))
        self.campaign_checkpoints.note(partition, future)

    async def _dead(self, letters: Sequence[Any], tp: TP, checkpoints: Checkpoints) -> None:
        for letter in letters:
            checkpoints.note(tp.partition, await self._dead_letter(letter))

    async def _dead_letter(self, letter: DeadLetter) -> Any:
        value = codec.encode_dead_letter(letter, original_bytes=ORIGINAL_BYTES)
        self.metrics.records.labels("dead_letter").inc()
        self.metrics.dead_letters.labels(letter.reason).inc()
        return await self.topics["dead-letters"].send(key=None, value=value)

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


def _letter(error: InvalidEventError, tp: TP, record: Any) -> DeadLetter:
    return DeadLetter(
        reason=error.reason,
        detail=error.detail,
        source=tp.topic,
        partition=tp.partition,
        offset=record.offset,
        original=record.value,
    )
