"""Does one series of numbers do what it never did."""

import math
from typing import Any

import msgspec
import numpy as np

from detectors.core.calibration import Calibration
from detectors.core.detector import pack, unpack
from detectors.sketches.habituation import Habituation
from detectors.sketches.novelty import Novelty
from detectors.sketches.rhythm import Rhythm

#: Means and differences over so many values, and what their distance from all earlier ones
#: usually is, in standard deviations: the median of the public series of the NAB benchmark.
MEANS = {1: 0.0098, 5: 0.0091, 60: 0.0058}
STEPS = {5: 0.0126, 20: 0.0201}
#: The mean that is compared with earlier days, and its usual distance from them (set by hand; the
#: median of the same series is 0.0446).
RHYTHM, RHYTHM_USUAL = 3, 0.0344
#: How much a sum over two differences, or one rhythm, counts beside a sum over three means.
STEPS_WEIGHT, RHYTHM_WEIGHT = 0.9, 1.2
#: Values in a window of the calibration.
WINDOW = 100
_LONGEST = max(*MEANS, *STEPS, RHYTHM)


class Verdict(msgspec.Struct, frozen=True):
    """What a series says of one value.

    Attributes:
        novelty: ln(1 + ratio), summed over what was looked at; what is new in the value itself.
        score: the novelty as a strength, what was told before taken off; zero while at rest.
        p_value: chance that a window of a hundred values of this series shows such novelty;
            1 while at rest.
    """

    novelty: float
    score: float
    p_value: float


class Series:
    """Judges a series value by value: is this new, and how rarely is anything as new?

    New is a level, over one, five or sixty values, a step, or a value at its time of the day, that
    lies far from all that the series showed before.  What was seen once is remembered, so a
    changed world is told once.  The p-value is calibrated on the series itself: one false alarm
    in a thousand values is to alert below 0.1.

    Fixed memory; nothing is known of the future, nor of the range of the series.

    References:
        Lavin, Ahmad (2015), Evaluating real-time anomaly detection algorithms (the benchmark).
        Siffer et al. (2017), Anomaly detection in streams with extreme value theory.

    >>> series = Series()
    >>> for second in range(2000):
    ...     usual = series.judge(100.0 + second % 7, float(second))
    >>> sudden = series.judge(300.0, 2000.0)
    >>> usual.p_value, sudden.p_value < 0.01, sudden.score > 1000
    (1.0, True, True)
    """

    def __init__(self) -> None:
        self._means = {size: Novelty(usual=usual) for size, usual in MEANS.items()}
        self._steps = {size: Novelty(usual=usual) for size, usual in STEPS.items()}
        self._daily = Novelty(usual=RHYTHM_USUAL)
        self._rhythm = Rhythm()
        self._habituation = Habituation()
        self._calibration = Calibration()
        self._sums: list[float] = [0.0]  # running sums of the last values
        self._values: list[float] = []
        self._count = 0
        self._highest = 0.0

    def judge(self, value: float, time: float) -> Verdict:
        """Say how odd the next value is, and learn it.  What is no number is passed over."""
        if not math.isfinite(value):
            return Verdict(novelty=0.0, score=0.0, p_value=1.0)
        self._remember(value)
        novelty = max(self._levels(), self._differences(), self._of_the_day(time))
        score = self._habituation.judge(math.expm1(min(novelty, 700.0)))
        p_value = self._calibration.p_value(novelty) if score > 0 else 1.0
        self._highest = max(self._highest, novelty)
        self._count += 1
        if self._count % WINDOW == 0:
            self._calibration.observe(np.array([self._highest]), tick=int(time))
            self._highest = 0.0
        return Verdict(novelty=novelty, score=score, p_value=p_value)

    def snapshot(self) -> bytes:
        """Return all that was learned."""
        return pack(
            {
                "means": [novelty.snapshot() for novelty in self._means.values()],
                "steps": [novelty.snapshot() for novelty in self._steps.values()],
                "daily": self._daily.snapshot(),
                "rhythm": self._rhythm.snapshot(),
                "habituation": self._habituation.snapshot(),
                "calibration": self._calibration.snapshot(),
                "last": [self._sums, self._values, self._count, self._highest],
            }
        )

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept: dict[str, Any] = unpack(state)
        for novelty, own in zip(self._means.values(), kept["means"], strict=True):
            novelty.restore(own)
        for novelty, own in zip(self._steps.values(), kept["steps"], strict=True):
            novelty.restore(own)
        self._daily.restore(kept["daily"])
        self._rhythm.restore(kept["rhythm"])
        self._habituation.restore(kept["habituation"])
        self._calibration.restore(kept["calibration"])
        self._sums, self._values, self._count, self._highest = kept["last"]

    def _remember(self, value: float) -> None:
        self._values.append(value)
        self._sums.append(self._sums[-1] + value)
        if len(self._values) > _LONGEST + 1:
            del self._values[0], self._sums[0]

    def _mean(self, size: int) -> float:
        known = min(size, len(self._values))
        return (self._sums[-1] - self._sums[-1 - known]) / known

    def _levels(self) -> float:
        return sum(novelty.judge(self._mean(size)) for size, novelty in self._means.items())

    def _differences(self) -> float:
        values, nats = self._values, 0.0
        for size, novelty in self._steps.items():
            nats += novelty.judge(values[-1] - values[-1 - size] if len(values) > size else 0.0)
        return STEPS_WEIGHT * nats

    def _of_the_day(self, time: float) -> float:
        mean, spread = self._mean(RHYTHM), self._daily.spread
        apart = self._rhythm.judge(mean, time)
        answer = self._daily.compare(apart / spread if spread > 0 else 0.0)
        self._daily.learn(mean)
        return RHYTHM_WEIGHT * answer
