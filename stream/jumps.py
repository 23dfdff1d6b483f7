"""The time of files: it leaps ahead only where the records that follow agree."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.core.records import Request
from stream.decoded import DeadLetter, Decoded

#: Seconds ahead of the newest request past which a request must be confirmed.
JUMP = 3600.0
#: Requests behind it that are asked, among so many lines; and the part that may gainsay it.
LOOK, LINES, GAINSAY = 64, 2048, 0.25
#: Seconds that a request may leap ahead where none follows that could gainsay it.
UNASKED = 86_400.0

#: What a file holds, and what its lines are counted from.
Part = tuple[Decoded, int]


class Jumps:
    """Refuses requests that lie far ahead of the records around them.

    Time is the newest request's, so one wrong time would put all that follows into one second.
    A file has no clock to hold times against, but it has what follows: a request more than an hour
    ahead of the newest before it is believed where at most a quarter of the next 64 requests lie
    more than an hour before it.  After a weekend all of them agree; a lone time from another year
    is a dead letter, and time stays where it was.  The first request has none before it, and is
    held against those behind it alike.

    What is undecided waits with all that follows, for so many requests or `LINES` lines at most, so
    that neither order nor outcome depends on how the input is cut.

    >>> requests = [
    ...     Request(id=str(i), ts=ts, account="a", model="m")
    ...     for i, ts in enumerate([1e9, 2.1e9, 1e9 + 1, 1e9 + 90_000, 1e9 + 90_001])
    ... ]
    >>> times = np.array([request.ts for request in requests])
    >>> jumps = Jumps()
    >>> parts = jumps.take(Decoded(requests=requests, times=times, offsets=np.arange(1, 6)), base=0)
    >>> [(decoded, _)] = jumps.finish()
    >>> [request.id for request in decoded.requests], decoded.dead_letters[0].detail[:34]
    (['0', '2', '3', '4'], 'ts lies 1,100,000,000 s ahead of t')
    """

    def __init__(self) -> None:
        self.refused = 0
        self._newest = -np.inf
        self._waiting: list[Part] = []

    def take(self, decoded: Decoded, *, base: int) -> list[Part]:
        """Take in what one block held, and return what is decided, in order."""
        self._waiting.append((decoded, base))
        return self._decide(ended=False)

    def finish(self) -> list[Part]:
        """Return what is left, after the last record."""
        return self._decide(ended=True)

    def _decide(self, *, ended: bool) -> list[Part]:
        parts, self._waiting = self._waiting, []
        latest = max((float(d.times.max()) for d, _ in parts if len(d.times)), default=-np.inf)
        if latest <= self._newest + JUMP:  # as nearly always
            self._newest = max(self._newest, latest)
            return parts
        times = np.concatenate([decoded.times for decoded, _ in parts])
        offsets = np.concatenate([decoded.offsets + base for decoded, base in parts])
        seen = max(base + decoded.last for decoded, base in parts)
        refused: dict[int, float] = {}
        start, until = 0, None
        while True:
            newest = np.maximum.accumulate(np.concatenate([[self._newest], times[start:]]))
            leaps = np.flatnonzero(times[start:] > newest[:-1] + JUMP)
            if not len(leaps):
                self._newest = float(newest[-1])
                break
            at, self._newest = start + int(leaps[0]), float(newest[leaps[0]])
            stop, last = at + 1 + LOOK, int(offsets[at]) + LINES
            if stop > len(times) and seen < last and not ended:
                until = int(offsets[at])
                break
            stop = min(stop, int(np.searchsorted(offsets, last, side="right")))
            lead = self._lead(float(times[at]), times[at + 1 : stop])
            if lead is None:
                self._newest = float(times[at])
            else:
                refused[int(offsets[at])] = lead
            start = at + 1
        self.refused += len(refused)
        parts = [(_without(decoded, base, refused), base) for decoded, base in parts]
        if until is None:
            return parts
        self._waiting = [(decoded.part(first=until - base), base) for decoded, base in parts]
        return [(decoded.part(until=until - base), base) for decoded, base in parts]

    def _lead(self, time: float, behind: NDArray[np.float64]) -> float | None:
        """Return how far a request lies ahead of those around it, None where it is believed."""
        if not len(behind):
            lead = time - self._newest
            return lead if UNASKED < lead < np.inf else None
        if (behind < time - JUMP).mean() <= GAINSAY:
            return None
        return time - (self._newest if np.isfinite(self._newest) else float(np.median(behind)))


def _without(decoded: Decoded, base: int, refused: dict[int, float]) -> Decoded:
    """Return what was read, with dead letters in the place of the requests at some offsets."""
    gone = [i for i, at in enumerate(decoded.offsets.tolist()) if base + at in refused]
    if not gone:
        return decoded
    offsets = decoded.offsets[gone].tolist()
    letters = [
        DeadLetter(
            reason="future",
            detail=(
                f"ts lies {refused[base + offset]:,.0f} s ahead of the records around it: "
                "correct it, or sort the file by ts"
            ),
            source=decoded.source,
            partition=0,
            offset=offset,
            original=_fields(decoded.requests[position]),
        )
        for position, offset in zip(gone, offsets, strict=True)
    ]
    return replace(
        decoded,
        requests=_except(decoded.requests, set(gone)),
        times=np.delete(decoded.times, gone),
        offsets=np.delete(decoded.offsets, gone),
        dead_letters=sorted([*decoded.dead_letters, *letters], key=lambda letter: letter.offset),
        sampled=[sample for sample in decoded.sampled if sample[0] not in set(offsets)],
    )


def _except(requests: Sequence[Request], gone: set[int]) -> list[Request]:
    return [request for position, request in enumerate(requests) if position not in gone]


def _fields(request: Request) -> bytes:
    """Return a request as JSON: its line was let go when it was read."""
    named = ((name, getattr(request, name)) for name in request.__struct_fields__)
    return msgspec.json.encode({name: value for name, value in named if value is not None})
