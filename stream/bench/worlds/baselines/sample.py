"""A share of the accounts, for methods that cannot afford all of them."""

import heapq

import xxhash

_ALL = 1 << 32


class Sample:
    """Chooses accounts by a hash of their name, so that no label has a part in it.

    >>> sample = Sample(most=2)
    >>> met = [sample.takes(name) for name in ("a", "b", "c", "d")]
    >>> [sample.takes(name) for name in ("a", "b", "c", "d")].count(True)
    2

    Args:
        most: accounts at most; once more were met, those with the highest hashes are let go.
    """

    def __init__(self, *, most: int) -> None:
        self.most, self.bound = most, _ALL
        self._kept: set[str] = set()
        self._highest: list[tuple[int, str]] = []  # a heap of hashes, negated

    def takes(self, account: str) -> bool:
        """Say whether an account belongs to the sample, as far as is known."""
        if account in self._kept:
            return True
        value = xxhash.xxh3_64_intdigest(account.encode()) >> 32
        if value >= self.bound:
            return False
        self._kept.add(account)
        heapq.heappush(self._highest, (-value, account))
        if len(self._kept) > self.most:
            highest, out = heapq.heappop(self._highest)
            self.bound = -highest
            self._kept.discard(out)
        return account in self._kept

    @property
    def note(self) -> str:
        """What is to be said of it below a table."""
        if self.bound == _ALL:
            return ""
        return f"a hashed sample of {self.most:,} accounts: all would have taken too long"
