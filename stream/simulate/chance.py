"""A short stream of choices that takes no set-up: one for every prompt."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """Choices drawn from one number: the same number, the same choices."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 up to but without `bound`."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self._state >> 33) % bound

    def pick(self, items: Sequence[Item]) -> Item:
        """Draw one of the items."""
        return items[self.below(len(items))]
