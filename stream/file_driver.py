"""Records of files to the engine, and what it raises to a file."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO, Protocol

import numpy as np
from aiokafka.partitioner import murmur2
from numpy.typing import NDArray

from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch, Strays, batch_of
from detectors.core.facts import LATE
from detectors.core.group_level import GroupLevel
from detectors.core.records import Alert, Lifecycle, Release, Request
from detectors.text.capability import Capability
from detectors.text.verdicts import TAUGHT, Verdicts
from stream.codec import encode_alert, encode_dead_letter
from stream.config import Config
from stream.decoded import DeadLetter, Decoded
from stream.files import InputError
from stream.jumps import Jumps, Part

#: Accounts whose partition is remembered.
REMEMBERED = 1_000_000


class Driven(Protocol):
    """What can be fed: an `Engine`, or several that are told the same."""

    accounts: list[AccountLevel]
    groups: list[GroupLevel]

    def process(self, batch: Batch, *, partition: int = 0) -> list[Alert]:
        """Take in requests of one partition, and return the alerts they raise."""

    def live(self, event: Lifecycle, time: float, offset: int, *, partition: int = 0) -> None:
        """Take in what happened to an account."""

    def release(self, model: str, time: float) -> None:
        """Take in that a model became available."""

    def finish(self) -> list[Alert]:
        """Close the ticks in progress, after the last record."""


class FileDriver:
    """Feeds what files hold to one engine, record by record as if there were no blocks.

    Args:
        config: what to look for, and within which bounds.
        partitions: as many as the topic whose worker this replays.
        seed: key of the hashes.
        alerts: takes alerts as JSON lines, in the order raised.
        dead_letters: takes dead letters as JSON lines.
        engine: what is fed, of so many partitions; without it, the engine of the configuration.
    """

    def __init__(
        self,
        *,
        config: Config,
        partitions: int = 1,
        seed: int = 0,
        alerts: BinaryIO | None = None,
        dead_letters: BinaryIO | None = None,
        engine: Driven | None = None,
    ) -> None:
        self.engine: Driven = engine or config.engine(partitions=partitions, seed=seed)
        self.records = self.requests = self.dead_letters = self.alerts = self.verdicts = 0
        self.ahead = 0  # requests that became dead letters for a time far ahead of their neighbours
        self.reasons: Counter[str] = Counter()  # of the dead letters written so far
        self.first: DeadLetter | None = None
        self.late, self.latest = 0, 0  # requests that came late, and by how many seconds at most
        self.position = 0
        self._partitions, self._seed = partitions, seed
        self._capability = Capability.shipped()
        self._verdicts = Verdicts(self._capability)
        self._alerts_to, self._dead_letters_to = alerts, dead_letters
        self._partition_of: dict[str, int] = {}
        self._jumps = Jumps()

    def learn(self, decoded: Decoded) -> None:
        """Learn verdicts; whoever reads them does so before the first request."""
        self.records += decoded.records
        self.dead_letters += len(decoded.dead_letters)
        outcomes = [self._verdicts.take(verdict) for verdict, _, _ in decoded.verdicts]
        self.verdicts += sum(outcome in TAUGHT for outcome in outcomes)
        self._refused(decoded)

    def take(self, decoded: Decoded, *, base: int) -> None:
        """Take in what one block held; its last records may wait for those that follow.

        Args:
            decoded: records with their lines in the file.
            base: `position` before the file, so that lines of the next file follow.
        """
        self.records += decoded.records
        self.requests += len(decoded.requests)
        self.dead_letters += len(decoded.dead_letters)
        self.position = max(self.position, base + decoded.last)
        self._decided(self._jumps.take(decoded, base=base))

    def finish(self) -> None:
        """Close the ticks in progress, after the last record."""
        self._decided(self._jumps.finish())
        self._raised(self.engine.finish())

    def partition_of(self, account: str) -> int:
        """Return the partition that Kafka's own partitioner gives an account."""
        if self._partitions == 1:
            return 0
        partition = self._partition_of.get(account)
        if partition is None:
            if len(self._partition_of) >= REMEMBERED:
                self._partition_of.clear()
            partition = (murmur2(account.encode()) & 0x7FFF_FFFF) % self._partitions
            self._partition_of[account] = partition
        return partition

    def _decided(self, parts: Sequence[Part]) -> None:
        refused, self.ahead = self._jumps.refused - self.ahead, self._jumps.refused
        self.requests -= refused
        self.dead_letters += refused
        for decoded, base in parts:
            self._feed(decoded, base)

    def _feed(self, decoded: Decoded, base: int) -> None:
        start, after, strays = 0, -1, decoded.strays(base=base)
        events: list[tuple[Lifecycle | Release, float, int]]
        events = [*decoded.lifecycles, *decoded.releases]
        for event, moment, offset in sorted(events, key=lambda event: event[2]):
            stop = int(np.searchsorted(decoded.offsets, offset))
            until = base + offset
            self._requests(decoded, start, stop, base, strays.between(after, until))
            self._event(event, moment, until)
            start, after = stop, until
        rest = strays.between(after, strays.last)
        self._requests(decoded, start, len(decoded.requests), base, rest)
        self._refused(decoded)

    def _event(self, event: Lifecycle | Release, moment: float, offset: int) -> None:
        if isinstance(event, Release):
            self.engine.release(event.model, moment)
        else:
            self.engine.live(event, moment, offset, partition=self.partition_of(event.account))

    def _requests(self, decoded: Decoded, start: int, stop: int, base: int, strays: Strays) -> None:
        if start == stop and not strays:
            return
        requests = decoded.requests[start:stop]
        times, offsets = decoded.times[start:stop], decoded.offsets[start:stop] + base
        if self._partitions == 1 or not requests:
            self._process(requests, times, offsets, 0, strays)
            return
        owner = np.array([self.partition_of(r.account) for r in requests], dtype=np.int64)
        after = -1
        for first, last in self._between_closes(owner, times):
            # Nothing but the first record can close a tick here, so that alerts come as if the
            # records had been taken one by one, however they are cut.
            until = int(offsets[last]) - 1 if last < len(offsets) else strays.last
            here, after = strays.between(after, until), until
            owners = owner[first:last]
            for partition in dict.fromkeys([*owners[:1].tolist(), *np.unique(owners).tolist(), 0]):
                which = first + np.flatnonzero(owners == partition)
                part = _part(here, partition, offsets[which]) if here else here
                if len(which) or part:
                    self._process(
                        [requests[i] for i in which.tolist()],
                        times[which],
                        offsets[which],
                        partition,
                        part,
                    )

    def _between_closes(
        self, owner: NDArray[np.int64], times: NDArray[np.float64]
    ) -> list[tuple[int, int]]:
        cuts = {0, len(owner)}
        for partition in range(self._partitions):
            which = np.flatnonzero(owner == partition)
            clock = np.maximum.accumulate(
                np.concatenate([[self.engine.accounts[partition].clock], times[which]]).astype(
                    np.int64
                )
            )
            cuts.update(which[clock[1:] > clock[:-1]].tolist())
        ordered = sorted(cuts)
        return list(pairwise(ordered))

    def _process(
        self,
        requests: Sequence[Request],
        times: NDArray[np.float64],
        offsets: NDArray[np.int64],
        partition: int,
        strays: Strays,
    ) -> None:
        batch = batch_of(
            requests, times, offsets, seed=self._seed, capability=self._capability, strays=strays
        )
        self._count_late(batch.ticks, self.engine.accounts[partition].clock)
        self._raised(self.engine.process(batch, partition=partition))

    def _count_late(self, ticks: NDArray[np.int64], clock: int) -> None:
        behind = np.maximum.accumulate(np.maximum(ticks, clock)) - ticks
        late = behind[behind > LATE]
        if len(late):
            self.late += len(late)
            self.latest = max(self.latest, int(late.max()))

    def _refused(self, decoded: Decoded) -> None:
        self.reasons.update(letter.reason for letter in decoded.dead_letters)
        self.first = self.first or next(iter(decoded.dead_letters), None)
        if self._dead_letters_to is not None and decoded.dead_letters:
            lines = b"".join(encode_dead_letter(letter) + b"\n" for letter in decoded.dead_letters)
            self._write(self._dead_letters_to, "dead letters", lines)

    def _raised(self, alerts: Sequence[Alert]) -> None:
        self.alerts += len(alerts)
        if self._alerts_to is not None and alerts:
            lines = b"".join(encode_alert(alert) + b"\n" for alert in alerts)
            self._write(self._alerts_to, "alerts", lines)

    def _write(self, file: BinaryIO, what: str, lines: bytes) -> None:
        try:
            file.write(lines)
            file.flush()
        except OSError as error:
            name = getattr(file, "name", "their file")
            raise InputError(f"{what} cannot be written to {name}: {error.strerror}.") from None


def _part(strays: Strays, partition: int, offsets: NDArray[np.int64]) -> Strays:
    """Return what is of a partition: what could not be read has no account, and is of the first."""
    own = set(offsets.tolist())
    return Strays(
        dead=() if partition else strays.dead,
        sampled=[sample for sample in strays.sampled if sample[0] in own],
    )
