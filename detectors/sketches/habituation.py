"""Heard before: what keeps coming is told once, and counts for less the next time."""

import math
from typing import Any

#: Strengths above which an answer is remembered, and the fadings after which it is forgotten.
STRONG, FORGOTTEN = 3.0, 5.0


class Habituation:
    """Lets a strength through once in a while, divided by how often the like was let through.

    After one that was let through, others within ``rest`` values must be ``louder`` times as
    strong.  A strength v becomes v / (1 + k), where k counts the earlier ones of at least
    ``alike`` times v, fading over ``memory`` values: the p-value that v has among its own kind,
    turned over.

    >>> habituation = Habituation()
    >>> [habituation.judge(strength) for strength in (8.0, 9.0, 40.0)]
    [8.0, 0.0, 40.0]
    """

    def __init__(
        self,
        *,
        rest: int = 110,
        louder: float = 4.0,
        alike: float = 0.7,
        memory: float = 5000.0,
    ) -> None:
        self.rest, self.louder, self.alike, self.memory = rest, louder, alike, memory
        self._number = 0
        self._last: tuple[int, float] | None = None
        self._told: list[tuple[int, float]] = []

    def judge(self, strength: float) -> float:
        """Return what is left of a strength, zero where it is held back."""
        number, last = self._number, self._last
        self._number += 1
        if last and number - last[0] < self.rest and strength <= self.louder * last[1]:
            return 0.0
        like = sum(
            math.exp(-(number - then) / self.memory)
            for then, before in self._told
            if before >= self.alike * strength
        )
        self._last = number, strength
        if strength > STRONG:
            oldest = number - FORGOTTEN * self.memory
            self._told = [told for told in self._told if told[0] > oldest]
            self._told.append((number, strength))
        return strength / (1.0 + like)

    def snapshot(self) -> list[Any]:
        """Return all that is remembered."""
        return [self._number, self._last, self._told]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self._number, last, told = state
        self._last = (last[0], last[1]) if last else None
        self._told = [(number, strength) for number, strength in told]
