"""An entity asks for far more than it ever did."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.baseline import Baseline

#: The series of an entity: requests and tokens in a minute and in an hour, and these in seconds.
SERIES = ("requests per minute", "tokens per minute", "requests per hour", "tokens per hour")
WINDOWS = np.array([60, 3600])
WINDOW_OF = np.repeat(np.arange(len(WINDOWS)), len(SERIES) // len(WINDOWS))
#: Spread of ln(1 + count) below which no entity is believed to lie: real traffic is over-dispersed.
LEAST_VARIANCE = 0.15
#: Parts of the day with a level of their own, and how fast that is learned.
PARTS, RHYTHM_RATE = 8, 0.05
PART = 86_400 // PARTS
#: Fading of the highest count known, for each window that had requests: half in two thousand.
PEAK_FADING = 0.5 ** (1 / 2000)
#: Seconds after which the highest count under suspicion is known: before the same hour comes again.
HELD = 20 * 3600


class RateSurge(Detector):
    """Asserts that an entity's requests and tokens stay within what it has shown before.

    For each of four series (requests and tokens, per minute and per hour) the logarithm of the
    count in the window so far is compared with the entity's `Baseline` at this part of the day.
    A count below twice the highest that is known is never a surge.  What was seen under suspicion
    is known as well once it is `HELD` old: a job that comes every night is told once.

    >>> RateSurge().signal
    'rate'
    """

    name: ClassVar[str] = "rate_surge"
    signal: ClassVar[Signal] = "rate"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy", "payment"})

    def __init__(self, *, least_variance: float = LEAST_VARIANCE, memory: float = 200.0) -> None:
        self.baseline = Baseline(
            "rate",
            series=len(SERIES),
            memory=memory,
            prior=4.0,
            least_variance=least_variance,
            doubt=1.0,
        )

    @property
    def columns(self) -> Mapping[str, Column]:
        """Windows, peak and rhythm, beside the baseline's columns."""
        return {
            "rate_window": Column(TICK, (len(WINDOWS),)),
            "rate_count": Column("float32", (len(SERIES),)),
            "rate_peak": Column("float32", (len(SERIES),)),
            "rate_held": Column("float32", (len(SERIES),)),  # highest under suspicion
            "rate_held_at": Column(TICK),
            "rate_rhythm": Column("float32", (PARTS,)),
            **self.baseline.columns,
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the most surprising series, less the choice among four."""
        scores = np.zeros(len(tick.rows))
        some, nats = self._scores(profiles, tick)
        if len(some):
            scores[some] = np.maximum(nats.max(axis=1) - np.log(len(SERIES)), 0.0)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Add the tick to the windows; learn those that ended, but for suspects."""
        rows, windows = tick.rows, tick.number // WINDOWS
        before = profiles["rate_window"][rows]
        ended, known = _by_series(before != windows), _by_series(before > 0)
        count = profiles["rate_count"][rows].astype(np.float64)
        known &= ended
        learn = known & ~tick.suspect[:, None]
        values = np.log1p(count)
        if learn.any():
            apart = self.baseline.learn(profiles, rows, values, learn)
            peak = profiles["rate_peak"][rows]
            higher = np.maximum(peak * PEAK_FADING, values)
            profiles["rate_peak"][rows] = np.where(learn, higher, peak)
            minutes = learn[:, 0]
            part = before[minutes, 0] * 60 % 86_400 // PART
            rhythm, taught = profiles["rate_rhythm"], rows[minutes]
            now = rhythm[taught, part]
            rhythm[taught, part] = now + RHYTHM_RATE * (apart[minutes, 0] - now)
        self._hold(profiles, tick, np.where(known & ~learn, values, 0.0))
        count[ended] = 0.0
        profiles["rate_count"][rows] = count + _added(tick)
        profiles["rate_window"][rows] = windows

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the series that rose, and by how much."""
        one = tick.only(position)
        row, (_, found) = int(one.rows[0]), self._scores(profiles, one)
        scores = found.sum(axis=0)
        counts = self._counts(profiles, one)[0]
        usual = np.expm1(np.maximum(self._expected(profiles, one)[0], 0.0))
        best = int(scores.argmax())
        window = int(WINDOWS[best // 2])
        parts = share({name: float(s) for name, s in zip(SERIES, scores, strict=True)})
        name = profiles.names[row]
        who = f"account {name}" if tick.members is None else name.replace(":", " ", 1)
        return Finding(
            summary=(
                f"{who} makes {counts[best]:,.0f} {SERIES[best]}, "
                f"{counts[best] / max(usual[best], 0.1):,.0f} times its usual {usual[best]:,.1f}, "
                "and more than ever before."
            ),
            evidence=[
                Evidence(
                    feature=series,
                    observed=float(counts[i]),
                    expected=float(usual[i]),
                    contribution=parts[series],
                    unit="tokens" if i % 2 else "requests",
                )
                for i, series in enumerate(SERIES)
            ],
            onset=float(tick.number // window * window),
            accounts=tick.accounts(profiles, position, since=tick.number - 300),
        )

    def snapshot(self) -> bytes:
        """Return what is usual in the population."""
        return pack({"baseline": self.baseline.snapshot()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self.baseline.restore(unpack(state)["baseline"])

    def _hold(self, profiles: Profiles, tick: Tick, values: Floats) -> None:
        """Keep the counts of suspects, and let those become known that are old enough."""
        rows, (held, since) = tick.rows, (profiles["rate_held"], profiles["rate_held_at"])
        began = since[rows]
        due = rows[(began > 0) & (tick.number - began >= HELD)]
        if len(due):
            profiles["rate_peak"][due] = np.maximum(profiles["rate_peak"][due], held[due])
            held[due] = since[due] = 0
        if values.any():
            new = values.any(axis=1)
            first = rows[new & (since[rows] == 0)]
            since[first] = tick.number
            held[rows[new]] = np.maximum(held[rows[new]], values[new])

    def _counts(self, profiles: Profiles, tick: Tick) -> Floats:
        current = _by_series(profiles["rate_window"][tick.rows] == tick.number // WINDOWS)
        return np.where(current, profiles["rate_count"][tick.rows], 0.0) + _added(tick)

    def _expected(self, profiles: Profiles, tick: Tick) -> Floats:
        return self.baseline.expect(profiles, tick.rows) + self._rhythm(profiles, tick)

    def _rhythm(self, profiles: Profiles, tick: Tick) -> Floats:
        part = tick.number % 86_400 // PART
        rhythm = profiles["rate_rhythm"][tick.rows, part].astype(np.float64)
        above: Floats = np.maximum(rhythm, 0.0)[:, None]
        return above

    def _scores(self, profiles: Profiles, tick: Tick) -> tuple[NDArray[np.int64], Floats]:
        """Return the positions at which anything surges, and the nats of each series there."""
        values = np.log1p(self._counts(profiles, tick))
        surge = values > profiles["rate_peak"][tick.rows] + np.log(2.0)
        some = np.flatnonzero(surge.any(axis=1))
        if not len(some):
            return some, np.zeros((0, len(SERIES)))
        above = self._rhythm(profiles, tick)[some]
        return some, self.baseline.surprise(
            profiles, tick.rows[some], values[some], where=surge[some], above=above
        )


def _by_series(windows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    by_series: NDArray[np.bool_] = windows[:, WINDOW_OF]
    return by_series


def _added(tick: Tick) -> Floats:
    added = np.empty((len(tick.rows), len(SERIES)))
    added[:, ::2], added[:, 1::2] = tick.requests[:, None], tick.tokens[:, None]
    return added
