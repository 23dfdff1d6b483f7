"""A level that crashes at any moment goes on as if it had not: nothing lost, nothing twice."""

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core.output import Output
from detectors.core.records import Alert, Delta, Request
from tests.detectors.traffic import (
    Shelf,
    account_level,
    accounts_state,
    cut,
    deltas_of,
    feed,
    group_level,
    groups_state,
    worlds,
)

SMALL = 5
moments = st.lists(st.integers(1, 40), max_size=4)


class Accounts:
    """Reads requests into a level that crashes, and keeps what came out of every life."""

    def __init__(self, requests: list[Request], *, capacity: int) -> None:
        self.requests, self.capacity = requests, capacity
        self.shelf = Shelf()
        self.alerts: dict[str, Alert] = {}
        self.deltas: dict[tuple[int, int, int, bool], Delta] = {}
        self.start()

    def start(self) -> None:
        self.level = account_level(partitions=2, capacity=self.capacity)
        self.shelf.give(self.level)

    def read(self, first: int, end: int, *, cuts: set[int], checkpoints: set[int]) -> None:
        for part in cut(self.requests[:end], cuts | checkpoints, first=first):
            if int(part.offsets[0]) in checkpoints:
                self.shelf.put(self.level.checkpoint())
            self.keep(self.level.process(part))

    def keep(self, output: Output) -> None:
        for alert in output.alerts:
            assert self.alerts.setdefault(alert.id, alert) == alert
        for partition, delta in output.deltas:
            key = (partition, delta.tick, delta.part, delta.idle)
            assert self.deltas.setdefault(key, delta) == delta
        self.shelf.put(output.checkpoint)


def check_accounts(
    requests: list[Request],
    crashes: list[int],
    checkpoints: list[int],
    cuts: set[int],
    earlier: int,
    capacity: int,
) -> None:
    plain = account_level(partitions=2, capacity=capacity)
    whole = feed(plain, requests)
    run = Accounts(requests, capacity=capacity)
    first = 0
    for crash in sorted({crash for crash in crashes if crash < len(requests)}):
        run.read(first, crash, cuts=cuts, checkpoints=set(checkpoints))
        run.start()
        first = max(0, run.shelf.position.get("requests", -1) + 1 - earlier)
    run.read(first, len(requests), cuts=cuts, checkpoints=set(checkpoints))
    run.keep(run.level.pause(idle=True))
    assert run.alerts == {alert.id: alert for alert in whole.alerts}
    assert run.deltas == {(p, d.tick, d.part, d.idle): d for p, d in whole.deltas}
    assert accounts_state(run.level) == accounts_state(plain)


@effort(max_examples=20)
@given(
    requests=worlds(least=10),
    crashes=moments,
    checkpoints=moments,
    cuts=st.sets(st.integers(1, 40)),
    earlier=st.integers(0, 5),
)
def test_accounts_go_on_after_a_crash_as_if_it_had_not_been(
    requests: list[Request],
    crashes: list[int],
    checkpoints: list[int],
    cuts: set[int],
    earlier: int,
) -> None:
    check_accounts(requests, crashes, checkpoints, cuts, earlier, 1000)


@effort(max_examples=20)
@given(
    requests=worlds(least=10),
    crashes=moments,
    checkpoints=moments,
    cuts=st.sets(st.integers(1, 40)),
)
def test_accounts_go_on_after_a_crash_though_rows_are_scarce(
    requests: list[Request], crashes: list[int], checkpoints: list[int], cuts: set[int]
) -> None:
    check_accounts(requests, crashes, checkpoints, cuts, 0, SMALL)


class Groups:
    """Reads deltas into a level that crashes, and keeps what came out of every life."""

    def __init__(self, deltas: list[Delta], *, capacity: int) -> None:
        self.deltas, self.capacity = deltas, capacity
        self.shelf = Shelf()
        self.alerts: dict[str, Alert] = {}
        self.start()

    def start(self) -> None:
        self.level = group_level(capacity=self.capacity, members=2 * self.capacity)
        self.shelf.give(self.level)

    def read(self, first: int, end: int, *, checkpoints: set[int]) -> None:
        for offset in range(first, end):
            if offset in checkpoints:
                self.shelf.put(self.level.checkpoint())
            for alert in self.level.process([self.deltas[offset]], offset).alerts:
                assert self.alerts.setdefault(alert.id, alert) == alert


def check_groups(
    deltas: list[Delta],
    crashes: list[float],
    checkpoints: list[float],
    earlier: int,
    capacity: int,
) -> None:
    plain = group_level(capacity=capacity, members=2 * capacity)
    whole = {a.id: a for i, delta in enumerate(deltas) for a in plain.process([delta], i).alerts}
    run = Groups(deltas, capacity=capacity)
    wanted = {int(part * len(deltas)) for part in checkpoints}
    first = 0
    for crash in sorted(crashes):
        run.read(first, int(crash * len(deltas)), checkpoints=wanted)
        run.start()
        first = max(0, run.shelf.position.get("deltas", -1) + 1 - earlier)
    run.read(first, len(deltas), checkpoints=wanted)
    assert run.alerts == whole
    assert groups_state(run.level) == groups_state(plain)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Delta]:
    """Deltas of three sources in some order, some repeated."""
    queues = [list(queue) for queue in deltas_of(draw(worlds(least=10)), sources=3)]
    made: list[Delta] = []
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        made.append(queue.pop(0))
        if draw(st.integers(0, 7)) == 0:
            source = made[-1].source
            own = [delta for delta in made if delta.source == source]
            made += own[draw(st.integers(0, len(own) - 1)) :]  # its worker came back
    return made


parts = st.lists(st.floats(0, 1), max_size=4)


@effort(max_examples=20)
@given(deltas=arrivals(), crashes=parts, checkpoints=parts, earlier=st.integers(0, 5))
def test_groups_go_on_after_a_crash_as_if_it_had_not_been(
    deltas: list[Delta], crashes: list[float], checkpoints: list[float], earlier: int
) -> None:
    check_groups(deltas, crashes, checkpoints, earlier, 1000)


@effort(max_examples=20)
@given(deltas=arrivals(), crashes=parts, checkpoints=parts)
def test_groups_go_on_after_a_crash_though_rows_are_scarce(
    deltas: list[Delta], crashes: list[float], checkpoints: list[float]
) -> None:
    check_groups(deltas, crashes, checkpoints, 0, SMALL)
