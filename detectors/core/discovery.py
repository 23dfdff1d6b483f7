"""How small a p-value must be, when tests come one after the other without end."""

from typing import Any

#: Share of the wealth that one test may cost.
STAKE = 0.1
#: p-value above which a test says nothing, and costs nothing.
DISCARD = 0.5
#: False alerts that one alert earns the right to: the false discovery rate among many alerts.
EARNED = 0.05
#: Seconds over which the operator's budget fills an empty purse.
DAY = 86_400.0


class Discovery:
    """Spends the operator's budget of false alerts over a stream of tests (alpha investing).

    Wealth is in false alerts to be expected.  It fills at the budget's rate, up to one day's;
    a test stakes a tenth of it and is an alert when its p-value is below the stake.  A test that
    is none costs its stake; an alert earns a little, as where much is found a little more may be
    wrong.  Tests with a p-value above a half are not made at all, and the others at twice their
    p-value: most are of what has hardly begun, and would use up the budget of what grows.  So the
    expected number of false alerts stays below the budget and a twentieth of all alerts, whatever
    the tests' number and order, and a stretch without tests costs nothing.

    References:
        Tian, Ramdas (2019), ADDIS: an adaptive discarding algorithm for online FDR control with
        conservative nulls.
        Foster, Stine (2008), Alpha-investing: a procedure for sequential control of expected
        false discoveries.

    >>> discovery = Discovery(alerts_per_day=1.0)
    >>> discovery.test(1e-9, tick=0), discovery.test(0.5, tick=0)
    (True, False)
    """

    def __init__(self, *, alerts_per_day: float) -> None:
        self.alerts_per_day = alerts_per_day
        self.wealth = alerts_per_day
        self._tick: int | None = None

    def test(self, p_value: float, *, tick: int) -> bool:
        """Say whether a p-value is an alert, and book it."""
        if self._tick is not None:
            filled = max(tick - self._tick, 0) * self.alerts_per_day / DAY
            self.wealth = min(self.wealth + filled, max(self.alerts_per_day, self.wealth))
        self._tick = tick if self._tick is None else max(tick, self._tick)
        if p_value > DISCARD:
            return False
        stake = self.stake
        if p_value / DISCARD <= stake:
            self.wealth += EARNED
            return True
        self.wealth -= stake
        return False

    @property
    def stake(self) -> float:
        """Twice the p-value that the next test must not exceed, but for what fills up till then."""
        return min(STAKE * self.wealth, 0.5)

    def snapshot(self) -> list[Any]:
        """Return what is left to spend."""
        return [self.wealth, self._tick]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self.wealth, self._tick = state
