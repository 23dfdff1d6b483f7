"""Scores of several worlds as one."""

from collections.abc import Sequence
from statistics import median

from stream.bench.worlds.run import Outcome


class Pooled:
    """Sums over worlds, so that a large world weighs as much as its accounts.

    Args:
        outcomes: of one contender.
    """

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes
        self.scores = [outcome.score for outcome in outcomes]

    @property
    def attackers(self) -> float | None:
        """The campaign's share of the accounts that sent something."""
        return _share(self._sum("campaign"), self._sum("campaign") + self._sum("benign"))

    @property
    def recall(self) -> float | None:
        """The share of campaign accounts that was found."""
        return _share(self._sum("found"), self._sum("campaign"))

    @property
    def precision(self) -> float | None:
        """The share of named accounts that are the campaign's."""
        return _share(self._sum("found"), self._sum("found") + self._sum("named"))

    @property
    def false_positive_rate(self) -> float | None:
        """The share of benign accounts that was named."""
        return _share(self._sum("named"), self._sum("benign"))

    @property
    def alerts_a_day(self) -> float:
        """Alerts of one world in a day."""
        return self._sum("alerts") / self._sum("days")

    @property
    def wrong_a_day(self) -> float:
        """Wrong alerts of one world in a day."""
        return self._sum("wrong") / self._sum("days")

    @property
    def wrong_a_thousand(self) -> float | None:
        """Wrong alerts for each thousand benign accounts and day."""
        return self._a_thousand("wrong")

    @property
    def wrong_medium_a_thousand(self) -> float | None:
        """The same, of medium severity or above."""
        return self._a_thousand("wrong_medium")

    @property
    def seconds_a_million(self) -> float:
        """Processor time for a million requests."""
        requests = sum(outcome.requests for outcome in self.outcomes)
        return sum(outcome.seconds for outcome in self.outcomes) / max(requests, 1) * 1e6

    @property
    def notes(self) -> list[str]:
        """What was left out in any of the worlds."""
        return sorted({outcome.note for outcome in self.outcomes} - {""})

    def times(self, name: str) -> list[float]:
        """Return the times of the worlds in which there is one."""
        found = [getattr(score, name) for score in self.scores]
        return [time for time in found if time is not None]

    def median(self, name: str) -> float | None:
        """Return the median time; None where half of the worlds and more that could have none."""
        found = [getattr(score, name) for score in self.scores if score.arises(name)]
        times = [float("inf") if time is None else time for time in found]
        middle = median(times) if times else float("inf")
        return middle if middle < float("inf") else None

    def heirs(self, hours: int) -> tuple[int, int]:
        """Return how many heirs were found within 1 or 24 hours, and of how many."""
        name = f"heirs_{hours}h"
        return int(self._sum(f"{name}_found")), int(self._sum(name))

    def _a_thousand(self, name: str) -> float | None:
        account_days = sum(score.benign * score.days for score in self.scores)
        return self._sum(name) / account_days * 1_000 if account_days else None

    def _sum(self, name: str) -> float:
        return sum(getattr(score, name) or 0 for score in self.scores)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
