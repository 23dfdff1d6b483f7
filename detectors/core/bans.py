"""Bans on their way from the accounts to the groups."""

import heapq
from typing import Any

#: Seconds of event time after which a ban is told again.  Lifecycle events and requests are two
#: topics: after a crash a ban may be read before ticks that the groups know already, and what is
#: said with these is skipped.  Groups take a ban once, however often they hear of it.
REPEATS = (10, 50, 540)
#: Bans in one delta at most.
IN_ONE = 1_000
#: Bytes of bans on their way at most, and of each besides its account: some 60,000 of usual names.
#: They are part of a checkpoint's manifest, which is one message.
ROOM, ENTRY = 4_000_000, 24
#: Of the room, what repeats leave to bans that were never told.
RESERVED = ROOM // 2


class Bans:
    """Keeps each ban until it was told with the ticks it belongs to.

    Repeats are the first to find no room; what finds none is counted.

    >>> bans = Bans()
    >>> bans.add("eve", at=100)
    >>> bans.due(99), bans.due(100), bans.due(101)
    ([], [('eve', 100)], [])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, str, int, int]] = []  # due, number, account, at, told
        self._number = 0
        self._bytes = 0
        self.lost = self.unrepeated = 0  # bans and repeats that found no room

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, account: str, *, at: int) -> None:
        """Take in that an account was banned in a second of event time."""
        self.lost += not self._push(at, account, at, 0, room=ROOM)

    def due(self, tick: int) -> list[tuple[str, int]]:
        """Return the accounts to be told of with a tick, and when each was banned."""
        told: list[tuple[str, int, int]] = []
        while self._waiting and self._waiting[0][0] <= tick and len(told) < IN_ONE:
            _, _, account, at, times = heapq.heappop(self._waiting)
            self._bytes -= _size(account)
            told.append((account, at, times))
        for account, at, times in told:
            if times < len(REPEATS):
                due = tick + REPEATS[times]
                room = ROOM - RESERVED
                self.unrepeated += not self._push(due, account, at, times + 1, room=room)
        return [(account, at) for account, at, _ in told]

    def snapshot(self) -> list[Any]:
        """Return what is still to be told."""
        return [self._number, sorted(self._waiting)]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self._number = state[0]
        self._waiting = [tuple(entry) for entry in state[1]]
        self._bytes = sum(_size(account) for _, _, account, _, _ in self._waiting)

    def _push(self, due: int, account: str, at: int, told: int, *, room: int) -> bool:
        """Keep a ban until it is due, if there is room; say whether there was."""
        if self._bytes + _size(account) > room:
            return False
        heapq.heappush(self._waiting, (due, self._number, account, at, told))
        self._number += 1
        self._bytes += _size(account)
        return True


def _size(account: str) -> int:
    return len(account.encode()) + ENTRY
