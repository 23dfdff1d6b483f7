"""Level 2: a profile per egress, payment and template; deltas in, alerts out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.account_level import HORIZON, YOUNG
from detectors.core.detector import Detector, Finding, Lone, Population, Tick, pack, unpack
from detectors.core.level import Checkpoint, Level, Output, Settings
from detectors.core.members import Members
from detectors.core.profiles import OVERFLOW, Column, Profiles, Rows
from detectors.core.records import Delta, Scope
from detectors.sketches import distinct, mixture
from detectors.sketches.decayed import fade, presence

SCOPES: list[Scope] = ["proxy", "payment", "template"]
#: Seconds over which members and arrivals are counted.
HOUR, ARRIVAL = 3600.0, 600.0
#: Seconds after which a single's idleness is written down anew.
REFRESH = 600
#: Releases remembered.
RELEASES = 64
#: Links of ticks that wait for a silent source; past that the ticks are closed without it.
WAITING_LINKS = 2_000_000

COLUMNS = {
    **mixture.COLUMNS,
    "first_seen": Column("int64"),
    "folded_at": Column("int64"),
    "active": Column("float64"),  # accounts within HORIZON
    "present": Column("float64"),  # accounts within an HOUR
    "young": Column("float64"),  # of them, younger than a day
    "arrivals": Column("float64"),  # accounts that joined within ARRIVAL
    "joined": Column("int64"),  # accounts that ever joined
    "moved": Column("float64", (mixture.SLOTS,)),  # accounts that moved within HORIZON
    "moved_hour": Column("float64", (mixture.SLOTS,)),  # accounts that moved within an HOUR
    "egress_bits": Column("uint64", (2, 8)),  # members' egresses: in this hour, in the one before
    "egress_hour": Column("int64"),
}


@dataclass(slots=True)
class _Links:
    """Links of one tick in the level's own numbers; all arrays have the same length."""

    groups: Rows
    members: Rows
    models: NDArray[np.int64]
    requests: NDArray[np.int64]
    tokens: NDArray[np.int64]
    moved: NDArray[np.bool_]
    born: NDArray[np.int64]
    egress: NDArray[np.uint64]
    samples: list[str]


