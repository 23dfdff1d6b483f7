"""What the harness asks of a contender."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Task:
    """Read `events` records of `weir.requests` from the beginning, as the group `group`."""

    bootstrap: str
    group: str
    events: int
    file: Path
    variant: str

    @classmethod
    def from_arguments(cls) -> "Task":
        """Read the task from the command line that `Contender.run` makes."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--bootstrap", default="", metavar="HOST:PORT")
        parser.add_argument("--group", default="bench")
        parser.add_argument("--events", type=int, required=True)
        parser.add_argument("--file", type=Path, default=Path("events.jsonl"))
        parser.add_argument("--variant", default="")
        return cls(**vars(parser.parse_args()))
