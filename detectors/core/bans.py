"""Bans on their way from the accounts to the groups."""

import heapq
from typing import Any

#: Seconds of event time after which a ban is told again.  Lifecycle events and requests are two
#: topics: after a crash a ban may be read before ticks that the groups know already, and what is
#: said with these is skipped.  Groups take a ban once, however often they hear of it.
REPEATS = (10, 50, 540)
#: Bans in one delta, and on their way, at most; of more than that only some are told again.
IN_ONE, WAITING = 1_000, 10_000


class Bans:
    """Keeps each ban until it was told with the ticks it belongs to.

    >>> bans = Bans()
    >>> bans.add("eve", at=100)
    >>> bans.due(99), bans.due(100), bans.due(101)
    ([], [('eve', 100)], [])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, str, int, int]] = []  # due, number, account, at, told
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, account: str, *, at: int) -> None:
        """Take in that an account was banned in a second of event time."""
        if len(self._waiting) < WAITING:
            self._push(at, account, at, 0)

    def due(self, tick: int) -> list[tuple[str, int]]:
        """Return the accounts to be told of with a tick, and when each was banned."""
        told: list[tuple[str, int, int]] = []
        while self._waiting and self._waiting[0][0] <= tick and len(told) < IN_ONE:
            _, _, account, at, times = heapq.heappop(self._waiting)
            told.append((account, at, times))
        for account, at, times in told:
            if times < len(REPEATS) and len(self._waiting) < WAITING:
                self._push(tick + REPEATS[times], account, at, times + 1)
        return [(account, at) for account, at, _ in told]

    def snapshot(self) -> list[Any]:
        """Return what is still to be told."""
        return [self._number, sorted(self._waiting)]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self._number = state[0]
        self._waiting = [tuple(entry) for entry in state[1]]

    def _push(self, due: int, account: str, at: int, told: int) -> None:
        heapq.heappush(self._waiting, (due, self._number, account, at, told))
        self._number += 1
