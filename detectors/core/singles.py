"""Who is alone in a group, so that the second to come is noticed."""

from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.profiles import OVERFLOW, Column, Profiles, Rows

#: Seconds after which a single's idleness is written down anew.
REFRESH = 600


class Singles(Profiles):
    """The one account of each group that has no other.

    Args:
        capacity: groups kept at most.
        seed: key of the hash that stands for the account.

    >>> singles = Singles(capacity=10, seed=0)
    >>> none = np.zeros(1, np.int64)
    >>> singles.joined(["proxy:a"], np.array([0]), ["ann"], client=none, tick=1).tolist()
    []
    >>> singles.joined(["proxy:a"], np.array([0]), ["bob"], client=none, tick=2).tolist()
    [0]
    """

    def __init__(self, *, capacity: int, seed: int) -> None:
        columns = {"account": Column("uint64"), "client": Column("uint16")}
        super().__init__(capacity=capacity, columns=columns)
        self.seed = seed

    def joined(
        self,
        groups: list[str],
        which: Rows,
        accounts: Sequence[str],
        *,
        client: Rows,
        tick: int,
    ) -> NDArray[np.int64]:
        """Note who was seen in which group; return the positions of groups that have two.

        Args:
            groups: names, each once.
            which: position in ``groups`` of each link.
            accounts: the account of each link.
            client: which each came with, 0 where that is of no matter.
            tick: second of event time.
        """
        digest = xxhash.xxh3_64_intdigest
        rows = self.rows_of(groups, tick=tick)
        hashes = np.array([digest(a.encode(), self.seed) | 1 for a in accounts], dtype=np.uint64)
        alone = self["account"]
        first = np.zeros(len(groups), dtype=np.int64)
        first[which[::-1]] = np.arange(len(which))[::-1]
        empty = alone[rows] == 0
        alone[rows[empty]] = hashes[first[empty]]
        stale = empty | (tick - self["last_seen"][rows] > REFRESH)
        self["last_seen"][rows[stale]] = tick
        self.mark(rows[stale])
        row = rows[which]
        second = (alone[row] != hashes) & (row != OVERFLOW)
        told = (client > 0) & (client != self["client"][row]) & (alone[row] == hashes)
        self["client"][row[told]] = client[told]
        self.mark(row[told])
        return np.unique(which[second])
