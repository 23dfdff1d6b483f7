"""How unlike all others a vector is: histograms on random projections."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats

#: Bins of a histogram, their width in spreads of a feature, and what each is believed to hold.
BINS, WIDTH, PRIOR = 96, 0.25, 1e-6
#: Every vector counts around it too, e times less for each so many spreads: beyond all that was
#: seen, densities fall with the distance, and no feature's range ends all at once.
REACH = 0.5
_APART = np.abs(np.arange(BINS)[:, None] - np.arange(BINS)) * WIDTH / REACH
KERNEL = np.exp(-_APART) / np.exp(-_APART).sum(axis=1, keepdims=True)
#: Bins of a feature's own histogram, by which it is scaled.
FINE = 128
#: Half of what was seen counts no more after so many hours.
HALF_LIFE = 168
#: Bins of the answers and their width; the highest part of them that the tail is fitted on.
ANSWERS, STEP, TAIL = 400, 0.05, 0.05
#: Mean excess assumed before data speak, and its weight.
PRIOR_EXCESS, PRIOR_WEIGHT = 0.5, 20.0


class Loda:
    """Says how seldom vectors like one are, learning from each as it comes.

    Each feature is scaled by the median and the quartiles of all vectors so far, and cut off far
    outside.  A vector's answer is the mean of -ln of the densities that histograms on sparse
    random projections give it.  Answers are told in nats: above the 95 % quantile of all answers
    the chance is taken to fall exponentially, with the mean excess that the highest show.

    A feature that is not known is NaN: projections that use it say nothing of the vector, nor do
    those that have seen too few.

    Every row is reckoned for itself, by sums in a fixed order: one alone is answered to the last
    bit as among many.

    Args:
        ranges: least and greatest value of each feature; what is outside counts as these.
        projections: how many.
        least: vectors without which nothing is odd.
        seed: of the projections.

    References:
        Pevný (2016), Loda: lightweight on-line detector of anomalies.

    >>> chance = np.random.default_rng(0)
    >>> loda = Loda(ranges=[(0.0, 10.0)] * 4, least=200)
    >>> for hour in range(20):
    ...     loda.learn(chance.normal(5.0, 1.0, (50, 4)), hour=hour)
    >>> like, unlike = loda.nats(np.array([[5.0, 5.0, 5.0, 5.0], [5.0, 9.9, 0.1, 5.0]]))
    >>> bool(like == 0.0 and unlike > 8.0)
    True
    """

    def __init__(
        self,
        *,
        ranges: list[tuple[float, float]],
        projections: int = 60,
        least: int = 200,
        seed: int = 0,
    ) -> None:
        self.least = least
        self._low, high = np.array(ranges).T
        self._step = (high - self._low) / FINE
        features = len(ranges)
        chance = np.random.default_rng(seed)
        some = max(2, round(features**0.5))
        self._which = np.array([chance.permutation(features)[:some] for _ in range(projections)])
        weights = chance.normal(size=self._which.shape)
        self._weights = weights / np.sqrt((weights**2).sum(axis=1, keepdims=True))
        self._uses = np.zeros((projections, features), dtype=bool)
        np.put_along_axis(self._uses, self._which, values=True, axis=1)
        self._values = np.zeros((features, FINE))
        self._counts = np.zeros((projections, BINS))
        self._answers = np.zeros(ANSWERS)
        self._middle, self._spread = np.zeros(features), np.zeros(features)
        self._hour = -1
        self._costs: Floats | None = None

    @property
    def ready(self) -> bool:
        """Say whether enough was seen."""
        return float(self._answers.sum()) >= self.least

    @property
    def middle(self) -> Floats:
        """The median of each feature."""
        return self._middle

    def nats(self, vectors: Floats) -> Floats:
        """Return for each vector (n, features) the nats of its being so unlike the others."""
        if not self.ready or not len(vectors):
            return np.zeros(len(vectors))
        above = np.cumsum(self._answers[::-1])[::-1]
        start = int(np.searchsorted(-above, -TAIL * above[0], side="right"))
        start = min(start, ANSWERS - 1)
        excess = (np.arange(start, ANSWERS) - start + 0.5) * STEP * self._answers[start:]
        mean = (excess.sum() + PRIOR_EXCESS * PRIOR_WEIGHT) / (above[start] + PRIOR_WEIGHT)
        beyond = self._answer(vectors) - start * STEP
        chance = (above[start] + 1.0) / (above[0] + 1.0)
        nats: Floats = np.where(beyond > 0, beyond / mean - np.log(chance), 0.0)
        return nats

    def contributions(self, vector: Floats) -> Floats:
        """Return how much each feature makes the vector odd: Pevný's one-tailed test, (features,).

        The t statistic of the costs of projections that use a feature against those that do not;
        0 where they are no higher.
        """
        costs, known = (values[0] for values in self._cost(vector[None, :]))
        uses, not_uses = self._uses & known[:, None], ~self._uses & known[:, None]
        with_it, without = (np.maximum(which.sum(axis=0), 1) for which in (uses, not_uses))
        mean = (costs[:, None] * uses).sum(axis=0) / with_it
        other = (costs[:, None] * not_uses).sum(axis=0) / without
        variance = ((costs[:, None] - mean) ** 2 * uses).sum(axis=0) / with_it**2
        variance += ((costs[:, None] - other) ** 2 * not_uses).sum(axis=0) / without**2
        tests: Floats = np.maximum((mean - other) / np.sqrt(variance + 1e-9), 0.0)
        return tests

    def learn(self, vectors: Floats, *, hour: int) -> None:
        """Take in vectors (n, features) of an hour."""
        if hour != self._hour:
            self._turn(hour)
        if self._spread.any():
            bins, known = self._bins(vectors)
            if self._counts.sum(axis=1).max() >= self.least / 2:
                answers = np.clip(self._answer(vectors) / STEP, 0, ANSWERS - 1)
                np.add.at(self._answers, answers.astype(np.int64), 1.0)
            rows = np.broadcast_to(np.arange(len(self._counts)), bins.shape)
            np.add.at(self._counts, (rows[known], bins[known]), 1.0)
            self._costs = None
        known = ~np.isnan(vectors)
        cell = np.clip((np.nan_to_num(vectors) - self._low) / self._step, 0, FINE - 1)
        features = np.broadcast_to(np.arange(len(self._low)), cell.shape)
        np.add.at(self._values, (features[known], cell.astype(np.int64)[known]), 1.0)
        if not self._spread.any() and self._values.sum(axis=1).max() >= self.least / 2:
            self._scale()

    def snapshot(self) -> dict[str, Any]:
        """Return all that was learned."""
        arrays = {
            "values": self._values,
            "counts": self._counts,
            "answers": self._answers,
            "middle": self._middle,
            "spread": self._spread,
        }
        return {"hour": self._hour, **{name: a.tobytes() for name, a in arrays.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot` of one with as many features and projections."""
        self._hour, self._costs = state["hour"], None
        self._values = np.frombuffer(state["values"]).reshape(self._values.shape).copy()
        self._counts = np.frombuffer(state["counts"]).reshape(self._counts.shape).copy()
        self._answers = np.frombuffer(state["answers"]).copy()
        self._middle = np.frombuffer(state["middle"]).copy()
        self._spread = np.frombuffer(state["spread"]).copy()

    def _turn(self, hour: int) -> None:
        """Begin an hour: older ones count less, and features are scaled anew."""
        if self._hour >= 0:
            fading = 0.5 ** ((hour - self._hour) / HALF_LIFE)
            for counts in (self._values, self._counts, self._answers):
                counts *= fading
            if self._spread.any():
                self._scale()
        self._hour, self._costs = hour, None

    def _scale(self) -> None:
        seen = np.maximum(self._values.sum(axis=1, keepdims=True), 1e-9)
        shares = np.cumsum(self._values, axis=1) / seen
        low, middle, high = (
            self._low + ((shares < part).sum(axis=1) + 0.5) * self._step for part in (0.1, 0.5, 0.9)
        )
        self._middle = middle
        #: What is the same for nearly all has the width of some steps.
        self._spread = np.maximum((high - low) / 2.56, 4 * self._step)

    def _bins(self, vectors: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return each projection's bin, and whether all that it is made of is known."""
        known = np.asarray(~np.isnan(vectors)[:, self._which].any(axis=2))
        spread = np.where(self._spread > 0, self._spread, 1.0)
        scaled = np.clip((np.nan_to_num(vectors) - self._middle) / spread, -10.0, 10.0)
        places = scaled[:, self._which[:, 0]] * self._weights[:, 0]
        for number in range(1, self._which.shape[1]):
            places += scaled[:, self._which[:, number]] * self._weights[:, number]
        bins = np.clip(places / WIDTH + BINS // 2, 0, BINS - 1)
        return bins.astype(np.int64), known

    def _answer(self, vectors: Floats) -> Floats:
        """Return the mean cost of each vector over the projections that can tell."""
        costs, known = self._cost(vectors)
        # Each row side by side in memory, or one alone would be added up in another order.
        sums = np.ascontiguousarray(np.where(known, costs, 0.0)).sum(axis=1)
        answers: Floats = sums / np.maximum(known.sum(axis=1), 1)
        return answers

    def _cost(self, vectors: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return -ln of each projection's density at the vectors, and whether it can tell."""
        if self._costs is None:
            smooth = self._counts @ KERNEL + PRIOR
            self._costs = -np.log(smooth / smooth.sum(axis=1, keepdims=True) / WIDTH)
        bins, known = self._bins(vectors)
        taught = self._counts.sum(axis=1) >= self.least / 2
        return self._costs[np.arange(len(self._costs)), bins], known & taught
