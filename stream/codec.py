"""Bytes to typed records and back; what cannot be read becomes a dead letter, never an error.

    >>> decoded = decode_requests([b'{"id": "r"}', None], [7, 8], source="weir.requests")
    >>> [(letter.offset, letter.reason) for letter in decoded.dead_letters]
    [(7, 'contract'), (8, 'null_value')]

Records are decoded many at a time where all of a run are good, and one by one where not: the
outcome is the same.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from detectors.core.errors import InvalidEventError
from detectors.core.records import Alert, Candidates, Delta, Lifecycle, Release, Request, Verdict
from stream.decoded import RECORD_BYTES, Collector, DeadLetter, Record
from stream.decoded import Decoded as Decoded  # the agents name it as the codec's
from stream.textless import without_text

#: Records decoded in one call: a bad one among them costs a second look at so many.
RUN = 512
#: Bytes of several deltas in one record at most; one that is larger has a record to itself.
DELTAS_BYTES = 500_000
#: Bytes of a verdict at most, above what its contract lets it have.
VERDICT_BYTES = 524_288

_NEWLINE, _OPEN, _CLOSE = b"\n{}"

R = TypeVar("R", Request, Lifecycle, Release, Verdict)


def decode_requests(
    values: Sequence[bytes | None],
    offsets: Sequence[int],
    *,
    source: str,
    partition: int = 0,
    not_after: float | None = None,
    max_bytes: int = RECORD_BYTES,
) -> Decoded:
    """Decode values of the requests topic; another kind of record is against its contract.

    Args:
        values: in order; None for a record without a value.
        offsets: of each value.
        source: the topic, named in dead letters.
        partition: of the topic.
        not_after: event time past which a record is from the future; None if there is no clock.
        max_bytes: length past which a record is not looked at.
    """
    collector = Collector(
        source=source,
        partition=partition,
        not_after=not_after,
        max_bytes=max_bytes,
        sampling=True,
    )
    positions = np.array(offsets, dtype=np.int64)
    for start in range(0, len(values), RUN):
        run, where = values[start : start + RUN], positions[start : start + RUN]
        requests = None if None in run else _requests_of(b"\n".join(run), len(run), max_bytes)  # type: ignore[arg-type]
        if requests is None or not collector.take_run(requests, where, run.__getitem__):  # type: ignore[arg-type]
            for value, offset in zip(run, where.tolist(), strict=True):
                collector.take(value, offset, request_of)
    return collector.done()


def decode_each(
    values: Sequence[bytes | None],
    offsets: Sequence[int],
    *,
    read: Callable[[bytes], Record],
    source: str,
    partition: int = 0,
    not_after: float | None = None,
    max_bytes: int = RECORD_BYTES,
) -> Decoded:
    """Decode values of a quieter topic one by one, with `lifecycle_of` or another of its kind."""
    collector = Collector(
        source=source, partition=partition, not_after=not_after, max_bytes=max_bytes
    )
    for value, offset in zip(values, offsets, strict=True):
        collector.take(value, offset, read)
    return collector.done()


def decode_lines(block: bytes, collector: Collector, *, first: int) -> int:
    """Decode whole lines of a file in which the kinds are mixed; blank lines hold no record.

    Args:
        block: lines, with or without a newline behind the last.
        collector: takes in what they hold.
        first: number of the first line.

    Returns:
        The number of the line behind the block.
    """
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == _NEWLINE).tolist()
    if not block.endswith(b"\n"):
        ends.append(len(block))
    start = 0
    for position in range(0, len(ends), RUN):
        run = ends[position : position + RUN]
        starts = [start, *(end + 1 for end in run)]
        lines, start = block[start : run[-1]], run[-1] + 1
        number = first + position
        requests = _requests_of(lines, len(run), collector.max_bytes)
        where = np.arange(number, number + len(run))

        def value_of(at: int, starts: list[int] = starts) -> bytes:
            return block[starts[at] : starts[at + 1] - 1]

        if requests is None or not collector.take_run(requests, where, value_of):
            for offset, line in enumerate(lines.split(b"\n"), number):
                if line.strip():
                    collector.take(line, offset, record_of)
    return first + len(ends)


def request_of(value: bytes) -> Request:
    """Read a request.

    Raises:
        InvalidEventError: it is none, for a reason of `DEAD_LETTER_REASONS`.
    """
    return _read(_REQUEST, value)


def lifecycle_of(value: bytes) -> Lifecycle:
    """Read what happened to an account; raises as `request_of`."""
    return _read(_LIFECYCLE, value)


def release_of(value: bytes) -> Release:
    """Read that a model became available; raises as `request_of`."""
    return _read(_RELEASE, value)


def verdict_of(value: bytes) -> Verdict:
    """Read an analyst's word on an alert; raises as `request_of`."""
    return _read(_VERDICT, value)


def decode_verdicts(
    values: Sequence[bytes | None], offsets: Sequence[int], *, source: str, partition: int = 0
) -> Decoded:
    """Decode verdicts, the same way whenever and wherever they are read.

    Neither the clock nor the operator's limits have a say: every worker must learn the same.
    """
    return decode_each(
        values,
        offsets,
        read=verdict_of,
        source=source,
        partition=partition,
        max_bytes=VERDICT_BYTES,
    )


