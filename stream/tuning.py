"""What `weir tune` found: alerts by budget, and how far the calibration is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from detectors.core.calibration import ENOUGH
from detectors.core.prose import shown
from detectors.core.records import Alert
from detectors.core.severity import SEVERITIES
from stream.files import InputError
from stream.replay import Summary


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one budget raised."""

    budget: float
    configured: bool
    alerts: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    detectors: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)  # named in any alert

    def take(self, alerts: Sequence[Alert]) -> None:
        """Count alerts."""
        self.alerts += len(alerts)
        for alert in alerts:
            self.severities[alert.severity] += 1
            self.detectors[alert.detector] += 1
            self.accounts.update(alert.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """How far the calibration of one detector is, for one scope in one partition."""

    detector: str
    scope: str
    plan: str | None  # whose accounts alone it is of; None for that of all
    partition: int
    tests: float  # ended without suspicion, faded
    limit: float | None  # p-value below which to alert; None for what never alerts alone
    score: float | None  # in nats, which has that p-value

    @property
    def name(self) -> str:
        """What a table calls it."""
        whose = f" of {shown(self.plan)}" if self.plan is not None else ""
        return f"{self.detector}, {self.scope}{whose}"

    @property
    def share(self) -> float:
        """How much of the learning is done: with less, the limit stands on a cautious prior."""
        return min(self.tests / ENOUGH, 1.0)

    @property
    def state(self) -> str:
        """Say what the limit stands on."""
        if self.share < 1.0:
            return "learning" if self.tests else "untested"
        if self.limit is None:
            return "evidence"
        return "observed" if self.tests >= 1 / self.limit else "extrapolated"

    def figures(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "detector": self.detector,
            "scope": self.scope,
            "plan": self.plan,
            "partition": self.partition,
            "state": self.state,
            "tests": round(self.tests, 1),
            "learned": round(self.share, 4),
            "limit_p": self.limit,
            "limit_score": self.score,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What came of all budgets, in ascending order."""

    summary: Summary  # its alerts are those of the configured budget
    fault: InputError | None  # what ended the reading before its time
    days: float  # of event time
    accounts: int  # that made requests
    names: Sequence[str]  # of what can raise an alert
    outcomes: Sequence[Outcome]
    learned: Sequence[Learned]  # with the configured budget

    def a_day(self, alerts: int) -> float | None:
        """Return a rate per day of event time."""
        return alerts / self.days if self.days else None

    def share(self, outcome: Outcome) -> float | None:
        """Return the share of the file's accounts that were named."""
        return len(outcome.accounts) / self.accounts if self.accounts else None

    def figures(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        summary = self.summary.figures()
        del summary["alerts"]  # they stand with their budget
        return {
            **summary,
            "interrupted": self.summary.interrupted,
            "days": self.days,
            "accounts": self.accounts,
            "budgets": [
                {
                    "false_alerts_per_day": outcome.budget,
                    "configured": outcome.configured,
                    "alerts": outcome.alerts,
                    "alerts_per_day": self.a_day(outcome.alerts),
                    "severities": {name: outcome.severities[name] for name in SEVERITIES},
                    "detectors": {name: outcome.detectors[name] for name in self.names},
                    "accounts": len(outcome.accounts),
                    "share_of_accounts": self.share(outcome),
                }
                for outcome in self.outcomes
            ],
            "calibration": [learned.figures() for learned in self.learned],
        }
