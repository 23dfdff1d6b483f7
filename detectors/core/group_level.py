"""Level 2: a profile per egress, payment and template; deltas in, alerts out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.core import cadence, heirs
from detectors.core import links as reading
from detectors.core.beat import QUIET
from detectors.core.conversation_level import ConversationLevel
from detectors.core.detector import Detector, Finding, Tick, pack, unpack
from detectors.core.level import Checkpoint, Level, Output, Settings
from detectors.core.links import Links
from detectors.core.members import Members
from detectors.core.population import HORIZON, HOUR, NOW, YOUNG, Lone, Population
from detectors.core.profiles import OVERFLOW, Column, Profiles, Rows
from detectors.core.records import Alert, Candidates, Delta, Scope
from detectors.core.singles import Singles
from detectors.core.waiting import Waiting
from detectors.sketches import distinct, mixture
from detectors.sketches.decayed import fade, presence

SCOPES: list[Scope] = ["proxy", "payment", "template"]
SCOPE_CODES: dict[str, int] = {scope: code for code, scope in enumerate(SCOPES)}

COLUMNS = {
    **mixture.COLUMNS,
    **cadence.OF_GROUPS,
    "first_seen": Column("int64"),
    "folded_at": Column("int64"),
    "active": Column("float64"),  # accounts within HORIZON
    "active_now": Column("float64"),  # accounts NOW
    "present": Column("float64"),  # accounts within an HOUR
    "young": Column("float64"),  # of them, younger than a day
    "moved": Column("float64", (mixture.SLOTS,)),  # accounts that moved within HORIZON
    "moved_now": Column("float64", (mixture.SLOTS,)),  # accounts that moved NOW
    "moved_hour": Column("float64", (mixture.SLOTS,)),  # accounts that moved within an HOUR
    "egress_bits": Column("uint64", (2, 8)),  # members' egresses: in this hour, in the one before
    "egress_hour": Column("int64"),
    **heirs.COLUMNS,
}
#: Members told of one candidate, and over how many seconds they were seen.
MEMBERS, DAY = 2000, 86_400
#: Accounts named in one record of candidates at most, below Kafka's limit of a message.
PART_ACCOUNTS = 10_000
#: Over how many seconds the counts fade.
FADING = {
    "active": HORIZON,
    "moved": HORIZON,
    "active_now": NOW,
    "moved_now": NOW,
    "present": HOUR,
    "young": HOUR,
    "moved_hour": HOUR,
}


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
        self.population = Population(
            models=self.models.names, lone={"proxy": Lone(), "payment": Lone()}
        )
        self.requests = 0
        self._said: dict[int, tuple[int, float, float, list[float]]] = {}
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
        waiting = self.waiting.snapshot()
        manifest = {
            "tables": kept,
            "models": self.snapshot_models(),
            "waiting": waiting,
            "population": self.population.snapshot(),
            "said": sorted(self._said.items()),
            "tracked": sorted(self._tracked.items()),
            "requests": self.requests,
            "closed": self._closed,
            "heirs": self.heirs.snapshot(),
            "conversations": conversations,
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
        for name, table in self._tables():
            table.load([(n, segments[f"{name}/{n}"]) for n in kept["tables"][name]])
        self.restore_models(kept["models"])
        self.waiting.restore(kept["waiting"])
        self.population.restore(kept["population"])
        self.population.models = self.models.names
        self._said = {source: tuple(said) for source, said in kept["said"]}
        self._tracked = dict(kept["tracked"])
        self.requests, self._closed = kept["requests"], kept["closed"]
        self.heirs.restore(kept["heirs"])
        self.conversations.restore(segments, kept["conversations"])

    def _tables(self) -> list[tuple[str, Profiles]]:
        return [("group", self.profiles), ("member", self.members), ("single", self.singles)]

    def _close(self, tick: int, deltas: list[Delta], output: Output) -> None:
        self.clock = tick
        before = len(output.alerts)
        for delta in deltas:
            moved = np.zeros(mixture.SLOTS)
            slots = [self.models.get(name, 0) for name in delta.models]
            np.add.at(moved, slots, delta.moved[: len(slots)])
            self._said[delta.source] = (tick, delta.active, delta.young, moved.tolist())
            self._tracked[delta.source] = delta.tracked
        if any(delta.groups for delta in deltas):
            self.population.fade_lone(tick)
        parts = [self._read(delta, tick) for delta in deltas if delta.groups]
        parts = [part for part in parts if len(part)]
        if parts:
            self._sum_population(tick)
            elapsed, self._closed = (tick - self._closed if self._closed else 0), tick
            self._close_links(tick, reading.joined(parts), elapsed, output)
        output.alerts += self.conversations.close(tick, deltas)
        bans = [ban for delta in deltas for ban in delta.banned]
        if bans:
            self.heirs.ban(bans, groups=self.profiles, members=self.members, tick=tick)
        raised = [alert for delta in deltas for alert in delta.alerts] + output.alerts[before:]
        tests = self.tests if raised else 0.0
        records = _parts(raised, [self._members_of(alert, tick) for alert in raised])
        output.candidates += [
            Candidates(
                source=self.partition,
                sources=self.waiting.sources,
                tick=tick,
                tracked=sum(self._tracked.values()),
                tests=tests,
                alerts=[alert for alert, _ in record],
                members=[members for _, members in record],
                part=number,
                parts=len(records),
            )
            for number, record in enumerate(records)
        ]

    def _members_of(self, alert: Alert, tick: int) -> list[str]:
        """Return the accounts behind an alert's entity within a day, the busiest first."""
        name = f"{alert.entity.scope}:{alert.entity.value}"
        row = self.profiles.index.get(name)
        if row is None:  # an account's alert, or of a group that has no room any more
            return []
        return self.members.accounts(row, name, since=tick - DAY)[:MEMBERS]

    def _read(self, delta: Delta, tick: int) -> Links:
        """Return the delta's links to groups of several accounts; count those without company."""
        group, account, links = reading.read(delta, self.models)
        rows = self._rows_of(delta.groups, group, links.accounts, tick)
        links.groups = rows[group]
        scopes = np.array([name.partition(":")[0] for name in delta.groups])[group]
        for scope, lone in self.population.lone.items():
            alone = (links.groups < 0) & (scopes == scope)
            _, first = np.unique(account[alone], return_index=True)
            lone.add(links.away[alone][first], links.models[alone & links.moved])
            if scope == "proxy":
                self.population.beat.add(tick, links.away[alone][first])
        links = links.only(links.groups > OVERFLOW)
        names = self.profiles.names
        pairs = [
            self.members.name(names[row], account)
            for row, account in zip(links.groups.tolist(), links.accounts, strict=True)
        ]
        links.members = self.members.rows_of(pairs, tick=tick)
        return links

    def _rows_of(self, groups: list[str], group: Rows, accounts: list[str], tick: int) -> Rows:
        """Return the row of each group of a delta, -1 for those with one account so far."""
        get = self.profiles.index.get
        rows = np.array([get(name, -1) for name in groups], dtype=np.int64)
        self.profiles["held"][rows[rows >= 0]] = tick  # before others are given rows
        cold = np.flatnonzero(rows[group] < 0)
        if len(cold):
            lone, which = np.unique(group[cold], return_inverse=True)
            joined = self.singles.joined(
                [groups[g] for g in lone.tolist()],
                which,
                [accounts[link] for link in cold.tolist()],
                tick=tick,
            )
            names = [groups[g] for g in lone[joined].tolist()]
            new = self.profiles.rows_of(names, tick=tick)
            self.profiles["scope"][new] = [SCOPE_CODES[n.partition(":")[0]] for n in names]
            self.profiles["first_seen"][new] = tick
            rows[lone[joined]] = new
        return rows

    def _close_links(self, number: int, links: Links, elapsed: int, output: Output) -> None:
        rows, where = np.unique(links.groups, return_inverse=True)
        counts = np.bincount(
            where * mixture.SLOTS + links.models,
            weights=links.requests,
            minlength=len(rows) * mixture.SLOTS,
        )
        by_model = counts.astype(np.int64).reshape(len(rows), mixture.SLOTS)
        requests = by_model.sum(axis=1)
        hold = self.suspect(rows, number)
        arrivals = self._fold(number, links, rows)
        self.population.newcomers = self.heirs.usual
        mixture.fold(self.profiles, rows, by_model, tick=number, hold=hold)
        self.profiles.touch(rows, tick=number, requests=requests)
        self.requests += int(requests.sum())
        tick = Tick(
            number=number,
            rows=rows,
            requests=requests,
            tokens=np.bincount(where, weights=links.tokens).astype(np.int64),
            models=by_model,
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
        group, born = links.groups[first], links.born[first]
        new = (members["requests"][who] == 0) & (who != OVERFLOW)
        settled = (links.away[first] < heirs.NEVER) & (number - born >= HOUR)
        members.join(who[new], born=born[new], settled=settled[new], tick=number)
        members["account"][who[new]] = self.heirs.hashes(
            [links.accounts[link] for link in first[new].tolist()]
        )
        members["group"][who] = group
        away = np.where(new, heirs.NEVER, number - members["last_seen"][who])
        came, where = (settled | ~new) & (away >= QUIET), np.searchsorted(rows, group)
        arrivals = np.stack(
            [np.bincount(where[some], minlength=len(rows)) for some in (came, came & new)], axis=1
        )
        cadence.fold(
            profiles,
            members,
            who,
            group=group,
            away=away,
            asked=links.asked[first],
            tick=number,
            beat=self.population.beat,
        )
        requests = np.bincount(which, weights=links.requests).astype(np.int64)
        members.touch(who, tick=number, requests=requests)
        moved = links.moved
        members["moved_at"][links.members[moved]] = number
        members["moved_to"][links.members[moved]] = links.models[moved]
        self._fade(rows, number)
        present = presence(away, horizon=HOUR)
        np.add.at(profiles["active"], group, presence(away, horizon=HORIZON))
        np.add.at(profiles["active_now"], group, presence(away, horizon=NOW))
        np.add.at(profiles["present"], group, present)
        np.add.at(profiles["young"], group, present * (number - born < YOUNG))
        scopes = profiles["scope"][group]
        self.heirs.fold(present, scopes, tick=number)
        away = links.away[first[new]]
        self.heirs.join(who[new], away=away, groups=profiles, members=members, tick=number)
        self.heirs.prove(who, groups=profiles, members=members, tick=number)
        for scope, lone in self.population.lone.items():
            lone.company += float(present[scopes == SCOPE_CODES[scope]].sum())
        moves = np.stack([links.members[moved], links.models[moved], links.groups[moved]], axis=1)
        moves = np.unique(moves, axis=0)
        for column in ("moved", "moved_now", "moved_hour"):
            np.add.at(profiles[column], (moves[:, 2], moves[:, 1]), 1.0)
        self._fold_egresses(number, links, rows)
        return arrivals

    def _fold_egresses(self, number: int, links: Links, rows: Rows) -> None:
        bits, hours = self.profiles["egress_bits"], self.profiles["egress_hour"]
        passed = number // 3600 - hours[rows]
        over = rows[passed > 0]
        next_hour = (passed == 1)[passed > 0, None]
        bits[over, 1] = np.where(next_hour, bits[over, 0], 0)
        bits[over, 0] = 0
        hours[rows] = number // 3600
        distinct.mark(bits[:, 0], links.groups, links.egress)

    def _fade(self, rows: Rows, number: int) -> None:
        profiles = self.profiles
        elapsed = number - profiles["folded_at"][rows]
        for column, horizon in FADING.items():
            profiles[column][rows] = fade(profiles[column][rows], elapsed=elapsed, horizon=horizon)
        profiles["folded_at"][rows] = number

    def _sum_population(self, tick: int) -> None:
        population = self.population
        population.active = population.young = 0.0
        population.partitions = self.waiting.sources
        population.moved = np.zeros(mixture.SLOTS)
        for source in sorted(self._said):
            said, active, young, moved = self._said[source]
            fading = float(np.exp(-(tick - said) / HORIZON))
            population.active += active * fading
            population.young += young * fading
            population.moved += np.array(moved) * fading


def _parts(alerts: list[Alert], members: list[list[str]]) -> list[list[tuple[Alert, list[str]]]]:
    """Split alerts and their members into parts that a message can hold; one part at least."""
    parts: list[list[tuple[Alert, list[str]]]] = [[]]
    accounts = 0
    for alert, behind in zip(alerts, members, strict=True):
        weight = len(alert.accounts) + len(behind) + 10
        accounts += weight
        if accounts > PART_ACCOUNTS and parts[-1]:
            parts.append([])
            accounts = weight
        parts[-1].append((alert, behind))
    return parts
