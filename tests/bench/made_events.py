"""The benchmark's events, made by a process of their own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Self

from tests.bench.contender import ROOT


@dataclass(frozen=True, kw_only=True)
class MadeEvents:
    """What `tests.bench.events` says of the events that it made.

    A process of its own, since Linux starts a child's `ru_maxrss` at what its parent holds: the
    harness stays small, or its memory would show in what it measures.
    """

    digest: str
    accounts_seen: int

    @classmethod
    def make(cls, *target: str, events: int, accounts: int, activity: str = "uniform") -> Self:
        """Make them; `target` is what `events.py` takes: `--to FILE` or `--bootstrap ADDRESS`."""
        made = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.bench.events",
                *("--events", str(events)),
                *("--accounts", str(accounts)),
                *("--activity", activity),
                *target,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return cls(**json.loads(made.stdout))
