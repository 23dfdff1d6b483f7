"""Which edges between two kinds of entities come in a burst."""

from dataclasses import dataclass
from typing import Unpack

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.detector import pack, unpack
from detectors.sketches.decayed import Floats
from detectors.sketches.seen import Hashes
from stream.bench.bursts import Bursts, Cells, Settings

#: Multipliers of the finaliser of splitmix64, and its shifts.
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = np.uint64(31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a batch of n edges lies in the sketches; each has two ends, its source first."""

    ends: Cells  # (rows, 2n)
    orders: Cells  # (rows, 2n): ends sorted by cell, those of the same cell as they came
    groups: Cells  # (rows, 2n): where each sorted end's cell begins
    edges: Cells  # (rows, n)
    first: NDArray[np.bool_]  # (rows, n): no earlier edge of the batch lies in the cell
    counts: Floats  # (2n,): 1, and 0 for the second end of an edge from a node to itself


class Edges:
    """Scores every edge by the bursts of its two ends, as it arrives.

    Each end is asked twice: are there more edges at it than usual, and more *new* ones, which were
    not seen for ``fresh`` ticks (a fan-out or fan-in)?  The score is the sum of the four answers
    of `Bursts`, in nats; it counts the edge itself and what came before it, and nothing after.
    How often the edge itself came is not asked: what its ends show already would count twice.

    An edge's ends are told apart by their hashes alone: hash what lives in different worlds with
    different seeds.  Hashes must be keyed, or an attacker chooses whom to collide with.  Memory is
    fixed; collisions make scores lower, seldom higher.

    Args:
        rows: of each sketch.
        width: cells in a row, a power of two.
        fresh: ticks after which an edge is new again.
        seed: of the places in the sketches.
        settings: further arguments of `Bursts`.

    References:
        Bhatia et al. (2020), MIDAS: Microcluster-based detector of anomalies in edge streams.
        Bhatia et al. (2022), Real-time anomaly detection in edge streams.

    >>> edges = Edges(width=1024)
    >>> quiet, loud = np.array([1, 1], np.uint64), np.array([7] * 50, np.uint64)
    >>> for tick in range(200):
    ...     _ = edges.judge(quiet, np.array([2, 3], np.uint64), tick=tick)
    >>> edges.judge(quiet, np.array([2, 3], np.uint64), tick=200).round(1).tolist()
    [0.1, 0.1]
    >>> bool(edges.judge(loud, np.arange(50).astype(np.uint64), tick=201)[-1] > 500)
    True
    """

    def __init__(
        self,
        *,
        rows: int = 2,
        width: int = 1 << 15,
        fresh: int = 1000,
        seed: int = 0,
        **settings: Unpack[Settings],
    ) -> None:
        if width & (width - 1):
            raise ValueError(f"width={width} is not a power of two")
        self.rows, self.width, self.fresh = rows, width, fresh
        self._events = Bursts(rows=rows, width=width, **settings)
        self._partners = Bursts(rows=rows, width=width, **settings)
        self._keys = np.array(
            [[xxhash.xxh3_64_intdigest(bytes([i]), seed)] for i in range(2 * rows + 1)], np.uint64
        )
        self._edge_width = 8 * width
        self._seen_at = np.full(rows * self._edge_width, np.iinfo(np.int64).min // 2)
        self._tick: int | None = None

    @property
    def state_bytes(self) -> int:
        """Bytes held."""
        return self._events.state_bytes + self._partners.state_bytes + self._seen_at.nbytes

    def judge(self, sources: Hashes, destinations: Hashes, *, tick: int) -> Floats:
        """Enter the tick, score the edges in the order given, and learn them."""
        self.advance(tick)
        places = self.place(sources, destinations)
        scores = self.score(places)
        self.learn(places)
        return scores

    def place(self, sources: Hashes, destinations: Hashes) -> Places:
        """Say where edges lie, for `score` and `learn`."""
        ends = np.stack([sources, destinations], axis=1).astype(np.uint64).ravel()
        pairs = _mixed(ends[::2] ^ self._keys[-1]) + ends[1::2]
        cells = self._cells(ends, self._keys[: self.rows], self.width)
        orders = np.argsort(cells, axis=1, kind="stable")
        ordered = np.take_along_axis(cells, orders, axis=1)
        begins = np.zeros(cells.shape, dtype=np.int64)
        begins[:, 1:] = np.where(ordered[:, 1:] != ordered[:, :-1], np.arange(1, cells.shape[1]), 0)
        edges = self._cells(pairs, self._keys[self.rows : -1], self._edge_width)
        first = np.zeros(edges.shape, dtype=bool)
        for row, cells_of_row in zip(first, edges, strict=True):
            row[np.unique(cells_of_row, return_index=True)[1]] = True
        counts = np.ones(len(ends))
        counts[1::2] = ends[::2] != ends[1::2]
        return Places(
            ends=cells,
            orders=orders,
            groups=np.maximum.accumulate(begins, axis=1),
            edges=edges,
            first=first,
            counts=counts,
        )

    def advance(self, tick: int) -> None:
        """Enter a tick, as `Bursts.advance`."""
        self._tick = tick if self._tick is None else max(tick, self._tick)
        self._events.advance(tick)
        self._partners.advance(tick)

    def score(self, places: Places) -> Floats:
        """Return the nats of each edge (n,); changes nothing."""
        new = self._new(places)
        nats = self._events.score(places.ends, _so_far(places, places.counts))
        if new.any():
            nats += self._partners.score(places.ends, _so_far(places, new))
        else:
            nats += self._partners.score(places.ends, np.zeros(places.ends.shape))
        total: Floats = nats[::2] + nats[1::2]
        return total

    def learn(self, places: Places) -> None:
        """Count the edges in."""
        assert self._tick is not None, "enter a tick before learning"
        new = self._new(places)
        self._events.learn(places.ends, places.counts)
        if new.any():
            self._partners.learn(places.ends[:, new > 0], new[new > 0])
        self._seen_at[places.edges.ravel()] = self._tick

    def snapshot(self) -> bytes:
        """Return all that was learned."""
        return pack(
            {
                "events": self._events.snapshot(),
                "partners": self._partners.snapshot(),
                "seen_at": self._seen_at.tobytes(),
                "tick": self._tick,
            }
        )

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot` of a sketch with the same settings."""
        kept = unpack(state)
        self._events.restore(kept["events"])
        self._partners.restore(kept["partners"])
        self._seen_at = np.frombuffer(kept["seen_at"], dtype=np.int64).copy()
        self._tick = kept["tick"]

    def _new(self, places: Places) -> Floats:
        """Return for each end 1 where its edge is new, and 0 where not."""
        assert self._tick is not None, "enter a tick before scoring"
        unseen = places.first & (self._tick - self._seen_at[places.edges] > self.fresh)
        return np.repeat(unseen.any(axis=0), 2) * places.counts

    def _cells(self, hashes: Hashes, keys: Hashes, width: int) -> Cells:
        mixed = _mixed(hashes[None, :] ^ keys) & np.uint64(width - 1)
        return mixed.astype(np.int64) + np.arange(len(keys))[:, None] * width


def _mixed(values: Hashes) -> Hashes:
    """Return the finaliser of splitmix64 over keyed values."""
    for shift, multiplier in _MIX:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(multiplier)
    return values ^ (values >> _LAST_SHIFT)


def _so_far(places: Places, amounts: Floats) -> Floats:
    """Return the sum of each cell's amounts up to and with each end, (rows, 2n)."""
    sums = np.cumsum(amounts[places.orders], axis=1)
    before = np.take_along_axis(
        np.concatenate([np.zeros((len(sums), 1)), sums], axis=1), places.groups, axis=1
    )
    counts = np.empty(sums.shape)
    np.put_along_axis(counts, places.orders, sums - before, axis=1)
    return counts
