"""Traffic made up for the tests, and what a level holds as something to compare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np
from hypothesis import strategies as st

from detectors import CATALOG
from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch, batch_of
from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.group_level import GroupLevel
from detectors.core.members import Members
from detectors.core.output import Checkpoint, Output
from detectors.core.population import Population
from detectors.core.profiles import Column, Profiles, Rows
from detectors.core.records import Delta, Evidence, Request, Scope, Signal, event_time
from detectors.core.settings import Settings
from detectors.text.capability import Capability

EPOCH = 1_767_225_600
SEED = 7
CAPABILITY = Capability.shipped()
TEMPLATES = (
    "Imagine and articulate the internal reasoning behind a completed response, step by step: {}",
    "Grade the answer below against each of the seven points of this rubric and explain: {}",
    "Write a function in Python which takes a list of numbers and returns the median of {}",
)
PREFIXES = [["system", *(f"{talk}{turn}" for turn in range(turns))]
            for talk in "xyz" for turns in (1, 2, 3)]  # fmt: skip


class Loud(Detector):
    """Alerts as soon as an entity makes two requests in a second, so that tests see alerts."""

    name: ClassVar[str] = "loud"
    signal: ClassVar[Signal] = "outlier"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy", "payment", "template"})

    def __init__(self) -> None:
        self.taught = 0

    @property
    def columns(self) -> Mapping[str, Column]:
        return {"loud_total": Column("int64")}

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        return np.where(tick.requests >= 2, 30.0 * tick.requests, 0.0)

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        rows = tick.rows[~tick.suspect]
        profiles["loud_total"][rows] += 1
        self.taught += len(rows)

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        accounts = tick.accounts(profiles, position, since=tick.number - 600)
        made = float(tick.requests[position])
        evidence = Evidence(feature="requests", observed=made, expected=1.0, contribution=1.0)
        return Finding(
            summary=f"{made:.0f} at once by {len(accounts)}, {self.taught} known.",
            evidence=[evidence],
            onset=float(tick.number),
            accounts=accounts,
        )

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.taught)

    def restore(self, state: bytes) -> None:
        self.taught = msgspec.msgpack.decode(state)


def tick_of_one(
    rows: Rows,
    *,
    number: int,
    population: Population,
    members: Members | None = None,
    suspect: bool = False,
) -> Tick:
    """Return a tick in which one group changed by one request, for a detector alone."""
    one = np.ones(1, dtype=np.int64)
    return Tick(
        number=number,
        rows=rows,
        requests=one,
        tokens=one,
        models=one[:, None],
        capabilities=one[:, None],
        suspect=np.array([suspect]),
        scopes=np.zeros(1, dtype=np.int8),
        population=population,
        members=members,
    )


def settings(*, capacity: int = 1000) -> Settings:
    return Settings(alerts_per_day=1.0, capacity=capacity, seed=SEED, version="test")


def detectors() -> list[Detector]:
    return [Loud(), *(kind() for kind in CATALOG)]


def account_level(
    *, partition: int = 0, partitions: int = 1, capacity: int = 1000, remember: int = 4096
) -> AccountLevel:
    return AccountLevel(
        partition=partition,
        partitions=partitions,
        settings=settings(capacity=capacity),
        detectors=detectors(),
        remember=remember,
    )


def group_level(*, capacity: int = 1000, members: int = 1000) -> GroupLevel:
    return GroupLevel(
        partition=0, settings=settings(capacity=capacity), detectors=detectors(), members=members
    )


def request(number: int | str, *, at: float, account: str = "ann", **fields: Any) -> Request:
    fields = {"model": "opus", **fields}
    return Request(id=f"r{number}", ts=EPOCH + at, account=account, **fields)


def batch(requests: Sequence[Request], *, first: int = 0) -> Batch:
    times = [event_time(r.ts) for r in requests]
    offsets = range(first, first + len(requests))
    return batch_of(requests, times, offsets, seed=SEED, capability=CAPABILITY)


def cut(requests: Sequence[Request], cuts: Iterable[int], *, first: int = 0) -> Iterator[Batch]:
    """The requests from offset ``first`` on, as batches that end at the cuts."""
    ends = sorted({c for c in cuts if first < c < len(requests)} | {len(requests)})
    for start, end in zip([first, *ends], ends, strict=False):
        if start < end:
            yield batch(requests[start:end], first=start)


def feed(level: AccountLevel, requests: Sequence[Request], *, cuts: Iterable[int] = ()) -> Output:
    """Everything that comes out when a level reads the requests and is then idle."""
    output = Output()
    for part in cut(requests, cuts):
        add(output, level.process(part))
    add(output, level.pause(idle=True))
    return output


def add(output: Output, more: Output) -> None:
    output.alerts += more.alerts
    output.deltas += more.deltas
    output.checkpoint = more.checkpoint or output.checkpoint


def table_of(table: Profiles) -> dict[str, Any]:
    """The table's rows and what they hold, without what only the tick in progress means."""
    index = dict(sorted(table.index.items()))
    rows = np.array(list(index.values()), dtype=np.int64)
    columns = {name: table[name][rows].tolist() for name in table.specification if name != "held"}
    return {"index": index, "columns": columns}


