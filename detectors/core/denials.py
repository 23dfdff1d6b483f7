"""Conversations that were broken off by a denial, until somebody may go on with them."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Any

from detectors.core.detector import pack, unpack

#: Seconds after a denial within which a conversation that goes on is one that fled.
SOON = 900
#: Seconds after which a denial of the same account at the same prefix counts as new.
REFRESH = 300
#: Denials kept at most, and of one account: a flood pushes out the oldest, and only its own.
MOST, OF_ACCOUNT = 50_000, 64
#: Accounts that may be denied at one prefix: what more of them share is no conversation.
SHARED = 4
#: Entries of one saved segment at most.
SEGMENT = 4_000
#: What the log says: an account was denied; another one was; somebody went on.
BEGUN, SHARED_BY, TAKEN = range(3)


class Denials:
    """Which account was denied at which prefix lately; oldest first.

    State is saved as a log: what was noted since the last save.  A segment is dropped when nothing
    in it is kept any more.

    >>> denials = Denials()
    >>> denials.note(17, "ann", tick=0)
    True
    >>> denials.take([3, 17], "bob", tick=60), denials.take([3, 17], "eve", tick=61)
    ('ann', None)
    """

    def __init__(self) -> None:
        # prefix -> number, account, tick, other accounts denied there
        self._kept: OrderedDict[int, tuple[int, str, int, list[str]]] = OrderedDict()
        self._of_account: Counter[str] = Counter()
        self._number = 0
        self._log: list[tuple[int, int, int, str, int]] = []  # number, what, prefix, account, tick
        self._segments: dict[int, int] = {}  # the highest number in each
        self._next_segment = 1

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[tuple[int, str, int]]:
        """Give out each prefix, the account first denied there, and when; oldest first."""
        return ((prefix, account, at) for prefix, (_, account, at, _) in self._kept.items())

    def note(self, prefix: int, account: str, *, tick: int) -> bool:
        """Take in that an account was denied at a prefix; say whether it is kept as new."""
        self._forget(tick)
        found = self._kept.get(prefix)
        if found is not None and found[1] == account and tick - found[2] > REFRESH:
            self._drop_one(prefix)  # it is still being tried: as new
            found = None
        if found is None and self._of_account[account] < OF_ACCOUNT:
            self._begin(self._write(BEGUN, prefix, account, tick), prefix, account, tick)
            return True
        if found is not None:
            _, first, _, others = found
            if account != first and account not in others and len(others) < SHARED:
                others.append(account)
                self._write(SHARED_BY, prefix, account, tick)
        return False

    def take(self, prefixes: list[int], account: str, *, tick: int) -> str | None:
        """Return whose conversation an account goes on with, and break its trace there.

        Args:
            prefixes: of the request, newest first.
            account: whose request it is.
            tick: second of event time.
        """
        self._forget(tick)
        for prefix in prefixes:
            found = self._kept.get(prefix)
            if found is not None:
                _, first, _, others = found
                if account == first or account in others or len(others) >= SHARED:
                    return None
                others += [""] * SHARED
                self._write(TAKEN, prefix, "", tick)
                return first
        return None

    def of(self, account: str) -> int:
        """Return how many denials of an account are kept."""
        return self._of_account.get(account, 0)

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and what tells them apart."""
        oldest = next((entry[0] for entry in self._kept.values()), self._number + 1)
        gone = [number for number, highest in self._segments.items() if highest < oldest]
        for number in gone:
            del self._segments[number]
        segments = {}
        for start in range(0, len(self._log), SEGMENT):
            number, self._next_segment = self._next_segment, self._next_segment + 1
            part = self._log[start : start + SEGMENT]
            segments[f"denial/{number}"] = pack({"log": part})
            self._segments[number] = part[-1][0]
        self._log = []
        state = {
            "segments": list(self._segments),
            "next": self._next_segment,
            "number": self._number,
            "oldest": oldest,
        }
        return segments, [f"denial/{number}" for number in gone], state

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        for segment in state["segments"]:
            log = unpack(segments[f"denial/{segment}"])["log"]
            for number, kind, prefix, account, tick in log:
                self._forget(tick)
                if kind == BEGUN:
                    if prefix in self._kept:  # it was pushed out since
                        self._drop_one(prefix)
                    self._begin(number, prefix, account, tick)
                elif prefix in self._kept:
                    self._kept[prefix][3].extend([account] if account else [""] * SHARED)
            self._segments[segment] = log[-1][0]
        while self._kept and next(iter(self._kept.values()))[0] < state["oldest"]:
            self._drop()
        self._number, self._next_segment = state["number"], state["next"]

    def _begin(self, number: int, prefix: int, account: str, tick: int) -> None:
        self._kept[prefix] = number, account, tick, []
        self._of_account[account] += 1
        if len(self._kept) > MOST:
            self._drop()

    def _write(self, kind: int, prefix: int, account: str, tick: int) -> int:
        self._number += 1
        self._log.append((self._number, kind, prefix, account, tick))
        return self._number

    def _forget(self, tick: int) -> None:
        while self._kept and next(iter(self._kept.values()))[2] < tick - SOON:
            self._drop()

    def _drop(self) -> None:
        self._drop_one(next(iter(self._kept)))

    def _drop_one(self, prefix: int) -> None:
        account = self._kept.pop(prefix)[1]
        self._of_account[account] -= 1
        if not self._of_account[account]:
            del self._of_account[account]
