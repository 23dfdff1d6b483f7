"""From a score to a p-value, and from the operator's budget to a threshold."""

import math

import numpy as np

from detectors.core.detector import Floats, pack, unpack
from detectors.sketches.combination import MOST_NATS

DAY = 86_400
#: Scores are kept in bins of this width, in nats, up to `TOP`.
BIN, TOP = 0.25, 64.0
#: The tail is fitted on the highest scores, this many at least and this part of all at most.
TAIL_COUNT, TAIL_PART = 30.0, 0.05
#: Windows from which on the tail is that of the highest scores alone, and its data weigh more than
#: the prior.
ENOUGH = TAIL_COUNT / TAIL_PART
#: Mean excess believed at most: a campaign that is most of a small scope's history must not make
#: the detector deaf to it.
MOST_EXCESS = 2.0
#: Mean excess assumed before data speak (1 would trust the detectors' own models), and its weight.
PRIOR_EXCESS, PRIOR_WEIGHT = 2.0, 20.0
#: p-value above which nothing is an alert, whatever the budget.
MOST_LIMIT = 0.01


class Calibration:
    """Says how rarely benign entities score as high, for one detector and one scope.

    Observed are the highest scores of each entity in windows of ten minutes, those under
    suspicion left out.  Within the data the p-value is the share of windows that scored as high;
    beyond them it follows an exponential tail (peaks over threshold with shape zero) whose mean
    excess is learned, with a cautious prior.  It is never below the chance that the detector
    itself claims: where benign windows hardly ever score at all, the first that does is no alert
    for that alone.  Counts fade with a half-life of a week.

    References:
        Siffer et al. (2017), Anomaly detection in streams with extreme value theory.
        Vovk et al. (2005), Algorithmic learning in a random world (conformal p-values).

    >>> calibration = Calibration()
    >>> calibration.p_value(0.0)
    1.0
    >>> calibration.p_value(60.0) < 1e-9
    True
    """

    def __init__(self) -> None:
        self._bins = np.zeros(int(TOP / BIN) + 1)
        self._windows = 0.0
        self._asked: dict[float, float] = {}  # what `score_at` answered since the last window
        self._first: int | None = None
        self._faded = 0
        self._fitted = True  # what follows says what the bins do
        self._threshold = 0.0  # score where the tail begins
        self._excess = PRIOR_EXCESS
        self._tail = 0.0

    @property
    def windows(self) -> float:
        """Windows observed, faded."""
        self._fit()
        return self._windows

    def observe(self, scores: Floats, *, tick: int) -> None:
        """Take in the highest scores of finished windows."""
        if self._first is None:
            self._first = self._faded = tick
        if tick - self._faded >= DAY // 24:
            self._bins *= 0.5 ** ((tick - self._faded) / (7 * DAY))
            self._faded = tick
        np.add.at(self._bins, (np.clip(scores, 0.0, TOP) / BIN).astype(np.int64), 1.0)
        self._fitted = False

    def p_value(self, score: float) -> float:
        """Return the calibrated chance that a benign window scores this high."""
        if score <= 0:
            return 1.0
        claimed = math.exp(-min(score, MOST_NATS))
        total = self.windows
        if score <= self._threshold:
            at_least = float(self._bins[int(min(score, TOP) / BIN) :].sum())
            return max(min(1.0, (at_least + 1) / (total + 1)), claimed)
        base = min(1.0, (self._tail + 1) / (total + 1))
        beyond = math.exp(-min((score - self._threshold) / self._excess, MOST_NATS))
        return max(base * beyond, claimed)

    def limit(self, *, alerts_per_day: float, tick: int) -> float:
        """Return the p-value below which to alert, so that benign windows stay in the budget.

        Windows a day are counted for as long as is known, a day at most; before the first
        windows have ended, as if there were ten thousand.
        """
        if self._first is None:
            return min(alerts_per_day / 10_000, MOST_LIMIT)
        known = min(max(tick - self._first, 3600), DAY * 7)
        a_day = max(self.windows * DAY / known, 1_000.0)
        return min(alerts_per_day / a_day, MOST_LIMIT)

    def score_at(self, p_value: float) -> float:
        """Return a score whose p-value is not above ``p_value``: what is lower need not be judged.

        >>> calibration = Calibration()
        >>> calibration.p_value(calibration.score_at(1e-6)) <= 1e-6
        True
        """
        self._fit()
        known = self._asked.get(p_value)  # asked for each tick, while windows end seldom
        if known is not None:
            return known
        claimed = -math.log(p_value)
        base = min(1.0, (self._tail + 1) / (self.windows + 1))
        if p_value >= base:
            at_least = np.cumsum(self._bins[::-1])[::-1]
            enough = (at_least + 1) / (self.windows + 1) <= p_value
            seldom = float(enough.argmax() * BIN)
        else:
            seldom = self._threshold + self._excess * math.log(base / p_value)
        score = max(seldom, claimed) * (1 + 1e-12) + 1e-12
        if len(self._asked) < 16:
            self._asked[p_value] = score
        return score

    def snapshot(self) -> bytes:
        """Return all that was learned."""
        return pack({"bins": self._bins.tobytes(), "first": self._first, "faded": self._faded})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self._bins = np.frombuffer(kept["bins"]).copy()
        self._first, self._faded = kept["first"], kept["faded"]
        self._fitted = False

    def _fit(self) -> None:
        """Fit the tail if windows have ended since: many end between two scores worth judging."""
        if self._fitted:
            return
        self._fitted = True
        self._asked.clear()
        total = self._windows = float(self._bins.sum())
        above = np.cumsum(self._bins[::-1])[::-1]  # windows in this bin or higher
        want = max(TAIL_COUNT, TAIL_PART * total)
        start = int(np.searchsorted(-above, -want, side="right"))  # first bin with fewer above
        start = min(start, len(self._bins) - 1)
        self._threshold = start * BIN
        self._tail = float(above[start])
        middles = (np.arange(start, len(self._bins)) - start + 0.5) * BIN
        excess = float((self._bins[start:] * middles).sum())
        fitted = (excess + PRIOR_EXCESS * PRIOR_WEIGHT) / (self._tail + PRIOR_WEIGHT)
        self._excess = min(max(fitted, 1.0), MOST_EXCESS)
