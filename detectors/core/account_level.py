"""Level 1: a profile per account; requests in, alerts and deltas out."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from detectors.core import cadence, capabilities, clients, egresses, facts
from detectors.core.bans import Bans
from detectors.core.batch import Batch
from detectors.core.buffer import Buffer
from detectors.core.conversations import Conversations, News
from detectors.core.deltas import Deltas, Told, picked
from detectors.core.detector import Detector, Tick, pack, unpack
from detectors.core.group_names import GroupNames
from detectors.core.level import Level
from detectors.core.numbering import numbered
from detectors.core.output import Checkpoint, Output
from detectors.core.plans import Plans
from detectors.core.population import HORIZON, Population
from detectors.core.profiles import OVERFLOW, TICK, Column, Rows
from detectors.core.records import Lifecycle
from detectors.core.settings import Settings
from detectors.sketches import mixture
from detectors.sketches.seen import Seen

#: Seconds of absence that stand for an account never seen before.
LONG_AWAY = 1_000_000
#: Requests that a tick takes at most before it is closed early: a bound on memory if time stands.
TICK_REQUESTS = 1_000_000
#: Names of groups remembered between ticks.
GROUP_NAMES = 400_000
#: Seconds from the first request on in which an account nobody told of may be an old customer.
UNKNOWN = 86_400

COLUMNS = {
    **mixture.COLUMNS,
    **cadence.OF_ACCOUNTS,
    **capabilities.OF_ACCOUNTS,
    **facts.COLUMNS,
    **clients.COLUMNS,
    **egresses.OF_ACCOUNTS,
    # The second in which it was created, or first seen; minus that second where it may be older.
    "born": Column(TICK),
    "segment": Column("int8"),  # its plan, by its number in `Plans`
}


class AccountLevel(Level):
    """Keeps the accounts of one partition.

    Time is the greatest second of event time that a request has shown.  A request of a later
    second closes the tick in progress: accounts that changed are scored, and one delta goes to
    each partition of the groups.  A late request counts towards the tick in progress.

    Args:
        partition: which of `partitions` of the requests this is.
        partitions: how many partitions requests and groups have.
        settings: what the operator set.
        detectors: those that live on accounts are used.
        remember: ids remembered to tell repeated records.
    """

    def __init__(
        self,
        *,
        partition: int,
        partitions: int,
        settings: Settings,
        detectors: Sequence[Detector],
        remember: int = 262_144,
    ) -> None:
        super().__init__(
            settings=settings, detectors=detectors, scopes=["account"], columns=COLUMNS
        )
        self.partition, self.partitions = partition, partitions
        self.position: dict[str, int] = {}
        self.seen = Seen(capacity=remember)
        self.population = Population(models=self.models.names)
        self.groups = GroupNames(seed=settings.seed)
        self.deltas = Deltas(
            partition=partition,
            partitions=partitions,
            profiles=self.profiles,
            names=self.groups,
        )
        self.bans = Bans()
        self.plans = Plans()
        self.conversations = Conversations(
            partitions=partitions, capacity=remember, seed=settings.seed
        )
        self.applied = self.repeated = self.denied = 0
        self._clients = clients.Named(seed=settings.seed)
        self._started = 0  # first second of all
        self._closed = 0
        self._checkpoint_wanted = False
        self._buffer = Buffer(self.groups)
        self._facts = facts.Facts()
        self._banned: list[tuple[str, int]] = []  # what the tick that is closed says besides links
        self._news = [News()] * partitions

    def process(self, batch: Batch, *, source: str = "requests") -> Output:
        """Take in requests that follow those before; what is known already is skipped."""
        output = Output()
        position = self.position.get(source, -1)
        start = int(np.searchsorted(batch.offsets, position, side="right"))
        clock = np.maximum.accumulate(np.maximum(batch.ticks, self.clock))
        while start < len(batch):
            self._stray(batch, source, int(batch.offsets[start]) - 1)
            if clock[start] > self.clock:
                self._close(int(clock[start]), output)
            elif len(self._buffer) >= TICK_REQUESTS:
                self._close(self.clock + 1, output)
            end = int(np.searchsorted(clock, self.clock, side="right"))
            end = min(end, start + TICK_REQUESTS - len(self._buffer))
            self._add(batch, start, end)
            self._stray(batch, source, int(batch.offsets[end - 1]))
            self.position[source] = int(batch.offsets[end - 1])
            start = end
        self._stray(batch, source, batch.strays.last)
        return output

    def pause(self, *, idle: bool) -> Output:
        """Close the tick in progress, as no request does.

        Args:
            idle: nothing is left to read and nothing has come for a while, so that the groups need
                not wait for this partition; otherwise more is to be read of it, here or elsewhere.
        """
        output = Output()
        number = self.clock
        if number:
            self._close(number + 1, output)
        if idle:
            told = self.deltas.write(self._head(number, idle=True), news=self._news, facts={})
            output.deltas += told
        return output

    def wake(self) -> Output:
        """Tell the groups to wait for this partition, which was idle or may have been."""
        head = self._head(self.clock) | {"awake": True, "banned": []}
        news = [News()] * self.partitions
        return Output(deltas=list(self.deltas.write(head, news=news, facts={})))

    def live(self, event: Lifecycle, time: float, offset: int) -> None:
        """Take in what happened to an account; it does not move the clock."""
        if offset <= self.position.get("lifecycle", -1):
            return
        self.position["lifecycle"] = offset
        if event.event == "banned":
            self.bans.add(event.account, at=int(time))
        elif event.event == "created":
            row = self.profiles.rows_of([event.account], tick=self.clock)
            if self.profiles["requests"][row[0]] == 0:
                self.profiles["born"][row] = int(time)
                self.profiles.mark(row)
        known = self.profiles.index.get(event.account)
        if event.plan is not None and known is not None:
            self.profiles["segment"][known] = self.plans[event.plan]
            self.profiles.mark(np.array([known]))

    def checkpoint(self) -> Checkpoint | None:
        """Return a checkpoint, or None where it comes with the end of the tick in progress."""
        if self._buffer or self.conversations.pending:
            self._checkpoint_wanted = True
            return None
        return self._save()

    def restore(self, segments: dict[str, bytes], manifest: bytes) -> None:
        """Take back a checkpoint, into a level that has seen nothing."""
        kept = unpack(manifest)
        self.profiles.load([(n, segments[f"account/{n}"]) for n in kept["profiles"]])
        for number in kept["remembered"]:
            self.seen.load(number, segments[f"seen/{number}"])
        self.restore_models(kept["models"])
        self.position = kept["position"]
        self.applied, self.repeated, self.denied = kept["counts"]
        population = self.population
        population.active = kept["active"]
        population.moved, population.mix = np.array(kept["moved"]), np.array(kept["mix"])
        population.models = self.models.names
        self._started, self._closed = kept["started"], kept["closed"]
        self._facts = facts.Facts(kept["facts"])
        self.bans.restore(kept["bans"])
        self.plans.restore(kept["plans"])
        self.conversations.restore(segments, kept["conversations"])

    def capability_of(self, row: int) -> str | None:
        """Say what else than the ordinary an account is mostly after, if anything."""
        return capabilities.dominant(self.profiles, row, least=capabilities.LEAST_REQUESTS)

    def forget_model(self, slot: int) -> None:
        """Forget it of the population too."""
        super().forget_model(slot)
        self.population.moved[slot] = 0.0

    def _add(self, batch: Batch, start: int, end: int) -> None:
        part = slice(start, end)
        fresh = self.seen.fresh(batch.hashes[part])
        self.repeated += int(end - start - fresh.sum())
        counted = fresh & ~batch.denied[part]
        self.denied += int((fresh & batch.denied[part]).sum())
        self._facts.requests(batch, part, fresh, clock=self.clock)
        if any(batch.prefixes[part]):
            self.conversations.add(
                batch.accounts[part],
                batch.prefixes[part],
                batch.ids[part],
                batch.denied[part],
                fresh,
            )
        keep = None if counted.all() else counted.tolist()

        def of(column: list[Any]) -> list[Any]:
            return column[part] if keep is None else list(compress(column[part], keep))

        ids = of(batch.ids)
        if not ids:
            return
        models, plans = of(batch.models), of(batch.plans)
        rows = self.profiles.rows_of(of(batch.accounts), tick=self.clock)
        if any(plans):
            segments = np.fromiter(map(self.plans.__getitem__, plans), np.int8, len(plans))
            said = segments > 0  # a request that says nothing of the plan changes none
            self.profiles["segment"][rows[said]] = segments[said]
        self._buffer.add(
            rows,
            ids=ids,
            models=np.fromiter(map(self.models.__getitem__, models), np.int64, len(models)),
            tokens=batch.tokens[part][counted],
            capabilities=batch.capabilities[part][counted],
            agents=of(batch.agents),
            fingerprints=of(batch.fingerprints),
            egresses=of(batch.egresses),
            payments=of(batch.payments),
            sketches=of(batch.sketches),
            prefixes=of(batch.prefixes),
            failed=batch.failed[part][counted],
        )
        self.applied += len(ids)

    def _stray(self, batch: Batch, source: str, until: int) -> None:
        """Count what came besides requests, behind what is applied and up to an offset."""
        if batch.strays:
            strays = batch.strays.between(self.position.get(source, -1), until)
            self._facts.strays(strays)
            self.position[source] = max(self.position.get(source, -1), strays.last)

    def _close(self, now: int, output: Output) -> None:
        buffer, self._buffer = self._buffer, Buffer(self.groups)
        number = self.clock
        self._banned, self._news = self.bans.due(number), self.conversations.close()
        if buffer:
            self._close_tick(buffer, number, output)
        elif number:
            head = self._head(number)
            output.deltas += self.deltas.write(head, news=self._news, facts=self._facts.told())
        if len(self.groups) > GROUP_NAMES:
            self.groups.clear()
        self.clock = now
        if self._checkpoint_wanted and number:
            self._checkpoint_wanted = False
            output.checkpoint = self._save()

    def _close_tick(self, buffer: Buffer, number: int, output: Output) -> None:
        profiles = self.profiles
        rows, where = numbered(buffer.rows)
        tokens = buffer.tokens
        requests = np.bincount(where)
        places = where * mixture.SLOTS + buffer.models
        models = np.bincount(places, minlength=len(rows) * mixture.SLOTS)
        models = models.reshape(len(rows), mixture.SLOTS)
        links, linked = buffer.links
        known = links >> 36 != OVERFLOW
        links, linked = links[known], linked[known]
        said = buffer.capabilities
        unique, which = numbered(links)
        link_requests = np.bincount(which, minlength=len(unique))
        link_tokens = np.bincount(which, weights=tokens[linked], minlength=len(unique))
        groups, link_groups = self.groups.in_order(unique >> 8 & 0xFFF_FFFF)
        order = np.lexsort((unique & 0xFF, link_groups, unique >> 36))
        unique, link_groups = unique[order], link_groups[order]
        link_after = capabilities.count(said[linked], which, len(unique))
        link_rows = unique >> 36
        proxy = self.groups.are("proxy", groups)[link_groups]
        through = self.groups.hashes(groups)[link_groups[proxy]]
        egresses.fold(profiles, rows, accounts=link_rows[proxy], egresses=through, tick=number)
        last_id = np.zeros(len(rows), dtype=np.int64)
        last_id[where] = np.arange(len(buffer))
        samples = picked(buffer.ids, last_id.tolist())
        agents, fingerprints = buffer.agents, buffer.fingerprints
        clients.fold(
            profiles,
            rows,
            last_id,
            agents=agents,
            fingerprints=fingerprints,
            named=self._clients,
            tick=number,
        )
        suspect = self.suspicion.of(rows, number)
        carried = np.zeros(len(rows), dtype=np.uint8)
        np.bitwise_or.at(carried, where, buffer.carried)
        self._facts.fields(profiles, rows, carried, tick=number)
        held = int(requests[suspect].sum())
        self._facts.add(accounts=len(rows), tokens=int(tokens.sum()), held=held)
        self._started = self._started or number
        born = profiles["born"][rows].astype(np.int64)
        born[born == 0] = number if number - self._started >= UNKNOWN else -number
        profiles["born"][rows] = born
        away = self._away(rows, number)
        asked = cadence.count(profiles, rows, requests=requests, away=away, tick=number)
        elapsed = number - self._closed if self._closed else 0
        self.population.count(away, elapsed=elapsed)
        self.population.mix = capabilities.fade_mix(self.population.mix, elapsed=elapsed)
        after = capabilities.count(said, where, len(rows))
        if after is not None:
            changes = capabilities.fold(profiles, rows, after, tick=number)
            self.population.mix += changes[:, 0].sum(axis=0, dtype=np.float64)
        moved = mixture.fold(profiles, rows, models, tick=number, hold=suspect)
        np.add.at(self.population.moved, moved[moved >= 0], 1.0)
        profiles.touch(rows, tick=number, requests=requests)
        tick = Tick(
            number=number,
            rows=rows,
            requests=requests,
            tokens=np.bincount(where, weights=tokens).astype(np.int64),
            models=models,
            capabilities=capabilities.or_none_said(after, len(rows)),
            suspect=suspect,
            scopes=np.zeros(len(rows), dtype=np.int8),
            population=self.population,
        )
        alerts = self.judge(tick, lambda position, _: [samples[position]])
        output.alerts += alerts
        self._closed = number
        accounts, asked_of = np.searchsorted(rows, link_rows), unique & 0xFF
        told = Told(
            rows=rows,
            samples=samples,
            away=away,
            asked=asked,
            groups=groups,
            accounts=accounts,
            link_groups=link_groups,
            models=asked_of,
            requests=link_requests[order],
            tokens=link_tokens[order],
            moved=moved[accounts] == asked_of,
            after=None if link_after is None else link_after[order],
            alerts=alerts,
        )
        output.deltas += self.deltas.write(
            self._head(number), news=self._news, facts=self._facts.told(), told=told
        )
        self.use_models(models.sum(axis=0).tolist(), elapsed)

    def _away(self, rows: Rows, number: int) -> Rows:
        """Return for how many seconds each account was not seen, a million for a new one."""
        new = self.profiles["requests"][rows] == 0
        away = np.minimum(number - self.profiles["last_seen"][rows], LONG_AWAY)
        return np.where(new, LONG_AWAY, np.maximum(away, 0))

    def _head(self, number: int, *, idle: bool = False) -> dict[str, Any]:
        """Return what every partition of the groups is told of a tick alike."""
        population = self.population
        fading = float(np.exp(-(number - self._closed) / HORIZON)) if self._closed else 0.0
        mix = capabilities.fade_mix(population.mix, elapsed=number - self._closed)
        return {
            "tick": number,
            "models": list(self.models.names),
            "active": population.active * fading,
            "moved": (population.moved * fading).tolist(),
            "tracked": len(self.profiles.index),
            "banned": self._banned,
            "idle": idle,
            "mix": mix.tolist() if mix.any() else [],
        }

    def _save(self) -> Checkpoint:
        segments, dropped, valid = self.profiles.save()
        out = {f"account/{name}": data for name, data in segments.items()}
        gone = [f"account/{name}" for name in dropped]
        ids, old = self.seen.save()
        out |= {f"seen/{number}": data for number, data in ids.items()}
        gone += [f"seen/{number}" for number in old]
        more, forgotten, conversations = self.conversations.save()
        out |= more
        gone += forgotten
        manifest = pack(
            {
                "profiles": valid,
                "remembered": self.seen.segments,
                "models": self.snapshot_models(),
                "position": self.position,
                "counts": [self.applied, self.repeated, self.denied],
                "active": self.population.active,
                "moved": self.population.moved.tolist(),
                "mix": self.population.mix.tolist(),
                "started": self._started,
                "closed": self._closed,
                "facts": dict(self._facts.counts),
                "bans": self.bans.snapshot(),
                "plans": self.plans.names,
                "conversations": conversations,
            }
        )
        return Checkpoint(
            position=dict(self.position), segments=out, manifest=manifest, dropped=gone
        )

    @property
    def state_bytes(self) -> int:
        """Bytes of the profiles' columns and the remembered ids."""
        return self.profiles.state_bytes + self.seen.state_bytes + self.conversations.state_bytes
