"""What an event and an account cost as accounts grow: `weir replay` at 10³, 10⁵ and 10⁶ of them."""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.cores import apart, pinned
from tests.bench.machine import machine
from tests.bench.made_events import MadeEvents
from tests.bench.replay import Replay

RESULT = Path(__file__).parent / "results" / "curve.md"
ACCOUNTS = (1_000, 100_000, 1_000_000)
HEAD = (
    "| accounts | of them seen | µs/event | to the first row | peak memory | bytes/account |\n"
    "|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """The replays of one number of accounts."""

    accounts: int
    seen: int
    replays: list[Replay]

    @property
    def microseconds(self) -> float:
        """Wall time per event, the median of the replays."""
        return median(1e6 / replay.requests_per_second for replay in self.replays)

    @property
    def peak_bytes(self) -> float:
        """Peak memory of the process, the median of the replays."""
        return median(replay.peak_memory_bytes for replay in self.replays)


def main() -> int:
    """Replay the same number of events of ever more accounts, all equally active."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    cores = apart()
    with (
        tempfile.TemporaryDirectory(prefix="weir-bench-") as directory,
        pinned(cores[0] if cores else None),
    ):
        try:
            empty = Replay.of_nothing()
            files = {accounts: Path(directory) / f"{accounts}.jsonl" for accounts in ACCOUNTS}
            seen = {
                accounts: MadeEvents.make(
                    "--to", str(file), events=options.events, accounts=accounts
                ).accounts_seen
                for accounts, file in files.items()
            }
            # Turn by turn, so that a machine that slows down does so for every row.
            turns = [
                {accounts: Replay.of(file) for accounts, file in files.items()}
                for _ in range(options.repeat)
            ]
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    points = [
        Point(accounts=accounts, seen=seen[accounts], replays=[turn[accounts] for turn in turns])
        for accounts in ACCOUNTS
    ]
    text = (
        f"`weir replay` of {options.events:,} events, all accounts equally active, all detectors, "
        f"one core; medians of {options.repeat} interleaved runs. Bytes per account: peak memory "
        f"less the {empty.peak_memory_bytes / 1e6:,.0f} MB of a run with no events, by accounts "
        f"seen.\n\n{table(points, empty)}\n\n"
        f"Machine: {machine()}.\n"
    )
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    return 0


def table(points: list[Point], empty: Replay) -> str:
    """Give a row to each number of accounts."""
    rows = [HEAD]
    for point in points:
        per_account = (point.peak_bytes - empty.peak_memory_bytes) / point.seen
        rows.append(
            f"| {point.accounts:,} | {point.seen:,} | {point.microseconds:.2f} "
            f"| {point.microseconds / points[0].microseconds:.2f} "
            f"| {point.peak_bytes / 1e6:,.0f} MB | {per_account:,.0f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
