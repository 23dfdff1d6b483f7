"""What is usual: each entity's own mean and variance, the population's until it has its own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import stats
from scipy.special import stdtr

from detectors.core.profiles import Column, Profiles, Rows
from detectors.sketches.decayed import Floats

#: Degrees of freedom that the population's values may add: beyond them the tail is nearly normal.
FREEDOM = 30.0
#: Values, an entity's own or the population's, without which nothing is surprising.
LEAST_TAUGHT = 10.0


class Usual:
    """River's exponentially weighted mean, with a way to leave and come back.

    >>> usual = Usual(fading=0.01)
    >>> usual.update(3.0)
    >>> Usual(fading=0.01, state=usual.state).value
    3.0
    """

    def __init__(self, *, fading: float, state: float | None = None) -> None:
        self._mean = stats.EWMean(fading_factor=fading)
        self._known = False
        if state is not None:
            self.update(state)  # the first value is taken over whole

    @property
    def value(self) -> float:
        """The mean, zero before the first value."""
        return float(self._mean.get())

    @property
    def state(self) -> float | None:
        """The mean, None before the first value."""
        return self.value if self._known else None

    def update(self, value: float) -> None:
        """Take a value in."""
        self._mean.update(value)
        self._known = True


class Baseline:
    """Expectations of one or more series of every entity, in columns named ``<prefix>_…``.

    A value is compared with the entity's own mean by a Student t distribution with as many degrees
    of freedom as values are known, its own and the population's (thirty of them at most), so that
    somebody wild, or somebody new in a new deployment, must rise further.  The population's mean
    and variance count as ``prior`` values of every entity.

    Args:
        prefix: of the columns' names.
        series: how many series an entity has (s).
        memory: values that a mean is an average of, at most.
        prior: values that the population counts as.
        least_variance: variance below which no entity is believed to lie.
        doubt: added to the population's variance, which at first is learned from few.
        fading: weight of the newest value in the population's mean.

    References:
        West, Harrison (1997), Bayesian forecasting and dynamic models (discounted t forecasts).

    >>> Baseline("rate", series=4).columns["rate_mean"].shape
    (4,)
    """

    def __init__(
        self,
        prefix: str,
        *,
        series: int = 1,
        memory: float = 48.0,
        prior: float = 2.0,
        least_variance: float = 0.1,
        doubt: float = 0.5,
        fading: float = 0.01,
    ) -> None:
        self.prefix, self.series, self.memory, self.prior = prefix, series, memory, prior
        self.least_variance, self.doubt, self.fading = least_variance, doubt, fading
        self._means = [Usual(fading=fading) for _ in range(series)]
        self._variances = [Usual(fading=fading) for _ in range(series)]
        self._taught = np.zeros(series)  # values that the population's means rest on

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns that the baseline needs in a table."""
        shape = (self.series,)
        return {
            f"{self.prefix}_mean": Column("float32", shape),
            f"{self.prefix}_variance": Column("float32", shape),
            f"{self.prefix}_known": Column("float32", shape),
        }

    def expect(self, profiles: Profiles, rows: Rows) -> Floats:
        """Return the usual value of each row and series, (k, s)."""
        mean, known = self._own(profiles, rows, "mean"), self._own(profiles, rows, "known")
        return self._between(mean, known, _values(self._means))

    def surprise(
        self,
        profiles: Profiles,
        rows: Rows,
        values: Floats,
        *,
        where: NDArray[np.bool_],
        above: Floats | float = 0.0,
    ) -> Floats:
        """Return the nats of values as high as these, (k, s), which are ln(1 + count).

        Args:
            profiles: a table with the baseline's columns.
            rows: (k,) rows.
            values: (k, s) logarithms of counts, one added.
            where: (k, s) which are asked for; the others are zero.
            above: what is expected on top of the mean, such as a rhythm.
        """
        known = self._own(profiles, rows, "known")
        nats: Floats = np.zeros(values.shape)
        some = np.nonzero(where & (known + self._taught >= LEAST_TAUGHT))
        if not len(some[0]):
            return nats
        known, series = known[some], some[1]
        mean = self._own(profiles, rows, "mean")[some]
        expected = self._between(mean, known, _values(self._means)[series])
        expected += np.broadcast_to(above, values.shape)[some]
        usual = _values(self._variances)[series] + self.doubt
        variance = self._between(self._own(profiles, rows, "variance")[some], known, usual)
        variance = np.maximum(variance, self.least_variance)
        rarely = np.exp(-np.maximum(expected, 0.0))
        spread = np.sqrt(variance + rarely * (1.0 - rarely))  # a count's own noise
        freedom = known + self.prior + np.minimum(self._taught, FREEDOM)[series]
        tail = stdtr(freedom, -((values[some] - expected) / spread))
        nats[some] = -np.log(np.maximum(tail, 1e-300))
        return nats

    def learn(
        self, profiles: Profiles, rows: Rows, values: Floats, where: NDArray[np.bool_]
    ) -> Floats:
        """Take in values (k, s) where told, and return how far each lay from its own mean."""
        mean, known = self._own(profiles, rows, "mean"), self._own(profiles, rows, "known")
        variance = self._own(profiles, rows, "variance")
        rate = 1.0 / np.minimum(known + 1.0, self.memory)
        apart: Floats = values - mean
        self._put(profiles, rows, "mean", np.where(where, mean + rate * apart, mean))
        spread = (1.0 - rate) * (variance + rate * apart**2)
        self._put(profiles, rows, "variance", np.where(where, spread, variance))
        self._put(
            profiles, rows, "known", np.where(where, np.minimum(known + 1.0, self.memory), known)
        )
        for series in range(self.series):
            taught = where[:, series]
            if taught.any():
                mean_now, chosen = self._means[series], values[taught, series]
                if mean_now.state is not None:
                    squares = (chosen - mean_now.value) ** 2
                    self._variances[series].update(float(squares.sum() / len(chosen)))
                mean_now.update(float(chosen.sum() / len(chosen)))
        self._taught = np.minimum(self._taught + where.sum(axis=0), 1e9)
        return apart

    def snapshot(self) -> list[float | None]:
        """Return what is usual in the population."""
        usual = [statistic.state for statistic in self._means + self._variances]
        return [*self._taught.tolist(), *usual]

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self._taught = np.array(state[: self.series])
        statistics = [Usual(fading=self.fading, state=value) for value in state[self.series :]]
        self._means, self._variances = statistics[: self.series], statistics[self.series :]

    def _between(self, own: Floats, known: Floats, usual: Floats) -> Floats:
        """Return what is between an entity's own and everybody's, by how many values are known."""
        between: Floats = (own * known + usual * self.prior) / (known + self.prior)
        return between

    def _own(self, profiles: Profiles, rows: Rows, what: str) -> Floats:
        return profiles[f"{self.prefix}_{what}"][rows].astype(np.float64)

    def _put(self, profiles: Profiles, rows: Rows, what: str, values: Floats) -> None:
        profiles[f"{self.prefix}_{what}"][rows] = values


def _values(statistics: list[Usual]) -> Floats:
    return np.array([statistic.value for statistic in statistics])
