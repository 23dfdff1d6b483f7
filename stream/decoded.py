"""What was read: records with their times and places, and dead letters for the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.core.batch import Strays
from detectors.core.errors import InvalidEventError
from detectors.core.records import (
    EARLIEST,
    LATEST,
    Lifecycle,
    Release,
    Request,
    Verdict,
    event_time,
)

#: Longest record unless the operator says otherwise.
RECORD_BYTES = 1_048_576
#: Of so many requests one is looked at for fields that the contract does not name: that whose time
#: in milliseconds is a multiple, so that another reading looks at the same ones.
SAMPLE = 61
#: Unknown fields of one request, and characters of a name, at most.
MOST_NAMES, NAME_LENGTH = 8, 64

Record = Request | Lifecycle | Release | Verdict


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was not taken in; in JSON its original is base64, and without its text."""

    reason: str  # one of `detectors.core.records.DEAD_LETTER_REASONS`
    detail: str  # for whoever sent it; holds nothing of the record's own text
    source: str  # a topic or a file
    partition: int
    offset: int  # in a file: the number of the line, from 1
    original: bytes | None


@dataclass(slots=True, kw_only=True)
class Decoded:
    """What a run of values held; each kind in order, with event times and offsets."""

    requests: list[Request] = field(default_factory=list)
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    lifecycles: list[tuple[Lifecycle, float, int]] = field(default_factory=list)
    releases: list[tuple[Release, float, int]] = field(default_factory=list)
    verdicts: list[tuple[Verdict, float, int]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    sampled: list[tuple[int, list[str]]] = field(default_factory=list)  # offset, unknown fields
    source: str = ""  # a topic or a file

    def part(self, *, first: int = 0, until: int | None = None) -> "Decoded":
        """Return what lies from one offset on and before another."""

        def of(records: list[tuple[Any, float, int]]) -> list[tuple[Any, float, int]]:
            return [record for record in records if first <= record[2] < limit]

        limit = np.inf if until is None else until
        start, stop = np.searchsorted(self.offsets, [first, limit]).tolist()
        return Decoded(
            requests=self.requests[start:stop],
            times=self.times[start:stop].copy(),
            offsets=self.offsets[start:stop].copy(),
            lifecycles=of(self.lifecycles),
            releases=of(self.releases),
            verdicts=of(self.verdicts),
            dead_letters=[d for d in self.dead_letters if first <= d.offset < limit],
            sampled=[sample for sample in self.sampled if first <= sample[0] < limit],
            source=self.source,
        )

    @property
    def last(self) -> int:
        """The highest offset, -1 where there is nothing."""
        told = [*self.lifecycles[-1:], *self.releases[-1:], *self.verdicts[-1:]]
        ends = [-1, *(offset for _, _, offset in told), *map(int, self.offsets[-1:])]
        return max(ends + [letter.offset for letter in self.dead_letters[-1:]])

    def strays(self, *, base: int = 0) -> Strays:
        """Return what came besides the requests, with offsets that begin at a base."""
        return Strays(
            dead=[(base + letter.offset, letter.reason) for letter in self.dead_letters],
            sampled=[(base + offset, names) for offset, names in self.sampled],
        )

    @property
    def records(self) -> int:
        """How many records there were, dead letters included."""
        kinds = (self.requests, self.lifecycles, self.releases, self.verdicts, self.dead_letters)
        return sum(len(records) for records in kinds)


@dataclass(slots=True, kw_only=True)
class Collector:
    """Takes in records and refusals one by one, in order.

    Args:
        sampling: the values are JSON objects of Weir's own contract.
    """

    source: str
    partition: int = 0
    not_after: float | None = None
    max_bytes: int = RECORD_BYTES
    sampling: bool = False
    _times: list[float] = field(default_factory=list)
    _offsets: list[int] = field(default_factory=list)
    _decoded: Decoded = field(default_factory=Decoded)
    _arrays: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = field(default_factory=list)

    def take(self, value: bytes | None, offset: int, read: Callable[[bytes], Record]) -> None:
        """Read one value into a record, or into a dead letter."""
        try:
            if value is None:
                raise InvalidEventError("null_value", "the record has no value")
            if len(value) > self.max_bytes:
                raise InvalidEventError("too_large", f"longer than {self.max_bytes} bytes")
            record = read(value)
            time = event_time(record.ts)
            if self.not_after is not None and time > self.not_after:
                raise InvalidEventError("future", "ts is ahead of the clock: is it in seconds?")
        except InvalidEventError as error:
            self.refuse(error, value, offset)
            return
        if isinstance(record, Request):
            self._decoded.requests.append(record)
            self._times.append(time)
            self._offsets.append(offset)
            if self.sampling and int(time * 1000) % SAMPLE == 0:
                self._decoded.sampled.append((offset, unknown_fields(value)))
        elif isinstance(record, Lifecycle):
            self._decoded.lifecycles.append((record, time, offset))
        elif isinstance(record, Release):
            self._decoded.releases.append((record, time, offset))
        else:
            self._decoded.verdicts.append((record, time, offset))

    def take_run(
        self,
        requests: list[Request],
        offsets: NDArray[np.int64],
        value_of: Callable[[int], bytes],
    ) -> bool:
        """Take in requests decoded together; say False, and take none, if a time needs a look.

        Args:
            requests: in order.
            offsets: of each.
            value_of: gives the bytes that a request was read from, by its position.
        """
        times = np.array([request.ts for request in requests])
        if times.dtype != np.float64:  # there are times in words among them
            try:
                times = np.array([event_time(request.ts) for request in requests])
            except InvalidEventError:
                return False
        latest = LATEST if self.not_after is None else min(LATEST, self.not_after)
        if not (times.min() >= EARLIEST and times.max() < latest):
            return False
        self._settle()
        self._arrays.append((times, offsets))
        self._decoded.requests += requests
        if self.sampling:
            for position in np.flatnonzero((times * 1000).astype(np.int64) % SAMPLE == 0).tolist():
                names = unknown_fields(value_of(position))
                self._decoded.sampled.append((int(offsets[position]), names))
        return True

    def refuse(self, error: InvalidEventError, value: bytes | None, offset: int) -> None:
        """Make a dead letter of a value."""
        letter = DeadLetter(
            reason=error.reason,
            detail=error.detail,
            source=self.source,
            partition=self.partition,
            offset=offset,
            original=None if value is None else value[: self.max_bytes],
        )
        self._decoded.dead_letters.append(letter)

    def done(self) -> Decoded:
        """Return what was taken in; the collector is empty again."""
        self._settle()
        decoded, self._decoded = self._decoded, Decoded()
        decoded.source = self.source
        if self._arrays:
            decoded.times = np.concatenate([times for times, _ in self._arrays])
            decoded.offsets = np.concatenate([offsets for _, offsets in self._arrays])
            self._arrays = []
        return decoded

    def _settle(self) -> None:
        if self._times:
            self._arrays.append((np.array(self._times), np.array(self._offsets, dtype=np.int64)))
            self._times, self._offsets = [], []


def unknown_fields(value: bytes) -> list[str]:
    """Return the fields of a request that its contract does not name.

    >>> unknown_fields(b'{"id": "r", "ts": 1, "payment_hash": "x"}')
    ['payment_hash']
    """
    names = [name for name in _OBJECT.decode(value) if name not in _CONTRACT]
    return [name[:NAME_LENGTH] for name in names if name.isprintable()][:MOST_NAMES]


_CONTRACT = frozenset(Request.__struct_fields__)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
