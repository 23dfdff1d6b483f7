"""Was this one here before: an exact memory of the last so many ids."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WAYS = 8
#: Hashes in one saved segment at most.
SEGMENT = 50_000


class Seen:
    """Remembers the hashes of the last ids, so that a repeated record changes nothing.

    A set-associative table: the hash chooses a bucket of eight places, and within a bucket the
    newest replaces the oldest.  Buckets are laid out for twice the capacity, so that about
    ``capacity`` of the newest ids are remembered.  Hashes must be keyed, or an attacker chooses
    what is forgotten.

    >>> seen = Seen(capacity=1024)
    >>> seen.fresh(np.array([7, 8, 7], dtype=np.uint64)).tolist()
    [True, True, False]
    >>> seen.fresh(np.array([8, 9], dtype=np.uint64)).tolist()
    [False, True]
    """

    def __init__(self, *, capacity: int) -> None:
        buckets = 1
        while buckets * WAYS < 2 * capacity:
            buckets *= 2
        self.capacity = capacity
        self._mask = np.uint64(buckets - 1)
        self._places = np.zeros((buckets, WAYS), dtype=np.uint64)
        self._next = np.zeros(buckets, dtype=np.uint8)
        self._unsaved: deque[Hashes] = deque()
        self._waiting = 0  # hashes in it
        self._segments: dict[int, int] = {}  # number -> hashes in it, oldest first
        self._next_segment = 1

    @property
    def state_bytes(self) -> int:
        """Bytes held."""
        return self._places.nbytes + self._next.nbytes

    def fresh(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Say of each hash whether it is new, and remember it: as if they came one by one."""
        hashes = np.maximum(hashes, np.uint64(1))  # zero marks an empty place
        buckets = (hashes & self._mask).astype(np.int64)
        new: NDArray[np.bool_] = (self._places[buckets] != hashes[:, None]).all(axis=1)
        order = hashes.argsort(kind="stable")
        ordered = hashes[order]
        new[order[1:][ordered[1:] == ordered[:-1]]] = False
        if new.all():
            self._remember(hashes)
        elif new.any():
            both = set(buckets[new].tolist()).intersection(buckets[~new].tolist())
            mixed = np.isin(buckets, list(both)) if both else np.zeros(len(hashes), dtype=bool)
            self._remember(hashes[new & ~mixed])
            for position in np.flatnonzero(mixed).tolist():  # what is new may push out the old
                bucket, one = buckets[position], hashes[position : position + 1]
                new[position] = not (self._places[bucket] == one).any()
                if new[position]:
                    self._remember(one)
        if new.any():
            self._unsaved.append(hashes[new])
            self._waiting += int(new.sum())
            while self._waiting - len(self._unsaved[0]) >= 2 * self.capacity:
                self._waiting -= len(self._unsaved.popleft())  # `save` would drop them
        return new

    def holds(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Say of each hash whether it is remembered, and remember nothing.

        >>> Seen(capacity=1024).holds(np.array([7], dtype=np.uint64)).tolist()
        [False]
        """
        hashes = np.maximum(hashes, np.uint64(1))
        buckets = (hashes & self._mask).astype(np.int64)
        held: NDArray[np.bool_] = (self._places[buckets] == hashes[:, None]).any(axis=1)
        return held

    def _remember(self, hashes: Hashes) -> None:
        if not len(hashes):
            return
        buckets = (hashes & self._mask).astype(np.int64)
        order = buckets.argsort(kind="stable")
        ordered = buckets[order]
        starts = np.zeros(len(ordered), dtype=np.int64)
        other = (ordered[1:] != ordered[:-1]).nonzero()[0] + 1
        starts[other] = other
        rank = np.arange(len(ordered)) - np.maximum.accumulate(starts)
        place = (self._next[ordered] + rank) % WAYS
        self._places[ordered, place] = hashes[order]
        self._next[ordered] = (place + 1) % WAYS  # of one bucket the last counts

    @property
    def segments(self) -> list[int]:
        """Numbers of the saved segments that are needed, oldest first."""
        return list(self._segments)

    def save(self) -> tuple[dict[int, bytes], list[int]]:
        """Return segments of what came since the last save, and numbers needed no more."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._unsaved])[-2 * self.capacity :]
        self._unsaved.clear()
        self._waiting = 0
        new, gone = {}, []
        for start in range(0, len(hashes), SEGMENT):
            part = hashes[start : start + SEGMENT]
            number, self._next_segment = self._next_segment, self._next_segment + 1
            new[number], self._segments[number] = part.tobytes(), len(part)
        while sum(self._segments.values()) > 2 * self.capacity:
            gone.append(next(iter(self._segments)))
            del self._segments[gone[-1]]
        return new, gone

    def load(self, number: int, data: bytes) -> None:
        """Take back a segment; the oldest first."""
        hashes = np.frombuffer(data, dtype=np.uint64)
        self._remember(hashes)
        self._segments[number], self._next_segment = len(hashes), number + 1
