"""Numbers for the names of groups, so that links are integers until they are sent."""

from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.batch import LONGEST, egress_of
from detectors.core.numbering import numbered

SCOPES = ("proxy", "payment", "template")


class GroupNames:
    """Gives each group that a request names a number, on first sight.

    ``egress``, ``payment`` and ``template`` translate what stands in a request, -1 for nothing;
    they are dictionaries with numpy's arrays around them, as every request asks three times.

    >>> names = GroupNames(seed=0)
    >>> names.egress["203.0.113.7"] == names.egress["203.0.113.9"]
    True
    >>> names.named(np.array([0]))
    ['proxy:203.0.113.0/24']
    """

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self.clear()

    def __len__(self) -> int:
        """Return how many values are remembered, the addresses of one egress each."""
        return len(self.egress) + len(self.payment) + len(self.template)

    def clear(self) -> None:
        """Forget all names; numbers given out before mean nothing any more."""
        self.egress = _Egresses(self, 0)
        self.payment = _Numbers(self, 1)
        self.template = _Numbers(self, 2)
        self._values: list[str] = []
        self._hashes = np.zeros(1024, dtype=np.uint64)
        self._scopes = np.zeros(1024, dtype=np.int8)
        self._lengths = np.zeros(1024, dtype=np.int64)

    def add(self, scope: int, value: str) -> int:
        """Give a number to a group that has none."""
        number = len(self._values)
        if number == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._scopes = np.concatenate([self._scopes, np.zeros_like(self._scopes)])
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._values.append(value)
        self._scopes[number] = scope
        name = f"{SCOPES[scope]}:{value}".encode()
        self._hashes[number] = xxhash.xxh3_64_intdigest(name, self.seed)
        self._lengths[number] = len(name)
        return number

    def named(self, numbers: NDArray[np.int64]) -> list[str]:
        """Return the names of groups, ``scope:value`` each."""
        scopes = self._scopes[numbers].tolist()
        return [
            f"{SCOPES[scope]}:{self._values[number]}"
            for scope, number in zip(scopes, numbers.tolist(), strict=True)
        ]

    def hashes(self, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keyed hash of each group's name."""
        return self._hashes[numbers]

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bytes of each group's name."""
        return self._lengths[numbers]

    def in_order(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the groups in the order of their hashes, and each number's place in it.

        Numbers are given out on first sight: after a restart, or when requests come in other
        batches, they are others.  What is sent must not show that.
        """
        used, inverse = numbered(numbers)
        order = np.argsort(self.hashes(used), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return used[order], place[inverse]

    def are(self, scope: str, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which groups are of a scope."""
        return np.asarray(self._scopes[numbers] == SCOPES.index(scope))


class _Numbers(dict[str | None, int]):
    """Numbers of one scope's groups by what stands in the request; -1 for none."""

    def __init__(self, names: GroupNames, scope: int) -> None:
        super().__init__({None: -1, "": -1})
        self._names, self._scope = names, scope

    def numbers(self, values: Sequence[str | None]) -> NDArray[np.int64]:
        """Return the number of each value, -1 for None."""
        return np.fromiter(map(self.__getitem__, values), np.int64, len(values))

    def __missing__(self, value: str | None) -> int:
        # A line break parts group and account in the name of a membership.
        number = self[value] = self._names.add(self._scope, (value or "").replace("\n", " "))
        return number


class _Egresses(_Numbers):
    """Numbers of egresses by address: many addresses are one egress."""

    def __missing__(self, value: str | None) -> int:
        name = egress_of(value or "")
        number = self[name] if name != value else super().__missing__(value)
        if len(value or "") <= LONGEST:  # `ip` itself has no limit
            self[value] = number
        return number
