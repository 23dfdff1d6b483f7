"""Files to the engine, without Kafka: the same levels as a worker's, in one process."""

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from detectors.core.facts import LATE
from stream.codec import VERDICT_BYTES, decode_verdicts
from stream.config import Config
from stream.decoded import DeadLetter
from stream.file_driver import FileDriver
from stream.files import InputError as InputError  # what a caller of `replay` must know
from stream.files import InputFile
from stream.formats import FORMATS
from stream.formats.trace import account_of

#: Bytes read at a time: some thousand requests, few enough to stay near the processor.
BLOCK_BYTES = 1_048_576
#: Called after each block with bytes read, bytes in all if known, requests, and alerts.
Progress = Callable[[int, int | None, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a replay came to; ``records`` counts all that was read, dead letters too."""

    records: int = 0
    requests: int = 0
    dead_letters: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)  # of the dead letters
    first: str = ""  # where the first of them stands, and what is wrong with it
    ahead: int = 0  # dead letters, since they lay far ahead of the records around them
    late: int = 0  # requests that came later than `LATE` behind the newest
    latest: int = 0  # seconds, of the latest of them
    alerts: int = 0
    verdicts: int = 0  # of which something was learned
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    interrupted: bool = False

    @property
    def requests_per_second(self) -> float:
        """Requests per second of wall time."""
        return self.requests / self.seconds if self.seconds else 0.0

    def figures(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "records": self.records,
            "requests": self.requests,
            "dead_letters": self.dead_letters,
            "reasons": self.reasons,
            "ahead": self.ahead,
            "late": self.late,
            "alerts": self.alerts,
            "seconds": round(self.seconds, 6),
            "requests_per_second": round(self.requests_per_second, 1),
            "peak_memory_bytes": self.peak_memory_bytes,
        }

    def __str__(self) -> str:
        learned = f", {self.verdicts:,} verdicts learned" if self.verdicts else ""
        return (
            f"{'interrupted after ' if self.interrupted else ''}{self.records:,} records in "
            f"{self.seconds:,.1f} s ({self.requests_per_second:,.0f} requests/s): "
            f"{self.requests:,} requests, {self.dead_letters:,} dead letters, "
            f"{self.alerts:,} alerts{learned}; {self.peak_memory_bytes / 1e6:,.0f} MB at peak"
            f"{self._refused()}{self._times()}"
        )

    def _refused(self) -> str:
        if not self.reasons:
            return ""
        counts = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.items())
        return f"; dead letters: {counts}, the first is {self.first.removesuffix('.')}"

    def _times(self) -> str:
        said = ""
        if self.ahead:
            said += (
                f"; {self.ahead:,} of the dead letters lay more than an hour ahead of the records "
                "around them: correct their ts, or sort the file by ts"
            )
        if self.late:
            said += (
                f"; {self.late:,} requests came more than {LATE} s late, the latest by "
                f"{self.latest:,} s, and were counted in the second in progress: sort the file "
                "by ts"
            )
        return said


class ReplayError(InputError):
    """A replay could not go on; ``summary`` says what it came to until then."""

    def __init__(self, message: str, summary: Summary) -> None:
        super().__init__(message)
        self.summary = summary


def replay(
    files: Sequence[str],
    *,
    format: str = "native",
    config: Config,
    alerts: BinaryIO | None = None,
    dead_letters: BinaryIO | None = None,
    verdicts: str | None = None,
    partitions: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Summary:
    """Read files in the order given, and write the alerts that they raise.

    The same input gives the same bytes, however it is cut into blocks.  Ctrl-C ends it with the
    summary of what was done.  Verdicts of a file are learned before the first request, whenever
    they were given.

    Raises:
        InputError: a file cannot be read at all.
        ReplayError: a file breaks off, nothing of any file is of the format, or an output cannot be
            written; what came before is done.
    """
    driver = FileDriver(
        config=config, partitions=partitions, seed=seed, alerts=alerts, dead_letters=dead_letters
    )
    if verdicts is not None:
        file = InputFile(verdicts)
        for number, line in file.lines(block_bytes=block_bytes, line_bytes=VERDICT_BYTES):
            driver.learn(decode_verdicts([line], [number], source=file.title))
    summary = feed(
        driver,
        files,
        format=format,
        record_bytes=config.record_bytes,
        progress=progress,
        block_bytes=block_bytes,
    )
    if summary.dead_letters == summary.records > 0 and not summary.interrupted:
        raise ReplayError(unreadable(summary, format), summary)
    return summary


def unreadable(summary: Summary, format: str) -> str:
    """Say that nothing of the files was of the format."""
    others = " or ".join(name for name in FORMATS if name != format)
    return (
        f"none of {summary.records:,} records could be read as a request in the format {format}: "
        f"is it {others}?"
    )


def feed(
    driver: FileDriver,
    files: Sequence[str],
    *,
    format: str,
    record_bytes: int,
    progress: Progress | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Summary:
    """Read files in the order given to a driver, with the errors of `replay`."""
    inputs = [InputFile(str(name)) for name in files]
    if format != "native":
        _refuse_same_names(inputs)
    started = time.perf_counter()

    def summary(*, interrupted: bool = False) -> Summary:
        return Summary(
            records=driver.records,
            requests=driver.requests,
            dead_letters=driver.dead_letters,
            reasons=dict(driver.reasons.most_common()),
            first=_placed(driver.first),
            ahead=driver.ahead,
            late=driver.late,
            latest=driver.latest,
            alerts=driver.alerts,
            verdicts=driver.verdicts,
            seconds=time.perf_counter() - started,
            peak_memory_bytes=_peak_memory_bytes(),
            interrupted=interrupted,
        )

    sizes = [file.size for file in inputs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    try:
        try:
            for file in inputs:
                base = driver.position
                blocks = file.blocks(block_bytes=block_bytes, line_bytes=record_bytes)
                for decoded in FORMATS[format](blocks, name=file.title, max_bytes=record_bytes):
                    driver.take(decoded, base=base)
                    if progress is not None:
                        read = sum(one.bytes_read for one in inputs)
                        progress(read, total, driver.requests, driver.alerts)
        except InputError:
            driver.finish()
            raise
        driver.finish()
    except InputError as error:
        raise ReplayError(str(error), summary()) from None
    except KeyboardInterrupt:
        return summary(interrupted=True)
    return summary()


def _refuse_same_names(files: Sequence[InputFile]) -> None:
    # Their requests would be of one account and bear the same ids: the second file would be taken
    # for a repetition of the first.
    seen: dict[str, str] = {}
    for file in files:
        account = account_of(file.title)
        if account in seen:
            raise InputError(
                f"{seen[account]} and {file.title} would both be read as account {account}: "
                "rename one, or replay them apart."
            )
        seen[account] = file.title


def _placed(letter: DeadLetter | None) -> str:
    return f"line {letter.offset:,} of {letter.source}: {letter.detail}" if letter else ""


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
