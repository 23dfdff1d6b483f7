"""A level's table: one row an entity, one numpy column a quantity."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

#: Type of a second of event time, or of a number of minutes or hours, in a column: until 2038.
TICK = "int32"
#: Bytes of one saved segment: below Kafka's default limit of a message.
SEGMENT_BYTES = 400_000
#: A row's worth in seconds of idleness for every doubling of its requests.
WORTH_OF_DOUBLING = 600
#: Row of the keys that find no place in a tick that names more entities than the table holds.
OVERFLOW = 0


class Column(NamedTuple):
    """One quantity of every profile: its type, its shape behind the row, its first value."""

    dtype: str
    shape: tuple[int, ...] = ()
    fill: float = 0


class Segment(msgspec.Struct, array_like=True, gc=False):
    """Some rows of a table as bytes; later segments override earlier ones."""

    rows: bytes
    names: list[str]
    columns: dict[str, bytes]


class Profiles:
    """Bounded sketches of many entities, held in columns.

    Rows are given out on first sight.  When the table is full, the rows worth least are reused:
    those idle longest, where requests made count as time (a doubling is worth ten minutes), and
    never, while others can be had, the rows under suspicion.  So new names cannot push out
    entities that matter.

    State leaves as bytes through `save` and comes back through `load`: only rows that changed are
    written, in segments; the oldest segments are rewritten once more than half of what is stored
    has been superseded, so that a restart reads at most about twice the live rows.

    Args:
        capacity: rows at most, the ceiling on memory.
        columns: quantities besides the table's own (`last_seen`, `held`, `requests`,
            `suspect_until`, all in ticks but `requests`).

    >>> table = Profiles(capacity=10, columns={"tokens": Column("int64")})
    >>> table.rows_of(["a", "b", "a"], tick=0).tolist()
    [1, 2, 1]
    """

    def __init__(self, *, capacity: int, columns: Mapping[str, Column]) -> None:
        self.capacity = capacity
        self.specification: dict[str, Column] = {
            "last_seen": Column(TICK),
            "held": Column(TICK),
            "requests": Column("int64"),
            "suspect_until": Column(TICK),
            **columns,
        }
        self.index: dict[str, int] = {}
        self.names: list[str] = []
        self.evicted = 0
        self._free: list[int] = []
        self._size = 1
        self._full_at = -1
        self._columns: dict[str, NDArray[Any]] = {}
        self._dirty = np.zeros(0, dtype=bool)
        self._segment_of = np.zeros(0, dtype=np.int32)
        self._segments: dict[int, int] = {}  # number -> rows stored in it, oldest first
        self._superseded: list[str] = []  # names of segments whose rows have other numbers now
        self._next_segment = 1
        self._grow(min(capacity, 1024))

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self._columns[column]

    def __contains__(self, column: str) -> bool:
        return column in self._columns

    @property
    def bytes_per_row(self) -> int:
        """Bytes that the columns hold for one row."""
        return sum(array[:1].nbytes for array in self._columns.values())

    @property
    def state_bytes(self) -> int:
        """Bytes that the columns hold in all."""
        return sum(array.nbytes for array in self._columns.values())

    @property
    def live(self) -> Rows:
        """The rows that an entity has, in order."""
        live = np.ones(self._size, dtype=bool)
        live[OVERFLOW] = live[self._free] = False
        return np.flatnonzero(live)

    def rows_of(self, keys: Sequence[str], *, tick: int) -> Rows:
        """Return the row of each key, giving out rows to keys not seen before."""
        get = self.index.get
        rows = np.fromiter(map(get, keys, repeat(-1)), np.int64, len(keys))
        missing = (rows < 0).nonzero()[0].tolist()
        if missing:
            new = list(dict.fromkeys([keys[position] for position in missing]))
            if len(new) <= len(self._free) + self.capacity - self._size:
                given = self._give_all(new, tick)
                if len(given) < len(missing):  # some came more than once
                    given = [self.index[keys[position]] for position in missing]
                rows[missing] = given
            else:  # what one key evicts, a later one may ask for anew: so one by one
                for position, key in enumerate(keys):
                    row = get(key)
                    rows[position] = row = self._give(key, tick) if row is None else row
                    self._columns["held"][row] = tick
        self._columns["held"][rows] = tick
        return rows

    def touch(self, rows: Rows, *, tick: int, requests: NDArray[np.int64]) -> None:
        """Record that rows changed in a tick; ``rows`` holds each row once."""
        self._columns["last_seen"][rows] = tick
        self._columns["requests"][rows] += requests
        self._dirty[rows] = True

    def mark(self, rows: Rows) -> None:
        """Record that rows changed without a request."""
        self._dirty[rows] = True

    def evict(self, count: int, *, tick: int) -> list[str]:
        """Free the rows worth least, none that the tick holds, and return their names."""
        live = self.live
        live = live[self._columns["held"][live] != tick]
        made = np.log2(1 + self._columns["requests"][live])
        worth = self._columns["last_seen"][live] + WORTH_OF_DOUBLING * made
        worth[self._columns["suspect_until"][live] > tick] += 1e12
        gone = self.forget(live[_lowest(worth, count)])
        self.evicted += len(gone)
        return gone

    def forget(self, rows: Rows) -> list[str]:
        """Free rows that are somebody's, and return their names."""
        gone = []
        for row in rows.tolist():
            name = self.names[row]
            gone.append(name)
            del self.index[name]
            self.names[row] = ""
            self._free.append(row)
        self._free.sort(reverse=True)  # the lowest is given first, as after a `load`
        self._reset(rows)
        self._dirty[rows] = True
        return gone

    def save(self) -> tuple[dict[str, bytes], list[str], list[int]]:
        """Return new segments by name, the names of dropped ones, and all that are now valid."""
        dirty = np.flatnonzero(self._dirty[: self._size])
        dropped, self._superseded = self._superseded, []
        stored = sum(self._segments.values()) + len(dirty)
        while stored > 2 * max(len(self.index), 1) + len(dirty) + 4096 and self._segments:
            oldest = next(iter(self._segments))
            stored -= self._segments.pop(oldest)
            moved = np.flatnonzero(self._segment_of[: self._size] == oldest)
            moved = moved[~self._dirty[moved]]
            stored += len(moved)
            dirty = np.concatenate([dirty, moved])
            self._dirty[moved] = True
            dropped.append(str(oldest))
        segments = {}
        for part in self._parts(np.sort(dirty)):
            number = self._next_segment
            self._next_segment += 1
            segments[str(number)] = msgspec.msgpack.encode(self._segment(part))
            self._segments[number] = len(part)
            self._segment_of[part] = number
        self._dirty[:] = False
        return segments, dropped, list(self._segments)

    def load(self, segments: Sequence[tuple[int, bytes]]) -> Rows:
        """Take back the segments of a `save`, oldest first, into an empty table.

        Of more rows than the capacity is by now, those worth least are evicted and the others are
        numbered anew.

        Returns:
            The row that each saved row has now, `OVERFLOW` for those that are gone.
        """
        decoder = msgspec.msgpack.Decoder(Segment)
        for number, data in segments:
            segment = decoder.decode(data)
            rows = np.frombuffer(segment.rows, dtype=np.int32).astype(np.int64)
            top = int(rows.max(initial=-1)) + 1
            if top > len(self._dirty):
                self._grow(max(top, min(self.capacity, 2 * len(self._dirty))))
            self._size = max(self._size, top)
            for name, array in self._columns.items():
                if name in segment.columns:
                    spec = self.specification[name]
                    flat = np.frombuffer(segment.columns[name], dtype=spec.dtype)
                    array[rows] = flat.reshape((len(rows), *spec.shape))
            for position, row in enumerate(rows.tolist()):
                self.names[row] = segment.names[position]
            self._segment_of[rows] = number
            self._segments[number] = len(rows)
            self._next_segment = max(self._next_segment, number + 1)
        names = self.names[: self._size]
        self.index = {name: row for row, name in enumerate(names) if name}
        self._free = [row for row in range(self._size - 1, OVERFLOW, -1) if not names[row]]
        return self._shrink() if self._size > self.capacity else np.arange(self._size)

    def _shrink(self) -> Rows:
        """Keep no more rows than the capacity; return which row each has become."""
        over = len(self.index) - (self.capacity - 1)
        if over > 0:
            self.evict(over, tick=int(self._columns["held"].max()) + 1)
        kept = np.array([OVERFLOW, *sorted(self.index.values())], dtype=np.int64)
        became = np.full(self._size, OVERFLOW)
        became[kept] = np.arange(len(kept))
        self._columns = {name: array[kept] for name, array in self._columns.items()}
        self.names = [self.names[row] for row in kept.tolist()]
        self.index = {name: row for row, name in enumerate(self.names) if name}
        self._free, self._size = [], len(kept)
        self._dirty = np.ones(len(kept), dtype=bool)
        self._segment_of = np.zeros(len(kept), dtype=np.int32)
        self._superseded, self._segments = [str(number) for number in self._segments], {}
        return became

    def _give_all(self, keys: list[str], tick: int) -> list[int]:
        """Give a row to each of these keys, for which there is room, and return the rows."""
        reused = [self._free.pop() for _ in range(min(len(keys), len(self._free)))]
        top = self._size + len(keys) - len(reused)
        while top > len(self._dirty):
            self._grow(min(self.capacity, max(top, 2 * len(self._dirty))))
        numbers = reused + list(range(self._size, top))
        self.index.update(zip(keys, numbers, strict=True))
        for number, key in zip(reused, keys, strict=False):
            self.names[number] = key
        self.names[self._size : top] = keys[len(reused) :]
        self._size = top
        rows = np.array(numbers, dtype=np.int64)
        self._columns["last_seen"][rows] = tick
        self._columns["held"][rows] = tick
        self._dirty[rows] = True
        return numbers

    def _give(self, key: str, tick: int) -> int:
        if self._free:
            row = self._free.pop()
        else:
            if self._size == len(self._dirty):
                self._make_room(tick)
            if self._free:
                row = self._free.pop()
            elif self._size < len(self._dirty):
                row = self._size
                self._size += 1
            else:
                return OVERFLOW
        self.index[key] = row
        self.names[row] = key
        self._columns["last_seen"][row] = tick
        self._columns["held"][row] = tick
        self._dirty[row] = True
        return row

    def _make_room(self, tick: int) -> None:
        if self._size < self.capacity:
            self._grow(min(self.capacity, 2 * self._size))
        elif self._full_at != tick and not self.evict(max(1, self.capacity // 16), tick=tick):
            self._full_at = tick  # the tick holds every row: more names in it find none either

    def _grow(self, size: int) -> None:
        old = len(self._dirty)
        for name, spec in self.specification.items():
            # Rows that nobody has yet take no memory: what is zero is not written.
            array = np.zeros((size, *spec.shape), dtype=spec.dtype)
            if spec.fill:
                array[:] = spec.fill
            if old:
                array[:old] = self._columns[name]
            self._columns[name] = array
        self._dirty = np.concatenate([self._dirty, np.zeros(size - old, dtype=bool)])
        self._segment_of = np.concatenate([self._segment_of, np.zeros(size - old, np.int32)])
        self.names.extend([""] * (size - old))

    def _reset(self, rows: Rows) -> None:
        for name, spec in self.specification.items():
            self._columns[name][rows] = spec.fill

    def _parts(self, rows: Rows) -> Iterable[Rows]:
        names = np.array([len(self.names[row].encode()) for row in rows.tolist()], dtype=np.int64)
        filled = np.cumsum(names + self.bytes_per_row + 16) // SEGMENT_BYTES
        return (part for part in np.split(rows, np.flatnonzero(np.diff(filled)) + 1) if len(part))

    def _segment(self, rows: Rows) -> Segment:
        numbers = rows.tolist()
        return Segment(
            rows=rows.astype(np.int32).tobytes(),
            names=[self.names[row] for row in numbers],
            columns={name: array[rows].tobytes() for name, array in self._columns.items()},
        )


def _lowest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the positions of the lowest values, in order; of equal ones the first."""
    if count >= len(values):
        return np.arange(len(values))
    most = np.partition(values, count - 1)[count - 1]
    below, equal = np.flatnonzero(values < most), np.flatnonzero(values == most)
    return np.sort(np.concatenate([below, equal[: count - len(below)]]))
