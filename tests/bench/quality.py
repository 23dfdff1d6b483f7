"""Whom Weir names in simulated worlds, with a campaign and without: alerts against labels.

The worlds below are not those that anything was fitted on by a search; their parameters stand here.
A label is read only after the last alert was raised.
"""

import argparse
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from detectors.core.records import Alert
from stream.config import Config
from stream.replay import replay
from stream.simulate import World, labels, records

RESULT = Path(__file__).parent / "results" / "quality.md"
NOON = 1_767_225_600.0 + 12 * 3600
WORLDS: dict[str, dict[str, Any]] = {
    "no campaign, launch day, 3,000 accounts, 5 h": {
        "accounts": 3000, "hours": 5.0, "release_at": 9000.0,
    },
    "400 of 10,400 accounts, once a minute each, 1.4 h": {
        "accounts": 10_000, "hours": 1.4, "campaign": "minimax", "release_at": 4000.0,
    },
    "400 of 2,400 accounts, once a minute each, 2 h": {
        "accounts": 2000, "hours": 2.0, "campaign": "minimax", "release_at": 5400.0,
    },
    "300 of 2,300 accounts, every four seconds each, 45 min": {
        "accounts": 2000, "hours": 0.75, "campaign": "minimax", "campaign_accounts": 300,
        "requests_per_account_day": 20_000.0, "release_at": 2400.0,
    },
}  # fmt: skip
HEAD = (
    "| world | seed | requests | alerts | of them wrong | campaign accounts named | benign named "
    "| first alert after | pivot named after |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, kw_only=True)
class Score:
    """What became of one world."""

    requests: int
    alerts: int
    wrong: int  # alerts of which most accounts are benign
    named: int
    campaign: int
    benign_named: int
    first: float | None  # seconds from the campaign's first extraction
    pivot: float | None  # seconds from the pivot's beginning

    def row(self, name: str, seed: int) -> str:
        """Return the table's row."""
        share = f"{self.named} of {self.campaign}" if self.campaign else "-"
        times = [f"{t:,.0f} s" if t is not None else "-" for t in (self.first, self.pivot)]
        figures = [f"{self.requests:,}", str(self.alerts), str(self.wrong), share]
        return f"| {' | '.join([name, str(seed), *figures, str(self.benign_named), *times])} |"


def score(world: World) -> Score:
    """Replay one world and hold the alerts against its labels."""
    raised = io.BytesIO()
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        for record in records(world):
            file.write(record + b"\n")
        file.flush()
        summary = replay([file.name], config=Config(), alerts=raised)
    alerts = [msgspec.json.decode(line, type=Alert) for line in raised.getvalue().splitlines()]
    truth = labels(world)
    campaigns = truth["campaigns"]
    campaigns = list(campaigns.values()) if isinstance(campaigns, dict) else campaigns
    members = {account for campaign in campaigns for account in campaign["accounts"]}
    right = [a for a in alerts if _part(a.accounts, members) > 0.5]
    named = set().union(*(a.accounts for a in alerts)) if alerts else set()
    begins = min((campaign["first_extraction"] for campaign in campaigns), default=0.0)
    pivots = [c["pivot"] for c in campaigns if c["pivot"]]
    moved = [
        a.ts - pivot["start"]
        for pivot in pivots
        for a in right
        if a.detector == "model_pivot" and a.ts >= pivot["start"] and pivot["model"] in a.summary
    ]
    return Score(
        requests=summary.requests,
        alerts=len(alerts),
        wrong=len(alerts) - len(right),
        named=len(named & members),
        campaign=len(members),
        benign_named=len(named - members),
        first=min((a.ts - begins for a in right), default=None),
        pivot=min(moved, default=None),
    )


def main() -> int:
    """Score every world with every seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    parser.add_argument("--write", action="store_true", help=f"also to {RESULT.name} in results/")
    options = parser.parse_args()
    rows = [HEAD]
    for name, parameters in WORLDS.items():
        for seed in options.seeds:
            result = score(World(seed=seed, start=NOON, text="sketch", **parameters))
            rows.append(result.row(name, seed))
            print(rows[-1], file=sys.stderr, flush=True)
    print("\n".join(rows))
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text("\n".join(rows) + "\n")
    return 0


def _part(accounts: Iterable[str], members: set[str]) -> float:
    counts = Counter(account in members for account in accounts)
    return counts[True] / max(counts.total(), 1)


if __name__ == "__main__":
    sys.exit(main())
