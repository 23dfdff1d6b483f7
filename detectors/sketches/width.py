"""How wide an entity usually is within an hour."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Floats, Tick
from detectors.core.profiles import TICK, Column, Profiles
from detectors.sketches.baseline import Baseline

HOUR = 3600


class Width:
    """The widest that each entity was within the hour, and its `Baseline` over the hours.

    >>> sorted(Width("fanout").columns)[:2]
    ['fanout_hour', 'fanout_known']
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.baseline = Baseline(prefix)

    @property
    def columns(self) -> Mapping[str, Column]:
        """The hour in progress and its width, beside the baseline's columns."""
        return {
            f"{self.prefix}_hour": Column(TICK),
            f"{self.prefix}_widest": Column("float32"),
            **self.baseline.columns,
        }

    def usual(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the usual width of each row."""
        return np.expm1(np.maximum(self.baseline.expect(profiles, tick.rows)[:, 0], 0.0))

    def surprise(
        self, profiles: Profiles, tick: Tick, now: Floats, *, enough: NDArray[np.bool_]
    ) -> Floats:
        """Return the nats of each row's width, zero where there is not enough to say."""
        nats = np.zeros(len(now))
        some = np.flatnonzero(enough)
        if len(some):
            values = np.log1p(now[some])[:, None]
            where = np.ones(values.shape, dtype=bool)
            found = self.baseline.surprise(profiles, tick.rows[some], values, where=where)
            nats[some] = found[:, 0]
        return nats

    def learn(self, profiles: Profiles, tick: Tick, now: Floats) -> None:
        """Learn hours that ended, but for suspects, and keep the widest of the hour."""
        hours, widest = profiles[f"{self.prefix}_hour"], profiles[f"{self.prefix}_widest"]
        rows, hour = tick.rows, tick.number // HOUR
        ended = hours[rows] != hour
        learn = ended & (hours[rows] > 0) & ~tick.suspect
        if learn.any():
            values = np.log1p(widest[rows].astype(np.float64))[:, None]
            self.baseline.learn(profiles, rows, values, learn[:, None])
        widest[rows] = np.maximum(np.where(ended, 0.0, widest[rows]), now)
        hours[rows] = hour

    def snapshot(self) -> list[float | None]:
        """Return what is usual in the population."""
        return self.baseline.snapshot()

    def restore(self, state: list[Any]) -> None:
        """Take back a `snapshot`."""
        self.baseline.restore(state)
