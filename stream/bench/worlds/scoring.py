"""Alerts held against what was true."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from stream.bench.worlds.raised import Raised
from stream.bench.worlds.truth import Truth

HOUR, DAY = 3_600.0, 86_400.0
_MEDIUM = {"medium", "high", "critical"}
#: A campaign is told with what changed last.
_ABOUT_PIVOTS = ("pivot", "campaign")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one contender did in one world; None where a question does not arise.

    An alert is *wrong* when most of the accounts it names are benign; one that names no account
    (a service that went quiet, say) is neither right nor wrong. Times are seconds of event time.
    """

    campaign: int  # campaign accounts that extracted something, and that were looked at
    found: int  # of them, named by any alert
    benign: int  # benign accounts that sent something, and that were looked at
    named: int  # of them, named by any alert
    alerts: int
    wrong: int
    wrong_medium: int  # of medium severity or above
    days: float
    first_alert: float | None  # from the campaign's first extraction to the first right alert
    first_requests: float | None  # requests of each of its accounts until then, on average
    pivots: bool  # the campaign moves to a released model
    pivot_alert: float | None  # from then to the first right alert that is about it
    heirs_1h: int | None  # heirs that could be watched for so long
    heirs_1h_found: int | None  # of them, named within it
    heirs_24h: int | None
    heirs_24h_found: int | None
    by_class: dict[str, tuple[int, int]]  # benign accounts of a class: named, in all

    @property
    def recall(self) -> float | None:
        """The share of campaign accounts that was found."""
        return self.found / self.campaign if self.campaign else None

    @property
    def precision(self) -> float | None:
        """The share of named accounts that are the campaign's."""
        named = self.found + self.named
        return self.found / named if named and self.campaign else None

    @property
    def false_positive_rate(self) -> float:
        """The share of benign accounts that was named."""
        return self.named / self.benign if self.benign else 0.0

    def arises(self, time: str) -> bool:
        """Say whether there was anything that a time, by its name, could be told of."""
        return self.pivots if time == "pivot_alert" else self.campaign > 0

    @property
    def alerts_a_day(self) -> float:
        """Alerts, scaled to a day."""
        return self.alerts / self.days

    @property
    def wrong_a_day(self) -> float:
        """Wrong alerts, scaled to a day: what the operator's budget is about."""
        return self.wrong / self.days

    @property
    def wrong_a_thousand(self) -> float:
        """Wrong alerts a day for each thousand benign accounts."""
        return self.wrong_a_day / max(self.benign, 1) * 1_000

    @property
    def wrong_medium_a_thousand(self) -> float:
        """The same, of medium severity or above."""
        return self.wrong_medium / self.days / max(self.benign, 1) * 1_000


def score(
    raised: Sequence[Raised], truth: Truth, *, covers: Callable[[str], bool] = lambda _: True
) -> Score:
    """Hold alerts against the truth.

    Args:
        raised: in any order.
        truth: of the world they were raised in.
        covers: which accounts the contender looked at; the others count for nothing.
    """
    raised = [told for each in raised if (told := _of_covered(each, covers)) is not None]
    found: dict[str, float] = {}
    for each in raised:
        for account in each.accounts:
            found[account] = min(each.ts, found.get(account, each.ts))
    members = {account for account in truth.members if covers(account)}
    benign = {account: name for account, name in truth.benign.items() if covers(account)}
    about = [each for each in raised if each.accounts]
    right = [each for each in about if truth.is_right(each.accounts)]
    wrong = [each for each in about if not truth.is_right(each.accounts)]
    first = min((each.ts for each in right), default=None)
    after_1h, after_24h = (_heirs(found, truth, members, within=w) for w in (HOUR, DAY))
    in_all = Counter(benign.values())
    named = Counter(name for account, name in benign.items() if account in found)
    return Score(
        campaign=len(members),
        found=len(members & found.keys()),
        benign=len(benign),
        named=len(benign.keys() & found.keys()),
        alerts=len(raised),
        wrong=len(wrong),
        wrong_medium=sum(each.severity in _MEDIUM for each in wrong),
        days=truth.days,
        first_alert=None if first is None or truth.begins is None else first - truth.begins,
        first_requests=None if first is None else truth.requests_per_account(first),
        pivots=truth.pivot is not None,
        pivot_alert=_pivot(right, truth),
        heirs_1h=after_1h and after_1h[1],
        heirs_1h_found=after_1h and after_1h[0],
        heirs_24h=after_24h and after_24h[1],
        heirs_24h_found=after_24h and after_24h[0],
        by_class={name: (named[name], count) for name, count in sorted(in_all.items())},
    )


def _of_covered(each: Raised, covers: Callable[[str], bool]) -> Raised | None:
    """Leave accounts out that do not count; None where no other was named."""
    accounts = [account for account in each.accounts if covers(account)]
    if len(accounts) == len(each.accounts):
        return each
    return msgspec.structs.replace(each, accounts=accounts) if accounts else None


def _pivot(right: Sequence[Raised], truth: Truth) -> float | None:
    if truth.pivot is None:
        return None
    start, model = truth.pivot
    told = [
        each.ts - start
        for each in right
        if each.signal in _ABOUT_PIVOTS and each.ts >= start and model in each.summary
    ]
    return min(told, default=None)


def _heirs(
    found: dict[str, float], truth: Truth, members: set[str], *, within: float
) -> tuple[int, int] | None:
    """Return how many heirs were found within a time of their first request, and of how many."""
    watched = [
        account for account in truth.heirs & members if truth.members[account] + within <= truth.end
    ]
    if not watched:
        return None
    in_time = sum(
        account in found and found[account] <= truth.members[account] + within
        for account in watched
    )
    return in_time, len(watched)
