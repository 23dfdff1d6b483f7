"""What is told of in messages that Kafka takes: cut into parts, or to what fits."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

#: Bytes of alerts, or of other things told one by one, in one message at most: what else it holds
#: leaves room for so much below Kafka's limit.
PART_BYTES = 1_000_000

T = TypeVar("T")


def slices(sizes: NDArray[np.int64], *, most: int) -> list[slice]:
    """Return slices, one at least, that each add up to a maximum and one more at most.

    >>> slices(np.array([3, 3, 3, 9]), most=6)
    [slice(0, 1, None), slice(1, 3, None), slice(3, 4, None)]
    """
    if sizes.sum() < most:  # nearly always
        return [slice(0, len(sizes))]
    ends = np.flatnonzero(np.diff(np.cumsum(sizes) // most)) + 1
    return [slice(*ends) for ends in pairwise([0, *ends.tolist(), len(sizes)])]


def cut(items: Sequence[T]) -> list[Sequence[T]]:
    """Return the items in parts, one at least, by their bytes as msgpack."""
    sizes = [len(msgspec.msgpack.encode(item)) for item in items]
    return [items[part] for part in slices(np.array(sizes, dtype=np.int64), most=PART_BYTES)]


def fitting(items: Iterable[T], room: int) -> list[T]:
    """Return the first items that take no more bytes than there are, as JSON.

    >>> fitting(["ann", "bob", "eve"], room=12)
    ['ann', 'bob']
    """
    kept: list[T] = []
    for item in items:
        room -= len(msgspec.json.encode(item)) + 1
        if room < 0:
            break
        kept.append(item)
    return kept


def lengths(names: Iterable[str], count: int) -> NDArray[np.int64]:
    """Return the bytes of each name.

    >>> lengths(["a", "é"], 2).tolist()
    [1, 2]
    """
    return np.fromiter(map(len, map(str.encode, names)), np.int64, count)
