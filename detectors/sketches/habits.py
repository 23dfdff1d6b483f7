"""What an account usually does, as a vector."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.beat import QUIET
from detectors.core.detector import Floats, Tick
from detectors.core.profiles import TICK, Column, Profiles, Rows
from detectors.sketches.distinct import estimate

#: Seconds over which habits fade, and parts of the day.
DAY, PARTS = 86_400.0, 8


class Feature(NamedTuple):
    """What is measured of an account."""

    name: str
    most: float  # what is more counts as this
    logarithm: bool = False
    unit: str | None = None

    def shown(self, value: float) -> float:
        """Return a value as it is told."""
        return float(np.exp(value)) if self.logarithm else value


FEATURES = (
    Feature("requests per hour", 14.0, logarithm=True, unit="requests"),
    Feature("tokens per request", 16.0, logarithm=True, unit="tokens"),
    Feature("spread of the logarithm of tokens", 4.0),
    Feature("requests in a second with any", 8.0, logarithm=True, unit="requests"),
    Feature("requests between two pauses", 12.0, logarithm=True, unit="requests"),
    Feature("length of a pause", 14.0, logarithm=True, unit="seconds"),
    Feature("entropy of the models", 2.8, unit="nats"),
    Feature("share of the top model", 1.0, unit="share"),
    Feature("egresses in the hour", 6.0, logarithm=True, unit="egresses"),
    Feature("concentration on parts of the day", 8.0),
    Feature("share in the quiet parts of the day", 1.0, unit="share"),
)
#: Sums of an account: requests, tokens, seconds with requests, pauses, ln of pauses, ln of tokens
#: per request in each such second, and its square.
SUMS = 7


class Habits:
    """Adds up what accounts do, in columns named ``<prefix>_…``, and makes vectors of it.

    A tick adds into ``new``; `fold` adds that to what fades over a day, now and then.

    Args:
        prefix: of the columns' names.

    >>> len(Habits("odd").columns)
    6
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.parts = np.zeros(PARTS)  # requests of everybody by part of the day

    @property
    def columns(self) -> Mapping[str, Column]:
        """Sums until the last fold, and those after it."""
        columns = {
            "sums": Column("float32", (SUMS,)),
            "new": Column("float32", (SUMS,)),
            "parts": Column("float32", (PARTS,)),
            "since": Column(TICK),
            "folded_at": Column(TICK),
            "last": Column(TICK),
        }
        return {f"{self.prefix}_{name}": column for name, column in columns.items()}

    def add(self, profiles: Profiles, tick: Tick) -> None:
        """Add a tick."""
        rows, number = tick.rows, tick.number
        last = self._of(profiles, "last")[rows]
        new = last == 0
        if new.any():
            self._of(profiles, "since")[rows[new]] = number
            self._of(profiles, "folded_at")[rows[new]] = number
        pause = np.maximum(number - last, 1)
        paused = (pause >= QUIET) & ~new
        size = np.log1p(tick.tokens / tick.requests)
        added = np.empty((len(rows), SUMS), dtype=np.float32)
        added[:, 0], added[:, 1], added[:, 2], added[:, 3] = tick.requests, tick.tokens, 1.0, paused
        added[:, 4] = np.where(paused, np.log(pause), 0.0)
        added[:, 5], added[:, 6] = size, size**2
        self._of(profiles, "new")[rows] += added
        self._of(profiles, "last")[rows] = number

    def known(
        self, profiles: Profiles, rows: Rows, number: int, *, requests: float, seconds: int
    ) -> NDArray[np.bool_]:
        """Say which accounts made so many requests, and were first seen so long ago."""
        since = self._of(profiles, "since")[rows]
        made = self._of(profiles, "sums")[rows, 0] + self._of(profiles, "new")[rows, 0]
        known: NDArray[np.bool_] = (since > 0) & (number - since >= seconds) & (made >= requests)
        return known

    def fold(self, profiles: Profiles, rows: Rows, number: int) -> None:
        """Add what is new to what fades; everybody's parts of the day learn from it."""
        sums, parts = self._sums(profiles, rows, number)
        self.parts *= 0.5 ** (len(rows) / 100_000)
        self.parts += (parts / np.maximum(parts.sum(axis=1, keepdims=True), 1.0)).sum(axis=0)
        self._of(profiles, "sums")[rows], self._of(profiles, "parts")[rows] = sums, parts
        self._of(profiles, "new")[rows] = 0.0
        self._of(profiles, "folded_at")[rows] = number

    def vectors(self, profiles: Profiles, rows: Rows, number: int) -> Floats:
        """Return the `FEATURES` of accounts, (k, features); NaN where a day is not over."""
        sums, parts = self._sums(profiles, rows, number)
        requests, tokens, seconds, pauses, pause, size, squares = sums.T
        observed = number - self._of(profiles, "since")[rows]
        hours = np.maximum(-DAY * np.expm1(-observed / DAY) / 3600.0, 1e-9)
        seconds = np.maximum(seconds, 1e-9)
        mix = profiles["usually"][rows].astype(np.float64)
        mix /= np.maximum(mix.sum(axis=1, keepdims=True), 1e-9)
        hourly = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-9)
        quiet = 1.0 - self.parts / max(float(self.parts.max()), 1e-9)
        whole = observed >= DAY
        return np.stack(
            [
                np.log1p(requests / hours),
                np.log1p(tokens / np.maximum(requests, 1e-9)),
                np.sqrt(np.maximum(squares / seconds - (size / seconds) ** 2, 0.0)),
                np.log(np.maximum(requests / seconds, 1.0)),
                np.log(np.maximum(requests / (pauses + 1.0), 1.0)),
                pause / (pauses + 1e-9),
                -(mix * np.log(np.maximum(mix, 1e-9))).sum(axis=1),
                mix.max(axis=1),
                np.log(np.maximum(estimate(profiles["egress_bits"][rows]), 1.0)),
                np.where(whole, (hourly**2).sum(axis=1) * PARTS, np.nan),
                np.where(whole, (hourly * quiet).sum(axis=1), np.nan),
            ],
            axis=1,
        )

    def _sums(self, profiles: Profiles, rows: Rows, number: int) -> tuple[Floats, Floats]:
        """Return sums and requests by part of the day, faded over a day, until this tick."""
        fading = np.exp(-(number - self._of(profiles, "folded_at")[rows]) / DAY)[:, None]
        new = self._of(profiles, "new")[rows].astype(np.float64)
        sums = self._of(profiles, "sums")[rows] * fading + new
        parts = self._of(profiles, "parts")[rows] * fading
        part = self._of(profiles, "last")[rows] % int(DAY) * PARTS // int(DAY)
        parts[np.arange(len(rows)), part] += new[:, 0]
        return sums, parts

    def _of(self, profiles: Profiles, name: str) -> NDArray[np.float64]:
        return profiles[f"{self.prefix}_{name}"]
