"""How many different ones: linear counting in the bits of a few words."""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def mark(words: Words, positions: NDArray[np.int64], hashes: Words) -> None:
    """Set the bit of each hash in ``words[position]``, in place; ``words`` is (n, w)."""
    bits = words.shape[1] * 64
    places = (hashes % np.uint64(bits)).astype(np.int64)
    masks = np.uint64(1) << (places % 64).astype(np.uint64)
    np.bitwise_or.at(words, (positions, places // 64), masks)


def marked(words: Words, hashes: Words) -> NDArray[np.bool_]:
    """Say of each hash whether its bit is set in its own row of ``words``, (n, w) and (n,)."""
    bits = words.shape[1] * 64
    places = (hashes % np.uint64(bits)).astype(np.int64)
    found = words[np.arange(len(words)), places // 64] >> (places % 64).astype(np.uint64)
    return (found & np.uint64(1)).astype(np.bool_)


def estimate(words: Words) -> NDArray[np.float64]:
    """Return how many different hashes were marked in each row; (n, w) in, (n,) out.

    Linear counting: with ``m`` bits of which ``z`` are zero, ``m ln(m / z)``; a full row counts
    as if half a bit were left.

    References:
        Whang, Vander-Zanden, Taylor (1990), A linear-time probabilistic counting algorithm.

    >>> words = np.zeros((1, 4), dtype=np.uint64)
    >>> mark(words, np.zeros(3, dtype=np.int64), np.array([5, 70, 5], dtype=np.uint64))
    >>> round(float(estimate(words)[0]), 1)
    2.0
    """
    bits = words.shape[1] * 64
    ones = np.bitwise_count(words).sum(axis=1)
    zeros = np.maximum(bits - ones.astype(np.float64), 0.5)
    counts: NDArray[np.float64] = bits * np.log(bits / zeros)
    return counts