def accounts_state(level: AccountLevel) -> dict[str, Any]:
    return {
        "profiles": table_of(level.profiles),
        "models": level.snapshot_models(),
        "position": level.position,
        "counts": (level.applied, level.repeated, level.denied),
        "population": level.population.active,
        "moved": level.population.moved.tolist(),
        "mix": level.population.mix.tolist(),
        "bans": level.bans.snapshot(),
    }


def groups_state(level: GroupLevel) -> dict[str, Any]:
    return {
        "profiles": table_of(level.profiles),
        "members": table_of(level.members),
        "singles": table_of(level.singles),
        "models": level.snapshot_models(),
        "waiting": level.waiting.snapshot() | {"position": 0},
        "requests": level.requests,
        "heirs": level.heirs.snapshot(),
        "echoes": table_of(level.conversations.profiles),
        "denials": list(level.conversations.denials),
        "judged": level.conversations.snapshot_models(),
    }


class Shelf:
    """What a changelog holds: the last checkpoint of a level."""

    def __init__(self) -> None:
        self.segments: dict[str, bytes] = {}
        self.manifest = b""
        self.position: dict[str, int] = {}

    def put(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is not None:
            self.segments |= checkpoint.segments
            self.manifest, self.position = checkpoint.manifest, checkpoint.position
            for name in checkpoint.dropped:
                del self.segments[name]

    def give(self, level: AccountLevel | GroupLevel) -> None:
        if self.manifest:
            level.restore(self.segments, self.manifest)


@st.composite
def worlds(draw: st.DrawFn, *, least: int = 1, most: int = 40) -> list[Request]:
    """A few accounts on a few egresses, late, repeated, denied, and with pauses."""
    size = draw(st.integers(least, most))
    made: list[Request] = []
    at = 0.0
    for number in range(size):
        if made and draw(st.integers(0, 9)) == 0:
            made.append(made[draw(st.integers(0, len(made) - 1))])
            continue
        at += draw(st.sampled_from([0, 0, 0, 0.4, 1, 1, 2, 61, 601, 3600]))
        template = draw(st.sampled_from([None, *TEMPLATES]))
        made.append(
            request(
                number,
                at=max(at - draw(st.sampled_from([0, 0, 0, 1, 5, 700])), 0),
                account=draw(st.sampled_from("abcdefg")),
                model=draw(st.sampled_from(["opus", "haiku", "fable"])),
                proxy=draw(st.sampled_from([None, "hydra", "office", "vpn"])),
                payment=draw(st.sampled_from([None, None, "card"])),
                prompt=template and template.format(number),
                output_tokens=draw(st.integers(0, 5000)),
                status=draw(st.sampled_from([200, 200, 200, 500, 429])),
                prefix_hashes=draw(st.sampled_from([None, *PREFIXES])),
            )
        )
    return made


def deltas_of(requests: Sequence[Request], *, sources: int) -> list[list[Delta]]:
    """The deltas of each source, when accounts are spread over the sources."""
    made = []
    for source in range(sources):
        own = [r for r in requests if ord(r.account[-1]) % sources == source]
        deltas = [delta for _, delta in feed(account_level(), own).deltas]
        made.append([msgspec.structs.replace(d, source=source, sources=sources) for d in deltas])
    return made
