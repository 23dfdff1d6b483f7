"""Which conversations an account leads: denied requests, and those it never began."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.sketches.seen import Seen

Hashes = NDArray[np.uint64]

#: Prefixes of one request that are looked at, the newest.
NEWEST = 8
#: Denied or orphaned requests told with one tick at most: of one account, and to one partition.
OF_ACCOUNT, IN_TICK = 4, 1_000
#: Denied requests of a tick looked at: a bound on memory if time stands.
DENIED = 100_000
_Asked = tuple[str, list[str], str]  # account, prefixes, id
_Told = tuple[str, tuple[int, ...], str]  # account, hashes of the newest prefixes, id
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)


@dataclass(slots=True)
class News:
    """What one tick says of conversations to one partition of the groups."""

    denied: list[str] = field(default_factory=list)
    denied_prefix: bytes = b""  # uint64 each: keyed hash of the newest prefix
    orphans: list[str] = field(default_factory=list)
    orphan_ids: list[str] = field(default_factory=list)
    orphan_prefixes: bytes = b""  # uint64, `NEWEST` each, newest first, zero for none

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a delta that carry it."""
        return {
            "denied": self.denied,
            "denied_prefix": self.denied_prefix,
            "orphans": self.orphans,
            "orphan_ids": self.orphan_ids,
            "orphan_prefixes": self.orphan_prefixes,
        }


class Conversations:
    """Remembers which prefixes each account sent last, to tell a conversation that it took over.

    A request is an *orphan* when none of its earlier prefixes was the newest of an earlier request
    of the same account: somebody else led the conversation until here, or it is older than the
    memory.  A conversation's first request is never one, and a shared system prompt makes none: it
    is nobody's newest prefix.  Only orphans and denied requests are told to the groups, those
    of one first prefix to one partition, so that all that goes on under one application meets.

    What is remembered is bounded; what is forgotten makes an orphan that nobody was denied.  The
    ticks of event time bound what is compared, so that no outcome depends on batches.

    Args:
        partitions: of the groups.
        capacity: prefixes remembered; no memory is taken before the first.
        seed: key of the hashes.
    """

    def __init__(self, *, partitions: int, capacity: int, seed: int) -> None:
        self.partitions, self.capacity, self.seed = partitions, capacity, seed
        self.seen: Seen | None = None
        self._requests: list[_Asked] = []
        self._denied: list[_Asked] = []

    @property
    def state_bytes(self) -> int:
        """Bytes that the remembered prefixes hold."""
        return 0 if self.seen is None else self.seen.state_bytes

    @property
    def pending(self) -> bool:
        """Say whether the tick in progress has something to tell."""
        return bool(self._requests or self._denied)

    def add(
        self,
        accounts: Sequence[str],
        prefixes: Sequence[list[str] | None],
        ids: Sequence[str],
        denied: NDArray[np.bool_],
        fresh: NDArray[np.bool_],
    ) -> None:
        """Take in requests of the tick in progress; those that are not fresh do not count."""
        for account, own, name, no, new in zip(
            accounts, prefixes, ids, denied.tolist(), fresh.tolist(), strict=True
        ):
            if own and new and not no:
                self._requests.append((account, own, name))
            elif own and new and len(self._denied) < DENIED:
                self._denied.append((account, own, name))

    def close(self) -> list[News]:
        """Return what the tick that ends says to each partition of the groups."""
        news = [News() for _ in range(self.partitions)]
        requests, self._requests = self._requests, []
        denied, self._denied = self._denied, []
        orphans = self._orphans(requests) if requests else []
        for position, one in enumerate(self._chosen([d for d in denied if len(d[1]) > 1])):
            news[position].denied = [account for account, _, _ in one]
            news[position].denied_prefix = np.array([h[0] for _, h, _ in one], "<u8").tobytes()
        for position, one in enumerate(self._chosen(orphans)):
            news[position].orphans = [account for account, _, _ in one]
            news[position].orphan_ids = [name for _, _, name in one]
            rows = [h + (0,) * (NEWEST - len(h)) for _, h, _ in one]
            news[position].orphan_prefixes = np.array(rows, "<u8").tobytes()
        return news

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and what tells them apart."""
        new, gone = self.seen.save() if self.seen is not None else ({}, [])
        kept = self.seen.segments if self.seen is not None else []
        segments = {f"prefix/{number}": data for number, data in new.items()}
        return segments, [f"prefix/{number}" for number in gone], {"segments": kept}

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        for number in state["segments"]:
            self._memory().load(number, segments[f"prefix/{number}"])

    def _orphans(self, requests: list[_Asked]) -> list[_Asked]:
        """Return the requests none of whose earlier prefixes was their account's newest."""
        memory = self._memory()
        digest = xxhash.xxh3_64_intdigest
        names, lists, _ = zip(*requests, strict=True)
        accounts = _hashes(map(digest, map(str.encode, names), repeat(self.seed)), len(names))
        memory.fresh(_own(self._digests([own[-1] for own in lists]), accounts))
        unknown = [number for number, own in enumerate(lists) if len(own) > 2]
        for back in range(2, NEWEST + 2):  # the prefix before the newest is nearly always known
            longer = [number for number in unknown if len(lists[number]) >= back]
            if not longer:
                break
            earlier = self._digests([lists[number][-back] for number in longer])
            known = memory.holds(_own(earlier, accounts[longer]))
            led = {number for number, held in zip(longer, known.tolist(), strict=True) if held}
            unknown = [number for number in unknown if number not in led]
        return [requests[number] for number in unknown]

    def _chosen(self, requests: list[_Asked]) -> list[list[_Told]]:
        """Return, for each partition, the requests told to it with their newest prefixes.

        Of too many, those with the lowest keyed hashes: nobody can choose to be among them.
        """
        chosen: list[list[_Told]] = [[] for _ in range(self.partitions)]
        digest = xxhash.xxh3_64_intdigest
        made: dict[tuple[int, str], tuple[str, tuple[int, ...], str]] = {}
        for account, own, name in requests:
            newest = [digest(p.encode(), self.seed) | 1 for p in own[: -NEWEST - 1 : -1]]
            if len(own) <= NEWEST:
                newest.pop()  # the first one is nobody's own
            made.setdefault((newest[0], account), (own[0], tuple(newest), name))
        told = dict.fromkeys([account for _, account in made], 0)
        for (_, account), (first, prefixes, name) in sorted(made.items()):
            partition = chosen[digest(first.encode(), self.seed) % self.partitions]
            if told[account] < OF_ACCOUNT and len(partition) < IN_TICK:
                told[account] += 1
                partition.append((account, prefixes, name))
        return chosen

    def _digests(self, texts: Sequence[str]) -> Hashes:
        digest = xxhash.xxh3_64_intdigest
        return _hashes(map(digest, map(str.encode, texts), repeat(self.seed)), len(texts))

    def _memory(self) -> Seen:
        if self.seen is None:
            self.seen = Seen(capacity=self.capacity)
        return self.seen


def _hashes(values: Any, count: int) -> Hashes:
    return np.fromiter(values, np.uint64, count)


def _own(prefixes: Hashes, accounts: Hashes) -> Hashes:
    """Return hashes of prefixes under accounts; neither's key can be chosen around."""
    mixed: Hashes = (prefixes ^ accounts) * _ODD
    return mixed ^ (mixed >> np.uint64(32))
