"""Deltas that wait until every partition of the level below has closed their tick."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from detectors.core.records import Candidates, Delta

D = TypeVar("D", Delta, Candidates)

#: Links that wait at most: past that, ticks are closed without the sources that are silent.
MOST_WEIGHT = 2_000_000


class Waiting(Generic[D]):
    """Holds deltas by tick, so that no outcome depends on which source was read faster.

    A source is a partition of the level below.  A tick is ready when every source has closed it, or
    has said that it is idle and not yet that it is awake again, or when too much waits.  What comes
    for a tick that is closed already counts towards the next.  Deltas that were seen before are
    known by their mark, the tick and part that their source has reached.
    """

    def __init__(self) -> None:
        self.sources = 1
        self.position = -1
        self.weight = 0
        self._marks: dict[int, int] = {}
        self._closed: dict[int, int] = {}  # last tick of which all parts have come, by source
        self._idle: set[int] = set()
        self._ticks: dict[int, list[tuple[int, D]]] = {}  # with the offset of each

    def take(self, deltas: Sequence[D], offset: int, *, clock: int) -> None:
        """Take in the deltas of one record; ``clock`` is the last tick that was closed."""
        if offset <= self.position:
            return
        self.position = offset
        for delta in deltas:
            self.sources = delta.sources
            source, mark = delta.source, _mark(delta)
            if delta.awake:
                self._idle.discard(source)
                continue
            if mark > self._marks.get(source, -1):
                self._marks[source] = mark
                self._closed[source] = delta.tick - (delta.part < delta.parts - 1)
                self._idle.discard(source)
                self._ticks.setdefault(max(delta.tick, clock + 1), []).append((offset, delta))
                self.weight += delta.weight
            if delta.idle:
                self._idle.add(source)

    def ready(self) -> Iterator[tuple[int, list[D]]]:
        """Give out the ticks that are ready, in order, each with its deltas in a fixed order."""
        until = min(self._closed_by(source) for source in range(self.sources))
        while self._ticks:
            tick = min(self._ticks)
            if tick > until and self.weight <= MOST_WEIGHT:
                return
            deltas = [delta for _, delta in self._ticks.pop(tick)]
            self.weight -= sum(delta.weight for delta in deltas)
            yield tick, sorted(deltas, key=lambda delta: (delta.tick, delta.source, delta.part))

    def awaited(self) -> list[int]:
        """Return the sources that hold back ticks which others have closed."""
        oldest = min(self._ticks, default=-1)
        return [s for s in range(self.sources) if self._ticks and self._closed_by(s) < oldest]

    def snapshot(self) -> dict[str, Any]:
        """Return what is known of the sources; what still waits will be read again."""
        waiting = [entry for entries in self._ticks.values() for entry in entries]
        marks, closed = dict(self._marks), dict(self._closed)
        for _, delta in waiting:
            marks[delta.source] = min(marks[delta.source], _mark(delta) - 1)
            closed[delta.source] = min(closed[delta.source], delta.tick - 1)
        return {
            "position": min((offset - 1 for offset, _ in waiting), default=self.position),
            "sources": self.sources,
            "marks": sorted(marks.items()),
            "closed": sorted(closed.items()),
            "idle": sorted(self._idle),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self.position, self.sources = state["position"], state["sources"]
        self._marks = dict(state["marks"])
        self._closed = dict(state["closed"])
        self._idle = set(state["idle"])

    def _closed_by(self, source: int) -> float:
        return math.inf if source in self._idle else self._closed.get(source, -1)


def _mark(delta: Delta | Candidates) -> int:
    return delta.tick << 16 | delta.part
