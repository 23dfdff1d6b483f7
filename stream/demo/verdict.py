"""What the labels say of what was found; looked at when all is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.core.records import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How well the pivot was told from organic adoption.

    Args:
        pivot_began: event time of the campaign's first move, None if it did not come to that.
        told: event time of the first alert of a pivot that names accounts of the campaign.
        moved: accounts of the campaign that asked for the new model.
        named: those of them that an alert of a pivot names.
        at_once: those of them that the first such alert names.
        adopted: customers who asked for the new model of their own accord.
        adopted_named: those of them that an alert of a pivot names.
        alerts: all of them.
        mistaken: those that name customers alone.
    """

    pivot_began: float | None
    told: float | None
    moved: int
    named: int
    at_once: int
    adopted: int
    adopted_named: int
    alerts: int
    mistaken: int

    @classmethod
    def of(
        cls,
        truth: Mapping[str, Any],
        *,
        alerts: Sequence[Alert],
        asked: Mapping[str, float],
        until: float,
    ) -> "Verdict":
        """Judge alerts by the labels of their world.

        Args:
            truth: the labels.
            alerts: all that were raised.
            asked: who asked for the new model.
            until: event time up to which there were records.
        """
        campaign = truth["campaigns"][0]
        members = set(campaign["accounts"])
        pivot = campaign["pivot"]
        began = pivot["start"] if pivot is not None and pivot["start"] <= until else None
        pivots = [alert for alert in alerts if _tells_of_a_pivot(alert)]
        right = [
            alert
            for alert in pivots
            if began is not None and alert.ts >= began and members.intersection(alert.accounts)
        ]
        first = min(right, key=lambda alert: alert.ts, default=None)
        together = [] if first is None else [a for a in right if a.ts == first.ts]
        named = {account for alert in right for account in alert.accounts}
        moved = members.intersection(asked)
        adopted = set(asked) - members
        return cls(
            pivot_began=began,
            told=None if first is None else first.ts,
            moved=len(moved),
            named=len(moved & named),
            at_once=len(moved & {account for alert in together for account in alert.accounts}),
            adopted=len(adopted),
            adopted_named=len(adopted & {a for alert in pivots for a in alert.accounts}),
            alerts=len(alerts),
            mistaken=sum(
                bool(alert.accounts) and not members.intersection(alert.accounts)
                for alert in alerts
            ),
        )

    def sentences(self) -> list[str]:
        """Say it."""
        return [self._campaign(), self._customers(), self._others()]

    def _campaign(self) -> str:
        if self.pivot_began is None:
            return "It ended before the campaign moved."
        if self.told is None:
            return f"The pivot was not named: {self.moved} accounts of the campaign had moved."
        return (
            f"Named {self.named} of the campaign's {self.moved} accounts that moved, the first "
            f"{self.at_once} of them {self.told - self.pivot_began:.1f} s of event time after the "
            "pivot began."
        )

    def _customers(self) -> str:
        if not self.adopted:
            return "No customer adopted the new model yet."
        return (
            f"Of {self.adopted} customers who adopted the new model of their own accord, "
            f"{self.adopted_named or 'none'} {'were' if self.adopted_named > 1 else 'was'} named."
        )

    def _others(self) -> str:
        if not self.alerts:
            return "There was no alert."
        return f"Of {self.alerts} alerts in all, {self.mistaken or 'none'} named customers alone."


def _tells_of_a_pivot(alert: Alert) -> bool:
    """Say whether an alert is of a pivot, or of a campaign that is told with one as evidence."""
    notes = [evidence.note or "" for evidence in alert.evidence]
    return alert.signal == "pivot" or (
        alert.signal == "campaign" and any(note.startswith("model_pivot on ") for note in notes)
    )
