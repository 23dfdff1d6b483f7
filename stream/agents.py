"""The main path: runs of records in, alerts out.

A request goes `requests` → `codec.decode_requests` → `AccountLevel.process` → a detector, and a
delta to the groups, with what the detector raised; a delta goes `deltas` → `GroupLevel.process` →
a detector, and candidates to the campaigns; these go `candidates` → `CampaignLevel.process` → an
alert on ``weir.alerts``.  `tick` closes what no record closes, and asks for the checkpoints that
are due.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from faust.types import TP

from detectors.core.batch import Batch, batch_of
from detectors.core.errors import InvalidEventError
from detectors.core.records import Candidates, Delta, event_time
from detectors.text.capability import Capability
from stream import codec
from stream.checkpoint import Checkpoints
from stream.intake import Intake
from stream.metrics import Metrics
from stream.outlet import RELEASE, Outlet, letter_of
from stream.rest import Rest
from stream.shelf import Shelf
from stream.transport import Run

#: Records taken in at a time.
PART = 4000
#: Seconds for which a worker that ends still reads, so that a record closes the tick in progress.
LAST_TICK = 2.0
#: Seconds between two ticks after which it was the process that stood still; well below the least
#: session.
STILL = 3.0


class Agents:
    """What the worker does with each run of records of one partition.

    Args:
        accounts: the levels of accounts by partition.
        groups: the levels of groups by partition.
        campaigns: the level of campaigns, in its one partition.
        outlet: sends on what the levels say.
        intake: sees that nothing is skipped.
        requests_topic: the full name.
        account_checkpoints: of the levels of accounts.
        group_checkpoints: of the levels of groups.
        campaign_checkpoints: of the level of campaigns.
        metrics: of the process.
        seed: key of the hashes.
        capability: says what requests are after.
        max_ahead: seconds that a request may lie ahead of the clock.
        limit: bytes of a record at most.
    """

    def __init__(
        self,
        *,
        accounts: Shelf[Any],
        groups: Shelf[Any],
        campaigns: Shelf[Any],
        outlet: Outlet,
        intake: Intake,
        requests_topic: str,
        account_checkpoints: Checkpoints,
        group_checkpoints: Checkpoints,
        campaign_checkpoints: Checkpoints,
        metrics: Metrics,
        seed: int,
        capability: Capability,
        max_ahead: float,
        limit: int,
    ) -> None:
        self.accounts, self.groups, self.campaigns = accounts, groups, campaigns
        self.outlet, self.intake, self.requests_topic = outlet, intake, requests_topic
        self.account_checkpoints, self.group_checkpoints = account_checkpoints, group_checkpoints
        self.campaign_checkpoints = campaign_checkpoints
        self.metrics, self.seed, self.max_ahead, self.limit = metrics, seed, max_ahead, limit
        self.capability = capability
        self.fault: Exception | None = None
        self.shelves = (accounts, groups, campaigns)
        self.checkpoints = (account_checkpoints, group_checkpoints, campaign_checkpoints)
        for failing in (*self.shelves, *self.checkpoints):
            failing.on_failure = self.fail
        self.rest = Rest(
            accounts=accounts,
            topic=requests_topic,
            intake=intake,
            outlet=outlet,
            checkpoints=account_checkpoints,
        )
        self._ticked = time.monotonic()
        self._closing = False
        self._released = -1  # generation of the group in which nothing more is taken in
        # Held while a level's outputs are on their way, so that no checkpoint covers records
        # whose alerts and deltas are not yet among what it waits for.
        self._locks: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def requests(self, tp: TP, run: Run) -> None:
        """Take in requests of one partition, some at a time, so that others have their turn."""
        generation = self.accounts.app.consumer_generation_id
        for start in range(0, len(run), PART):
            async with self._locks["account", tp.partition]:
                if self._over(generation):
                    return
                level = self.accounts.levels[tp.partition]
                if start == 0 and await self.intake.gap(tp, run):
                    return
                await self.rest.wake(tp.partition)
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
        await self.outlet.dead(decoded.dead_letters, tp.partition, self.account_checkpoints)
        changelog, start = self.accounts.changelogs[tp.partition], 0
        for pause in changelog.pauses(run[-1].offset):  # the tick was closed here before
            stop = int(np.searchsorted(decoded.offsets, pause.after, side="right"))
            output = level.process(self._batch(run, decoded, start, stop, until=pause.after))
            await self.outlet.pass_on(output, tp.partition, self.account_checkpoints)
            changelog.paused, start = pause.number, stop
            output = level.pause(idle=False)
            await self.outlet.pass_on(output, tp.partition, self.account_checkpoints)
        until = run[-1].offset
        output = level.process(self._batch(run, decoded, start, len(decoded.requests), until=until))
        level.position["requests"] = max(level.position.get("requests", -1), run[-1].offset)
        self._observe(len(run), started, middle, before, level)
        await self.outlet.pass_on(output, tp.partition, self.account_checkpoints)
        self.intake.taken(tp, run)
        self.rest.heard(tp.partition)

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
            sampled=[sample for one in each for sample in one.sampled],
        )

    def _batch(
        self, run: Sequence[Any], decoded: codec.Decoded, start: int, stop: int, *, until: int
    ) -> Batch:
        part = slice(start, stop)
        offsets = decoded.offsets[part]
        stamps = np.array([r.timestamp for r in run], dtype=np.float64) / 1000  # NaN for none
        if len(stamps) != len(offsets):
            stamps = stamps[np.searchsorted([r.offset for r in run], offsets)]
        return batch_of(
            decoded.requests[part],
            decoded.times[part],
            offsets,
            seed=self.seed,
            capability=self.capability,
            arrived=stamps,
            strays=decoded.strays().between(-1, until),
        )

    async def lifecycle(self, tp: TP, run: Run) -> None:
        """Take in what happened to accounts."""
        generation = self.accounts.app.consumer_generation_id
        async with self._locks["account", tp.partition]:
            if self._over(generation):
                return
            level = self.accounts.levels[tp.partition]
            if await self.intake.gap(tp, run):
                return
            decoded = self._decode_each(tp, run, codec.lifecycle_of)
            for event, moment, offset in decoded.lifecycles:
                level.live(event, moment, offset)
            level.position["lifecycle"] = max(level.position.get("lifecycle", -1), run[-1].offset)
            await self.outlet.dead(decoded.dead_letters, tp.partition, self.account_checkpoints)
        self.intake.taken(tp, run)

    async def releases(self, tp: TP, run: Sequence[Any]) -> None:
        """Tell every partition of the groups of a new model, then commit."""
        decoded = self._decode_each(tp, run, codec.release_of)
        released = {offset for _, _, offset in decoded.releases}
        told = [
            await self.outlet.release(record.value, partition)
            for record in run
            if record.offset in released
            for partition in range(self.groups.table.partitions)
        ]
        told += [await self.outlet.dead_letter(letter) for letter in decoded.dead_letters]
        await asyncio.gather(*told)
        await self.accounts.app.consumer.commit_offsets({tp: run[-1].offset + 1})
        self.intake.taken(tp, run)

    async def verdicts(self, tp: TP, run: Sequence[Any]) -> None:
        """Tell of verdicts that cannot be read, then commit; `VerdictReader` learns the others."""
        values, offsets = [record.value for record in run], [record.offset for record in run]
        decoded = codec.decode_verdicts(values, offsets, source=tp.topic, partition=tp.partition)
        await asyncio.gather(
            *[await self.outlet.dead_letter(each) for each in decoded.dead_letters]
        )
        await self.accounts.app.consumer.commit_offsets({tp: run[-1].offset + 1})
        self.intake.taken(tp, run)

    async def deltas(self, tp: TP, run: Run) -> None:
        """Take in what the levels of accounts say."""
        generation = self.accounts.app.consumer_generation_id
        for number, record in enumerate(run):
            async with self._locks["group", tp.partition]:
                if self._over(generation):
                    return
                level = self.groups.levels[tp.partition]
                if number == 0 and await self.intake.gap(tp, run):
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
            await self.outlet.dead(
                [letter_of(error, tp, record)], tp.partition, self.group_checkpoints
            )
        output = level.process(deltas, record.offset)
        await self.outlet.pass_on(output, tp.partition, self.group_checkpoints)
        self.metrics.processing.labels("deltas").observe(time.perf_counter() - started)
        self.intake.taken(tp, [record])

    async def candidates(self, tp: TP, run: Run) -> None:
        """Take in what the levels of groups say, and publish what comes of it."""
        generation = self.accounts.app.consumer_generation_id
        async with self._locks["campaign", tp.partition]:
            if self._over(generation):
                return
            level = self.campaigns.levels[tp.partition]
            if await self.intake.gap(tp, run):
                return
            for record in run:
                candidates: list[Candidates] = []
                try:
                    if record.value is None:
                        raise InvalidEventError("null_value", "the record has no value")
                    candidates = [codec.decode_candidates(record.value)]
                except InvalidEventError as error:  # somebody else wrote to the topic
                    await self.outlet.dead(
                        [letter_of(error, tp, record)], tp.partition, self.campaign_checkpoints
                    )
                output = level.process(candidates, record.offset)
                for alert in output.alerts:
                    await self.outlet.alert(alert, tp.partition, self.campaign_checkpoints)
        self.intake.taken(tp, run)

    async def tick(self, *, last: bool = False) -> None:
        """Close ticks that no record closes, and write the checkpoints that are due.

        Args:
            last: the worker is about to end: all checkpoints are due.
        """
        now = time.monotonic()
        if now - self._ticked > STILL:
            self.rest.stood_still()
        self._ticked = now
        await self.intake.fetch_lost(now)
        for partition in list(self.accounts.levels):
            async with self._locks["account", partition]:
                level = None if self._held() else self.accounts.levels.get(partition)
                if level is not None:
                    await self.rest.close_quiet(partition, now=now, closing=self._closing)
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

    async def hand_over(self) -> None:
        """Finish what has begun, before the partitions may go to another worker."""
        self._released = self.accounts.app.consumer_generation_id
        for lock in list(self._locks.values()):
            async with lock:
                pass
        for checkpoints in self.checkpoints:
            await checkpoints.finish()
        self.rest.forget()

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

    def _unapplied(self, run: Sequence[Any], position: int) -> Sequence[Any]:
        return run if run[0].offset > position else [r for r in run if r.offset > position]

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
