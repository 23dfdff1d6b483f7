"""Level 2: a profile per egress, payment and template; deltas in, alerts out."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from detectors.core import cadence, candidates, capabilities, clients, heirs, moves, presence
from detectors.core import links as reading
from detectors.core.beat import QUIET
from detectors.core.conversation_level import ConversationLevel
from detectors.core.deltas import SERVICE, picked
from detectors.core.detector import Detector, Finding, Tick, pack, unpack
from detectors.core.level import Level
from detectors.core.links import Links
from detectors.core.members import Members
from detectors.core.numbering import numbered, occurring
from detectors.core.output import Checkpoint, Output
from detectors.core.parts import fitting
from detectors.core.population import HOUR, YOUNG, Lone, Population
from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.core.records import Alert, Behind, Delta, Scope
from detectors.core.service_level import ServiceLevel
from detectors.core.settings import Settings
from detectors.core.singles import Singles
from detectors.core.succession import Succession
from detectors.core.suspicion import SELDOM
from detectors.core.waiting import Waiting
from detectors.sketches import mixture

SCOPES: list[Scope] = ["proxy", "payment", "template"]
SCOPE_CODES: dict[str, int] = {scope: code for code, scope in enumerate(SCOPES)}

COLUMNS = {
    **mixture.COLUMNS,
    **cadence.OF_GROUPS,
    **capabilities.OF_GROUPS,
    **clients.OF_GROUPS,
    "first_seen": Column(TICK),
    **SELDOM,
    **presence.COLUMNS,
    **heirs.COLUMNS,
}
#: Seconds between two looks at how accounts crowd in groups.
LOOK = 60
#: Members told of one candidate, bytes of their names, and over how many seconds they were seen.
MEMBERS, MEMBERS_BYTES, DAY = 2000, 200_000, 86_400
#: Bans in a group, faded by the day, that campaigns are told of.
LEAST_BANS = 0.01


class GroupLevel(Level):
    """Keeps the groups of one partition of the deltas.

    A tick is closed when every source has closed it (see `Waiting`).  A group of one account is
    that account: only groups that a second account joined have a profile.

    Args:
        partition: which partition of the deltas this is.
        settings: what the operator set.
        detectors: those that live on groups are used.
        members: memberships kept at most.
    """

    def __init__(
        self,
        *,
        partition: int,
        settings: Settings,
        detectors: Sequence[Detector],
        members: int = 500_000,
    ) -> None:
        super().__init__(settings=settings, detectors=detectors, scopes=SCOPES, columns=COLUMNS)
        self.partition = partition
        self.members = Members(capacity=members)
        self.singles = Singles(capacity=members, seed=settings.seed)
        self.waiting: Waiting[Delta] = Waiting()
        self.heirs = heirs.Heirs(scopes=len(SCOPES), seed=settings.seed)
        self.conversations = ConversationLevel(settings=settings, detectors=detectors)
        self.service: ServiceLevel | None = None
        if partition == SERVICE:
            self.service = ServiceLevel(settings=settings, detectors=detectors)
        self.population = Population(
            models=self.models.names, lone={"proxy": Lone(), "payment": Lone()}
        )
        self.requests = 0
        self._said: dict[int, tuple[int, float, list[float]]] = {}
        self._mixes: dict[int, tuple[int, list[float]]] = {}
        self._tracked: dict[int, int] = {}  # accounts known, by source
        self._closed = 0  # last tick that had links

    def process(self, deltas: Sequence[Delta], offset: int) -> Output:
        """Take in the deltas of one record; ticks that all sources have closed are scored."""
        self.waiting.take(deltas, offset, clock=self.clock)
        output = Output()
        for tick, ready in self.waiting.ready():
            self._close(tick, ready, output)
        return output

    def release(self, model: str, time: float) -> None:
        """Take in that a model became available; it is told in alerts, and changes no score."""
        self.population.release(model, time)

    @property
    def position(self) -> dict[str, int]:
        """What has been taken in: offset by source."""
        return {"deltas": self.waiting.position}

    @property
    def state_bytes(self) -> int:
        """Bytes of the columns of groups, members, singles and accounts with echoes."""
        tables = [self.conversations.profiles, *(table for _, table in self._tables())]
        return sum(table.state_bytes for table in tables)

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of the ticks that are closed."""
        segments: dict[str, bytes] = {}
        dropped: list[str] = []
        kept: dict[str, list[int]] = {}
        for name, table in self._tables():
            new, gone, kept[name] = table.save()
            segments |= {f"{name}/{number}": data for number, data in new.items()}
            dropped += [f"{name}/{number}" for number in gone]
        more, gone, conversations = self.conversations.save()
        segments |= more
        dropped += gone
        service = None
        if self.service is not None:
            more, gone, service = self.service.save()
            segments |= more
            dropped += gone
        waiting = self.waiting.snapshot()
        manifest = {
            "tables": kept,
            "models": self.snapshot_models(),
            "waiting": waiting,
            "population": self.population.snapshot(),
            "said": sorted(self._said.items()),
            "mixes": sorted(self._mixes.items()),
            "tracked": sorted(self._tracked.items()),
            "requests": self.requests,
            "closed": self._closed,
            "heirs": self.heirs.snapshot(),
            "conversations": conversations,
            "service": service,
        }
        return Checkpoint(
            position={"deltas": waiting["position"]},
            segments=segments,
            manifest=pack(manifest),
            dropped=dropped,
        )

    def restore(self, segments: dict[str, bytes], manifest: bytes) -> None:
        """Take back a checkpoint, into a level that has seen nothing."""
        kept = unpack(manifest)
        became = {
            name: table.load([(n, segments[f"{name}/{n}"]) for n in kept["tables"][name]])
            for name, table in self._tables()
        }
        self.members.regroup(became["group"])
        self.restore_models(kept["models"])
        self.waiting.restore(kept["waiting"])
        self.population.restore(kept["population"])
        self.population.models = self.models.names
        self._said = {source: tuple(said) for source, said in kept["said"]}
        self._mixes = {source: tuple(mix) for source, mix in kept["mixes"]}
        self._tracked = dict(kept["tracked"])
        self.requests, self._closed = kept["requests"], kept["closed"]
        self.heirs.restore(kept["heirs"])
        self.conversations.restore(segments, kept["conversations"])
        if self.service is not None:
            self.service.restore(segments, kept["service"])

    def capability_of(self, row: int) -> str | None:
        """Say what else than the ordinary a group's accounts are mostly after, if anything."""
        return capabilities.dominant(self.profiles, row, least=capabilities.LEAST_ACCOUNTS)

    def forget_model(self, slot: int) -> None:
        """Forget it of members and of the population too."""
        super().forget_model(slot)
        presence.forget_moves(self.profiles, slot)
        gone = np.flatnonzero(self.members["moved_to"] == slot)
        self.members["moved_to"][gone] = 0
        self.members.mark(gone)
        for lone in self.population.lone.values():
            lone.moved[:, slot] = 0.0
        for _, _, moved in self._said.values():
            moved[slot] = 0.0

    def _tables(self) -> list[tuple[str, Profiles]]:
        return [("group", self.profiles), ("member", self.members), ("single", self.singles)]

    def _close(self, tick: int, deltas: list[Delta], output: Output) -> None:
        self.clock = tick
        before = len(output.alerts)
        for delta in deltas:
            moved = [0.0] * mixture.SLOTS
            for name, count in zip(delta.models, delta.moved, strict=False):
                moved[self.models.get(name, 0)] += count
            self._said[delta.source] = (tick, delta.active, moved)
            self._tracked[delta.source] = delta.tracked
            if delta.mix:
                self._mixes[delta.source] = (tick, delta.mix)
        if any(delta.groups for delta in deltas):
            self.population.fade_lone(tick)
        read = (self._read(delta, tick) for delta in deltas if delta.groups)
        parts = [part for part in read if len(part)]
        said = moves.said(parts, self.population)
        if parts:
            self.population.partitions = self.waiting.sources
            self.population.sum(self._said, self._mixes, tick=tick)
            elapsed, self._closed = (tick - self._closed if self._closed else 0), tick
            if tick // LOOK != (tick - elapsed) // LOOK:
                self._look(tick)
            self._close_links(tick, reading.joined(parts), elapsed, output)
        output.alerts += self.conversations.close(tick, deltas)
        if self.service is not None:
            output.alerts += self.service.close(tick, deltas)
        if bans := [ban for delta in deltas for ban in delta.banned]:
            self.heirs.ban(bans, groups=self.profiles, members=self.members, tick=tick)
        raised = [alert for delta in deltas for alert in delta.alerts] + output.alerts[before:]
        output.candidates += candidates.of(
            raised,
            [self._behind(alert, tick) for alert in raised],
            crowd=self.population.lone["proxy"].crowding.crowd,
            source=self.partition,
            sources=self.waiting.sources,
            tick=tick,
            tracked=sum(self._tracked.values()),
            **said,
        )

    def _behind(self, alert: Alert, tick: int) -> Behind:
        """Return who is behind an alert's group, who was banned there, and where they were."""
        name = f"{alert.entity.scope}:{alert.entity.value}"
        row = self.profiles.index.get(name)
        if row is None:  # an account's alert, or of a group that has no room any more
            return Behind()
        places, egresses = None, b""
        if self.profiles["bans"][row] >= LEAST_BANS:
            places = Succession.of(self.members, row, name, now=tick).places(
                most=MEMBERS, room=MEMBERS_BYTES
            )
        members = self.members.accounts(row, name, since=tick - DAY)[:MEMBERS]
        members = fitting(members, MEMBERS_BYTES)
        if alert.entity.scope == "template":
            own = [self.members.index[self.members.name(name, account)] for account in members]
            egresses = self.members["egress"][own].tobytes()
        return Behind(members, places, egresses=egresses)

    def _read(self, delta: Delta, tick: int) -> Links:
        """Return the delta's links to groups of several accounts; count those without company."""
        group, account, links = reading.read(delta)
        scopes = np.array([_scope_of(name) for name in delta.groups], dtype=np.int64)[group]
        client = np.where(scopes == SCOPE_CODES["proxy"], links.client, 0)
        rows = self._rows_of(delta.groups, group, links.accounts, client, tick)
        links.groups = rows[group]
        known = links.groups > OVERFLOW
        links.models = reading.slots(delta, self.models, counted=known)
        away = np.frombuffer(delta.away, dtype=np.uint32).astype(np.int64)
        young = tick - np.frombuffer(delta.born, dtype=np.int64) < YOUNG
        for scope, lone in self.population.lone.items():
            alone = (links.groups < 0) & (scopes == SCOPE_CODES[scope])
            who = np.bincount(account[alone], minlength=len(away)) > 0
            seen = away[who]
            lone.add(seen, young[who], links.models[alone & links.moved])
            if scope == "proxy":
                self.population.beat.add(tick, seen)
        links = links.only(known)
        of = picked(self.profiles.names, links.groups.tolist())
        pairs = list(map(self.members.name, of, links.accounts))
        links.members = self.members.rows_of(pairs, tick=tick)
        return links

    def _rows_of(
        self, groups: list[str], group: Rows, accounts: list[str], client: Rows, tick: int
    ) -> Rows:
        """Return the row of each group of a delta, -1 for those with one account so far."""
        get = self.profiles.index.get
        rows = np.fromiter(map(get, groups, repeat(-1)), np.int64, len(groups))
        self.profiles["held"][rows[rows >= 0]] = tick  # before others are given rows
        cold = np.flatnonzero(rows[group] < 0)
        if len(cold):
            lone, which = occurring(group[cold], len(groups))
            joined = self.singles.joined(
                [groups[g] for g in lone.tolist()],
                which,
                picked(accounts, cold.tolist()),
                client=client[cold],
                tick=tick,
            )
            names = [groups[g] for g in lone[joined].tolist()]
            new = self.profiles.rows_of(names, tick=tick)
            self.profiles["scope"][new] = [_scope_of(name) for name in names]
            self.profiles["first_seen"][new] = tick
            rows[lone[joined]] = new
        return rows

    def _close_links(self, number: int, links: Links, elapsed: int, output: Output) -> None:
        rows, where = numbered(links.groups)
        counts = np.bincount(
            where * mixture.SLOTS + links.models,
            weights=links.requests,
            minlength=len(rows) * mixture.SLOTS,
        )
        by_model = counts.astype(np.int64).reshape(len(rows), mixture.SLOTS)
        requests = by_model.sum(axis=1)
        hold = self.suspicion.of(rows, number)
        arrivals = self._fold(number, links, rows)
        self.population.newcomers = self.heirs.usual
        mixture.fold(self.profiles, rows, by_model, tick=number, hold=hold)
        self.profiles.touch(rows, tick=number, requests=requests)
        self.requests += int(requests.sum())
        after = capabilities.summed(links.after, where, len(rows))
        tick = Tick(
            number=number,
            rows=rows,
            requests=requests,
            tokens=np.bincount(where, weights=links.tokens).astype(np.int64),
            models=by_model,
            capabilities=capabilities.or_none_said(after, len(rows)),
            suspect=hold,
            scopes=self.profiles["scope"][rows],
            population=self.population,
            members=self.members,
            arrivals=arrivals,
        )

        def samples_of(position: int, finding: Finding) -> list[str]:
            named = set(finding.accounts)
            here = np.flatnonzero(where == position).tolist()
            chosen = [i for i in here if links.accounts[i] in named] or here
            return list(dict.fromkeys(links.samples[i] for i in chosen))

        output.alerts += self.judge(tick, samples_of)
        self.use_models(by_model.sum(axis=0).tolist(), elapsed)

    def _fold(self, number: int, links: Links, rows: Rows) -> NDArray[np.int64]:
        """Add the links to what is known of members and groups; return who came to which row.

        An account in its first hour, or never seen, cannot but be new to a group.
        """
        profiles, members = self.profiles, self.members
        who, first, which = np.unique(links.members, return_index=True, return_inverse=True)
        group, born, client = links.groups[first], links.born[first], links.client[first]
        new = (members["requests"][who] == 0) & (who != OVERFLOW)
        settled = (links.away[first] < heirs.NEVER) & (number - np.abs(born) >= HOUR)
        born = np.maximum(born, 0)  # who may be older counts as old
        members.join(who[new], born=born[new], settled=settled[new], tick=number)
        members["account"][who[new]] = self.heirs.hashes(
            [links.accounts[link] for link in first[new].tolist()]
        )
        members["group"][who] = group
        members["egress"][who] = links.egress[first]  # the lower half
        away = np.where(new, heirs.NEVER, number - members["last_seen"][who])
        came, where = (settled | ~new) & (away >= QUIET), np.searchsorted(rows, group)
        arrivals = np.array(
            [np.bincount(where[some], minlength=len(rows)) for some in (came, came & new)]
        ).T
        cadence.fold(
            profiles,
            members,
            who,
            rows=rows,
            where=where,
            away=away,
            asked=links.asked[first],
            tick=number,
            beat=self.population.beat,
        )
        clients.fold_group(profiles, members, who, group=group, client=client, tick=number)
        requests = np.bincount(which, weights=links.requests).astype(np.int64)
        members.touch(who, tick=number, requests=requests)
        counts = capabilities.summed(links.after, which, len(who))
        if counts is not None:
            capabilities.fold_group(profiles, members, who, group=group, counts=counts, tick=number)
        moved = links.moved
        members["moved_at"][links.members[moved]] = number
        members["moved_to"][links.members[moved]] = links.models[moved]
        present = presence.fold(profiles, rows, group=group, away=away, born=born, tick=number)
        scopes = profiles["scope"][group]
        self.heirs.fold(present, scopes, tick=number)
        away = links.away[first[new]]
        self.heirs.join(who[new], away=away, groups=profiles, members=members, tick=number)
        self.heirs.prove(who, groups=profiles, members=members, tick=number)
        for scope, lone in self.population.lone.items():
            lone.company += float(present[scopes == SCOPE_CODES[scope]].sum())
        presence.fold_moves(
            profiles,
            members=links.members[moved],
            models=links.models[moved],
            groups=links.groups[moved],
        )
        meant = profiles["scope"][links.groups] == SCOPE_CODES["template"]
        presence.fold_egresses(
            profiles,
            rows[profiles["scope"][rows] == SCOPE_CODES["template"]],
            groups=links.groups[meant],
            accounts=members["account"][links.members[meant]],
            egresses=links.egress[meant],
            tick=number,
        )
        return arrivals

    def _look(self, tick: int) -> None:
        profiles, live = self.profiles, self.profiles.live
        scopes = profiles["scope"][live]
        for scope, lone in self.population.lone.items():
            lone.crowding.look(
                presence.present(profiles, live[scopes == SCOPE_CODES[scope]], tick=tick),
                alone=float(lone.active[1]),
                partitions=self.waiting.sources,
            )
        ties = live[scopes != SCOPE_CODES["template"]]
        tied_since = np.full(len(profiles["scope"]), np.inf)
        tied_since[ties] = profiles["first_seen"][ties]
        self.population.clients.look(self.members, tied_since, self.singles, tick=tick)


def _scope_of(name: str) -> int:
    return SCOPE_CODES[name[: name.index(":")]]
