"""What a contender measures of itself, and how it says so: one JSON object on standard output.

Only the standard library is imported: what this module needs counts as each contender's memory.
"""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path


class Stopwatch:
    """Wall time from the first record to the last; processor time from the stopwatch's birth.

    Made once the imports are done and before the consumer starts: a client that fetches ahead in
    its own threads works before the first record is seen, and that work belongs to the events.
    """

    def __init__(self) -> None:
        self._processor = time.process_time()
        self._first = 0.0

    def first(self) -> None:
        """To be called when the first record is in hand."""
        self._first = time.perf_counter()

    def last(self, *, events: int, counts: Mapping[str, int] | None = None) -> None:
        """To be called when the last record is done: write the measurement."""
        seconds = time.perf_counter() - self._first
        processor = time.process_time() - self._processor
        report(
            events=events,
            seconds=seconds,
            processor_seconds=processor,
            peak_bytes=peak_bytes(),
            digest=None if counts is None else counts_digest(counts),
        )


def report(
    *,
    events: int,
    seconds: float,
    processor_seconds: float | None,
    peak_bytes: int,
    digest: str | None,
) -> None:
    """Write one measurement to standard output."""
    sys.stdout.write(json.dumps(locals()) + "\n")
    sys.stdout.flush()


def peak_bytes(process: int | None = None) -> int:
    """Read the largest resident memory so far of this process, or of a running one on Linux."""
    status = Path(f"/proc/{process or 'self'}/status")
    if status.exists():
        # Not `ru_maxrss`: Linux starts a child's at what its parent held when it was spawned.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if process:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def counts_digest(counts: Mapping[str, int]) -> str:
    """Condense how many records each account has: equal only if every count is."""
    digest = hashlib.blake2b(digest_size=16)
    for account, count in sorted(counts.items()):
        digest.update(f"{account} {count}\n".encode())
    return digest.hexdigest()