def record_of(value: bytes) -> Record:
    """Read a record of any kind, a request where none is named; raises as `request_of`."""
    try:
        return _REQUEST.decode(value)
    except msgspec.ValidationError:
        kind = _kind_of(value)
    except (ValueError, RecursionError):
        kind = None
    if kind == "lifecycle":
        return lifecycle_of(value)
    return release_of(value) if kind == "release" else request_of(value)


def fault_of(error: Exception, value: bytes) -> InvalidEventError:
    """Return why msgspec could not decode a value, in words that hold nothing of its text."""
    if isinstance(error, RecursionError):
        return InvalidEventError("not_json", "nested too deeply to be read")
    if isinstance(error, UnicodeDecodeError):
        return InvalidEventError("not_json", "the bytes are not UTF-8")
    if isinstance(error, msgspec.ValidationError):
        if _kind_of(value) is None:
            return InvalidEventError("not_json", "the bytes are not JSON")
        return InvalidEventError("contract", _REPEATS.sub("Unknown value", str(error)))
    return InvalidEventError("not_json", str(error) if value else "the value is empty")


def encode_alert(alert: Alert) -> bytes:
    """Return an alert as JSON, as the contract has it."""
    return msgspec.json.encode(alert)


def encode_verdict(verdict: Verdict) -> bytes:
    """Return a verdict as JSON, as the contract has it."""
    return msgspec.json.encode(verdict)


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Return a dead letter as JSON, its original without text: twenty kB at most."""
    if letter.original is not None:
        letter = msgspec.structs.replace(letter, original=without_text(letter.original))
    return msgspec.json.encode(letter)


def encode_deltas(deltas: Sequence[Delta]) -> list[bytes]:
    """Return deltas for one partition as msgpack, several to a record while they are small."""
    records: list[list[msgspec.Raw]] = [[]]
    filled = 0
    for delta in deltas:
        value = msgspec.msgpack.encode(delta)
        filled += len(value)
        if filled > DELTAS_BYTES and records[-1]:
            records.append([])
            filled = len(value)
        records[-1].append(msgspec.Raw(value))
    return [msgspec.msgpack.encode(record) for record in records]


def decode_deltas(value: bytes) -> list[Delta]:
    """Undo `encode_deltas` for one record.

    Raises:
        InvalidEventError: something else than a worker wrote it.
    """
    try:
        return _DELTAS.decode(value)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError("contract", "no deltas of this version of Weir") from error


def encode_candidates(candidates: Candidates) -> bytes:
    """Return candidates of one partition of the groups as msgpack."""
    return msgspec.msgpack.encode(candidates)


def decode_candidates(value: bytes) -> Candidates:
    """Undo `encode_candidates`; raises as `decode_deltas`."""
    try:
        return _CANDIDATES.decode(value)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError("contract", "no candidates of this version of Weir") from error


class _Kind(msgspec.Struct):
    kind: str = "request"


_REQUEST = msgspec.json.Decoder(Request)
_LIFECYCLE = msgspec.json.Decoder(Lifecycle)
_RELEASE = msgspec.json.Decoder(Release)
_VERDICT = msgspec.json.Decoder(Verdict)
_KIND = msgspec.json.Decoder(_Kind)
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
_DELTAS = msgspec.msgpack.Decoder(list[Delta])
_CANDIDATES = msgspec.msgpack.Decoder(Candidates)
# The one message of msgspec's that repeats what the record says.
_REPEATS = re.compile(r"Invalid enum value .*?(?= - at `\$[.\w]*`\Z|\Z)", re.DOTALL)


def _requests_of(lines: bytes, count: int, max_bytes: int) -> list[Request] | None:
    # Returns None unless every line is one good request: then each must be looked at.
    #
    # msgspec would also take a value that spans lines, or two on one line. A newline is never
    # inside a JSON string, and "}" and "{" on its sides are never inside a value: so every line is
    # one value or more, and as many values as lines means one each.
    if not lines or lines[0] != _OPEN or lines[-1] != _CLOSE:
        return None
    array = np.frombuffer(lines, dtype=np.uint8)
    ends = np.flatnonzero(array == _NEWLINE)
    if len(ends) != count - 1:
        return None
    if not ((array[ends - 1] == _CLOSE) & (array[ends + 1] == _OPEN)).all():
        return None
    if len(lines) > max_bytes:
        longest = np.diff(ends, prepend=-1, append=len(lines)).max() - 1
        if longest > max_bytes:
            return None
    try:
        requests = _REQUEST.decode_lines(lines)
    except (ValueError, RecursionError):
        return None
    return requests if len(requests) == count else None


def _read(decoder: "msgspec.json.Decoder[R]", value: bytes) -> R:
    try:
        return decoder.decode(value)
    except (ValueError, RecursionError) as error:
        raise fault_of(error, value) from None


def _kind_of(value: bytes) -> str | None:
    # "" if there is none to read, None if the value is not JSON after all: msgspec complains of
    # what it meets first.
    try:
        return _KIND.decode(value).kind
    except msgspec.ValidationError:
        pass
    except (ValueError, RecursionError):
        return None
    try:
        _ANYTHING.decode(value)
    except (ValueError, RecursionError):
        return None
    return ""