class GroupLevel(Level):
    """Keeps the groups of one partition of the deltas.

    A tick is closed when every source has closed it, so that the outcome does not depend on which
    partition of the requests was read faster; a source whose silence makes too much wait is no
    longer waited for.  A group of one account is that account: only groups that a second account
    joined have a profile.

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
        self.singles = Profiles(capacity=members, columns={"account": Column("uint64")})
        self.marks: dict[int, int] = {}  # last tick and part that each source sent
        self.population = Population(
            moved=np.zeros(mixture.SLOTS),
            models=self.models.names,
            lone={
                scope: Lone(moved=np.zeros((2, mixture.SLOTS))) for scope in ("proxy", "payment")
            },
        )
        self.requests = 0
        self._lone_at = 0
        self._sources = 1
        self._position = -1
        self._waiting: dict[int, list[tuple[int, Delta]]] = {}  # tick -> (offset, delta)
        self._waiting_links = 0
        self._said: dict[int, tuple[int, float, float, list[float]]] = {}
        self._closed = 0  # last tick that had links
        self._closed_by: dict[int, int] = {}  # last tick of which all parts have come
        self._idle: set[int] = set()

    def process(self, deltas: Sequence[Delta], offset: int) -> Output:
        """Take in the deltas of one record; ticks that all sources have closed are scored."""
        if offset > self._position:
            self._position = offset
            for delta in deltas:
                self._take(delta, offset)
        return self._output()

    def release(self, model: str, time: float) -> None:
        """Take in that a model became available; it is told in alerts, and changes no score."""
        released = self.population.released
        released[model] = time
        while len(released) > RELEASES:
            del released[min(released, key=lambda name: (released[name], name))]

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of the ticks that are closed."""
        segments: dict[str, bytes] = {}
        dropped: list[str] = []
        kept: dict[str, object] = {}
        for name, table in self._tables():
            new, gone, kept[name] = table.save()
            segments |= {f"{name}/{number}": data for number, data in new.items()}
            dropped += [f"{name}/{number}" for number in gone]
        waiting = [entry for entries in self._waiting.values() for entry in entries]
        position = min((offset - 1 for offset, _ in waiting), default=self._position)
        marks = dict(self.marks)
        closed_by = dict(self._closed_by)
        for _, delta in waiting:  # what still waits will be read again
            marks[delta.source] = min(marks[delta.source], _mark(delta) - 1)
            closed_by[delta.source] = min(closed_by[delta.source], delta.tick - 1)
        manifest = pack({
            **kept,
            "models": self.snapshot_models(),
            "position": position,
            "marks": sorted(marks.items()),
            "closed_by": sorted(closed_by.items()),
            "idle": sorted(self._idle),
            "released": self.population.released,
            "lone_at": self._lone_at,
            "lone": {
                scope: [lone.active.tolist(), lone.moved.tolist(), lone.company]
                for scope, lone in self.population.lone.items()
            },
            "said": sorted(self._said.items()),
            "sources": self._sources,
            "requests": self.requests,
            "closed": self._closed,
        })
        return Checkpoint(
            position={"deltas": position}, segments=segments, manifest=manifest, dropped=dropped
        )

    @property
    def position(self) -> dict[str, int]:
        """What has been taken in: offset by source."""
        return {"deltas": self._position}

    def waits_for(self) -> list[int]:
        """Return the sources that hold back ticks which others have closed."""
        if not self._waiting:
            return []
        oldest = min(self._waiting)
        return [s for s in range(self._sources) if self._ready(s) < oldest]

    def restore(self, segments: dict[str, bytes], manifest: bytes) -> None:
        """Take back a checkpoint, into a level that has seen nothing."""
        kept = unpack(manifest)
        for name, table in self._tables():
            table.load([(n, segments[f"{name}/{n}"]) for n in kept[name]])
        self.restore_models(kept["models"])
        self._position = kept["position"]
        self.marks = {int(source): mark for source, mark in kept["marks"]}
        self._closed_by = {int(source): tick for source, tick in kept["closed_by"]}
        self._idle = set(kept["idle"])
        self.population.released = kept["released"]
        self._lone_at = kept["lone_at"]
        for scope, (active, moved, company) in kept["lone"].items():
            lone = self.population.lone[scope]
            lone.active, lone.moved, lone.company = np.array(active), np.array(moved), company
        self._said = {int(source): tuple(said) for source, said in kept["said"]}
        self._sources, self.requests = kept["sources"], kept["requests"]
        self._closed = kept["closed"]
        self.population.models = self.models.names

    @property
    def state_bytes(self) -> int:
        """Bytes of the columns of groups, members and singles."""
        return sum(table.state_bytes for _, table in self._tables())

    def _take(self, delta: Delta, offset: int) -> None:
        self._sources = delta.sources
        source, mark = delta.source, _mark(delta)
        if mark > self.marks.get(source, -1):
            self.marks[source] = mark
            self._closed_by[source] = delta.tick - (delta.part < delta.parts - 1)
            self._idle.discard(source)
            tick = max(delta.tick, self.clock + 1)  # a late one counts towards the next
            self._waiting.setdefault(tick, []).append((offset, delta))
            self._waiting_links += len(delta.link_model)
        if delta.idle:
            self._idle.add(source)

    def _ready(self, source: int) -> float:
        """Return the tick up to which the source need not be waited for."""
        return math.inf if source in self._idle else self._closed_by.get(source, -1)

    def _output(self) -> Output:
        output = Output()
        ready = min(self._ready(source) for source in range(self._sources))
        while self._waiting:
            tick = min(self._waiting)
            if tick > ready and self._waiting_links <= WAITING_LINKS:
                break
            deltas = [delta for _, delta in self._waiting.pop(tick)]
            self._waiting_links -= sum(len(delta.link_model) for delta in deltas)
            self._close(tick, sorted(deltas, key=lambda delta: (delta.tick, delta.source, delta.part)), output)
        return output

    def _close(self, tick: int, deltas: list[Delta], output: Output) -> None:
        self.clock = tick
        for delta in deltas:
            moved = np.zeros(mixture.SLOTS)
            slots = [self.models.get(name, 0) for name in delta.models]
            np.add.at(moved, slots, delta.moved[: len(slots)])
            self._said[delta.source] = (tick, delta.active, delta.young, moved.tolist())
        if any(delta.groups for delta in deltas):
            self._fade_lone(tick)
        parts = [part for delta in deltas if delta.groups for part in [self._links(delta, tick)]]
        parts = [part for part in parts if len(part.groups)]
        if parts:
            self._sum_population(tick)
            elapsed = tick - self._closed if self._closed else 0
            self._closed = tick
            self._close_links(tick, parts, elapsed, output)

    def _links(self, delta: Delta, tick: int) -> _Links:
        link_group = np.frombuffer(delta.link_group, dtype=np.uint32).astype(np.int64)
        link_account = np.frombuffer(delta.link_account, dtype=np.uint32).astype(np.int64)
        groups = self._rows_of(delta, link_group, link_account, tick)[link_group]
        link_model = np.frombuffer(delta.link_model, dtype=np.uint8)
        slots = np.zeros(len(delta.models), dtype=np.int64)
        for number in np.unique(link_model[link_model > 0]).tolist():  # only those asked for
            slots[number] = self.models[delta.models[number]]
        link_model = slots[link_model]
        link_moved = np.frombuffer(delta.link_moved, dtype=np.bool_)
        cold = groups < 0
        self._fold_lone(
            delta, tick, link_group[cold], link_account[cold], link_model[cold], link_moved[cold]
        )
        warm = np.flatnonzero(groups > OVERFLOW)
        groups, who = groups[warm], link_account[warm]
        names, accounts = self.profiles.names, delta.accounts
        pairs = [
            f"{names[g]}\n{accounts[a]}"
            for g, a in zip(groups.tolist(), who.tolist(), strict=True)
        ]
        return _Links(
            groups=groups,
            members=self.members.rows_of(pairs, tick=tick),
            models=link_model[warm],
            requests=np.frombuffer(delta.link_requests, dtype=np.uint32)[warm].astype(np.int64),
            tokens=np.frombuffer(delta.link_tokens, dtype=np.int64)[warm],
            moved=link_moved[warm],
            born=np.frombuffer(delta.born, dtype=np.int64)[who],
            egress=np.frombuffer(delta.egress, dtype=np.uint64)[who],
            samples=[delta.samples[a] for a in who.tolist()],
        )

    def _fold_lone(
        self,
        delta: Delta,
        tick: int,
        groups: Rows,
        accounts: Rows,
        models: Rows,
        moved: NDArray[np.bool_],
    ) -> None:
        """Count the accounts that are alone in their group, and those of them that moved."""
        if not len(groups):
            return
        away = np.frombuffer(delta.away, dtype=np.uint32).astype(np.int64)
        names = [name.partition(":")[0] for name in delta.groups]
        for scope, lone in self.population.lone.items():
            here = np.array([name == scope for name in names], dtype=bool)[groups]
            who = np.unique(accounts[here])
            movers = here & moved
            for number, horizon in enumerate((HORIZON, HOUR)):
                lone.active[number] += presence(away[who], horizon=horizon).sum()
                np.add.at(lone.moved[number], models[movers], 1.0)

    def _fade_lone(self, tick: int) -> None:
        fading = np.exp(-(tick - self._lone_at) / np.array([HORIZON, HOUR]))
        self._lone_at = tick
        for lone in self.population.lone.values():
            lone.active *= fading
            lone.moved *= fading[:, None]
            lone.company *= float(fading[1])

    def _rows_of(
        self, delta: Delta, link_group: Rows, link_account: Rows, tick: int
    ) -> Rows:
        """Return the row of each group of the delta, -1 for those with one account so far."""
        get = self.profiles.index.get
        rows = np.array([get(name, -1) for name in delta.groups], dtype=np.int64)
        self.profiles["held"][rows[rows >= 0]] = tick  # before others are given rows
        cold = np.flatnonzero(rows[link_group] < 0)
        if len(cold):
            lone, which = np.unique(link_group[cold], return_inverse=True)
            joined = self._joined(
                [delta.groups[g] for g in lone.tolist()],
                which,
                [delta.accounts[a] for a in link_account[cold].tolist()],
                tick,
            )
            if len(joined):
                names = [delta.groups[g] for g in lone[joined].tolist()]
                new = self.profiles.rows_of(names, tick=tick)
                codes = [SCOPES.index(name.partition(":")[0]) for name in names]  # type: ignore[arg-type]
                self.profiles["scope"][new] = codes
                self.profiles["first_seen"][new] = tick
                rows[lone[joined]] = new
        return rows

    def _joined(
        self, names: list[str], which: Rows, accounts: list[str], tick: int
    ) -> NDArray[np.int64]:
        """Note who is alone in a group; return the positions of groups that a second joined."""
        singles, digest = self.singles, xxhash.xxh3_64_intdigest
        rows = singles.rows_of(names, tick=tick)
        hashes = np.array([digest(a.encode(), self.settings.seed) | 1 for a in accounts], np.uint64)
        alone = singles["account"]
        first = np.zeros(len(names), dtype=np.int64)
        first[which[::-1]] = np.arange(len(which))[::-1]
        empty = alone[rows] == 0
        alone[rows[empty]] = hashes[first[empty]]
        stale = empty | (tick - singles["last_seen"][rows] > REFRESH)
        singles["last_seen"][rows[stale]] = tick
        singles.mark(rows[stale])
        second = (alone[rows[which]] != hashes) & (rows[which] != OVERFLOW)
        return np.unique(which[second])

    def _close_links(
        self, number: int, parts: list[_Links], elapsed: int, output: Output
    ) -> None:
        groups = np.concatenate([part.groups for part in parts])
        models = np.concatenate([part.models for part in parts])
        requests = np.concatenate([part.requests for part in parts])
        rows, where = np.unique(groups, return_inverse=True)
        counts = np.bincount(
            where * mixture.SLOTS + models,
            weights=requests,
            minlength=len(rows) * mixture.SLOTS,
        )
        by_model = counts.astype(np.int64).reshape(len(rows), mixture.SLOTS)
        tokens = np.concatenate([part.tokens for part in parts])
        total = by_model.sum(axis=1)
        hold = self.suspect(rows, number)
        self._fold_members(number, parts, groups, rows)
        mixture.fold(self.profiles, rows, by_model, tick=number, hold=hold)
        self.profiles.touch(rows, tick=number, requests=total)
        self.requests += int(total.sum())
        tick = Tick(
            number=number,
            rows=rows,
            requests=total,
            tokens=np.bincount(where, weights=tokens).astype(np.int64),
            models=by_model,
            suspect=hold,
            scopes=self.profiles["scope"][rows],
            population=self.population,
            members=self.members,
        )

        def samples_of(position: int, finding: Finding) -> list[str]:
            named = set(finding.accounts)
            samples = [sample for part in parts for sample in part.samples]
            members = np.concatenate([part.members for part in parts])
            here = np.flatnonzero(where == position).tolist()
            ids = {
                samples[i]: None
                for i in here
                if self.members.names[members[i]].rpartition("\n")[2] in named
            }
            return list(ids or {samples[i]: None for i in here})

        output.alerts += self.judge(tick, samples_of)
        self.use_models(by_model.sum(axis=0).tolist(), elapsed)

    def _fold_members(
        self, number: int, parts: list[_Links], groups: Rows, rows: Rows
    ) -> None:
        profiles, members = self.profiles, self.members
        linked = np.concatenate([part.members for part in parts])
        moved = np.concatenate([part.moved for part in parts])
        models = np.concatenate([part.models for part in parts])
        egress = np.concatenate([part.egress for part in parts])
        who, first, which = np.unique(linked, return_index=True, return_inverse=True)
        group = groups[first]
        new = (members["requests"][who] == 0) & (who != OVERFLOW)
        born = np.concatenate([part.born for part in parts])[first]
        members.join(who[new], born=born[new], tick=number)
        members["group"][who] = group
        elapsed = np.where(new, 1_000_000, number - members["last_seen"][who])
        requests = np.concatenate([part.requests for part in parts])
        members.touch(
            who, tick=number, requests=np.bincount(which, weights=requests).astype(np.int64)
        )
        members["moved_at"][linked[moved]] = number
        members["moved_to"][linked[moved]] = models[moved]
        self._fade(rows, number)
        here = presence(elapsed, horizon=HOUR)
        np.add.at(profiles["active"], group, presence(elapsed, horizon=HORIZON))
        np.add.at(profiles["present"], group, here)
        for scope, lone in self.population.lone.items():
            lone.company += float(here[profiles["scope"][group] == SCOPES.index(scope)].sum())
        np.add.at(profiles["young"], group, here * (number - born < YOUNG))
        np.add.at(profiles["arrivals"], group, new.astype(np.float64))
        np.add.at(profiles["joined"], group, new.astype(np.int64))
        pairs = np.unique(np.stack([linked[moved], models[moved], groups[moved]], axis=1), axis=0)
        for column in ("moved", "moved_hour"):
            np.add.at(profiles[column], (pairs[:, 2], pairs[:, 1]), 1.0)
        bits, hours = profiles["egress_bits"], profiles["egress_hour"]
        passed = number // 3600 - hours[rows]
        bits[rows[passed > 0], 1] = np.where(
            (passed == 1)[passed > 0, None], bits[rows[passed > 0], 0], 0
        )
        bits[rows[passed > 0], 0] = 0
        hours[rows] = number // 3600
        distinct.mark(bits[:, 0], groups, egress)

    def _fade(self, rows: Rows, number: int) -> None:
        profiles = self.profiles
        elapsed = number - profiles["folded_at"][rows]
        for column, horizon in (
            ("active", HORIZON),
            ("moved", HORIZON),
            ("moved_hour", HOUR),
            ("present", HOUR),
            ("young", HOUR),
            ("arrivals", ARRIVAL),
        ):
            profiles[column][rows] = fade(profiles[column][rows], elapsed=elapsed, horizon=horizon)
        profiles["folded_at"][rows] = number

    def _sum_population(self, tick: int) -> None:
        population = self.population
        population.active = population.young = 0.0
        population.moved = np.zeros(mixture.SLOTS)
        for source in sorted(self._said):
            said, active, young, moved = self._said[source]
            fading = float(np.exp(-(tick - said) / HORIZON))
            population.active += active * fading
            population.young += young * fading
            population.moved += np.array(moved) * fading

    def _tables(self) -> list[tuple[str, Profiles]]:
        return [("group", self.profiles), ("member", self.members), ("single", self.singles)]


def _mark(delta: Delta) -> int:
    return delta.tick << 16 | delta.part
