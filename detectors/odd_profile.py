"""An account whose habits, taken together, are like nobody else's."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.beat import QUIET
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Severity, Signal
from detectors.sketches.distinct import estimate
from detectors.sketches.loda import Loda

#: Seconds between two looks at an account.
LOOK = 900
#: Seconds between two vectors of an account that teach, so that no account is most of what is
#: usual; nats above which one teaches nothing for a day.
TEACH, GUARD = 4 * 3600, 7.0
#: Requests and seconds of observation without which an account has no habits.
LEAST_REQUESTS, LEAST_SECONDS = 10.0, 3600
#: Vectors without which nobody is odd.
LEAST_VECTORS = 40
#: Seconds over which habits fade, and parts of the day.
DAY, PARTS = 86_400.0, 8
#: Nats by which an account must become odder to be odd anew, and seconds over which that fades.
ODDER, FORGETTING = 2.0, 30 * DAY
#: Features named as evidence at most.
NAMED = 5


class _Feature(NamedTuple):
    """What is measured of an account."""

    name: str
    most: float  # what is more counts as this
    logarithm: bool = False
    unit: str | None = None


FEATURES = (
    _Feature("requests per hour", 14.0, logarithm=True, unit="requests"),
    _Feature("tokens per request", 16.0, logarithm=True, unit="tokens"),
    _Feature("spread of the logarithm of tokens", 4.0),
    _Feature("requests in a second with any", 8.0, logarithm=True, unit="requests"),
    _Feature("requests between two pauses", 12.0, logarithm=True, unit="requests"),
    _Feature("length of a pause", 14.0, logarithm=True, unit="seconds"),
    _Feature("entropy of the models", 2.8, unit="nats"),
    _Feature("share of the top model", 1.0, unit="share"),
    _Feature("egresses in the hour", 6.0, logarithm=True, unit="egresses"),
    _Feature("concentration on parts of the day", 8.0),
    _Feature("share in the quiet parts of the day", 1.0, unit="share"),
)
#: Sums of an account: requests, tokens, seconds with requests, pauses, ln of pauses, ln of tokens
#: per request in each such second, and its square.
SUMS = 7


class OddProfile(Detector):
    """Asserts that there are others whose habits are like this account's.

    Once in a quarter of an hour, if it asks, an account's habits over a day are put in a vector:
    how much it asks, in which sizes, rhythms and hours, of which models and from how many egresses
    (`FEATURES`).  The score is how seldom such vectors are in the population (`Loda`), which needs
    no idea of what is wrong: it is for what nobody thought of.  What it finds is merely odd, so it
    is never more than of low severity, and an account is told once: its score is zero until it
    has become odder still.  What an account cannot show yet, its hours of the day before a day is
    over, says nothing.

    Args:
        look: seconds between two looks at an account.

    References:
        Pevný (2016), Loda: lightweight on-line detector of anomalies.

    >>> OddProfile().ceiling
    'low'
    """

    name: ClassVar[str] = "odd_profile"
    signal: ClassVar[Signal] = "outlier"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account"})
    ceiling: ClassVar[Severity] = "low"

    def __init__(self, *, look: int = LOOK) -> None:
        self.look = look
        self.loda = Loda(ranges=[(0.0, feature.most) for feature in FEATURES], least=LEAST_VECTORS)
        self._parts = np.zeros(PARTS)  # requests of everybody by part of the day

    @property
    def columns(self) -> Mapping[str, Column]:
        """Habits up to the last look, what came after it, and how odd the account was."""
        return {
            "odd_sums": Column("float32", (SUMS,)),
            "odd_new": Column("float32", (SUMS,)),
            "odd_parts": Column("float32", (PARTS,)),
            "odd_since": Column("int32"),
            "odd_looked_at": Column("int32"),
            "odd_last": Column("int32"),
            "odd_taught_at": Column("int32"),
            "odd_odd_since": Column("int32"),
            "odd_peak": Column("float32"),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of accounts that are looked at and odder than they were; 0 for others."""
        scores = np.zeros(len(tick.rows))
        due = self._due(profiles, tick)
        if len(due) and self.loda.ready:
            rows = tick.rows[due]
            nats = self.loda.nats(self._vectors(profiles, rows, tick.number))
            known = profiles["odd_peak"][rows].astype(np.float64)
            scores[due] = np.where(nats > known + ODDER * (known > 0), nats, 0.0)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn the vectors of those looked at, but for suspects; add the tick to its accounts."""
        due = self._due(profiles, tick)
        if len(due):
            self._look(profiles, tick, due)
        rows = tick.rows
        last = profiles["odd_last"][rows]
        new = last == 0
        if new.any():
            profiles["odd_since"][rows[new]] = tick.number
            profiles["odd_looked_at"][rows[new]] = tick.number
        pause = np.maximum(tick.number - last, 1)
        paused = (pause >= QUIET) & ~new
        size = np.log1p(tick.tokens / tick.requests)
        added = np.stack(
            [
                tick.requests,
                tick.tokens,
                np.ones(len(rows)),
                paused,
                np.where(paused, np.log(pause), 0.0),
                size,
                size**2,
            ],
            axis=1,
        )
        profiles["odd_new"][rows] += added.astype(np.float32)
        profiles["odd_last"][rows] = tick.number

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the features that make the account odd."""
        row = int(tick.rows[position])
        vector = self._vectors(profiles, tick.rows[[position]], tick.number)[0]
        odd = self.loda.contributions(vector)
        order = np.argsort(-odd, kind="stable")
        named = order[~np.isnan(vector[order])][:NAMED].tolist()
        parts = share({FEATURES[i].name: float(odd[i]) + 1e-9 for i in named})
        shown = {i: _shown(FEATURES[i], float(vector[i])) for i in named}
        usual = {i: _shown(FEATURES[i], float(self.loda.middle[i])) for i in named}
        told = ", ".join(f"{FEATURES[i].name} {shown[i]:.3g} ({usual[i]:.3g})" for i in named[:3])
        return Finding(
            summary=(
                f"account {profiles.names[row]} has habits like hardly anybody's: {told}; "
                "in brackets what is usual."
            ),
            evidence=[
                Evidence(
                    feature=FEATURES[i].name,
                    observed=shown[i],
                    expected=usual[i],
                    contribution=parts[FEATURES[i].name],
                    unit=FEATURES[i].unit,
                )
                for i in named
            ],
            onset=float(max(int(profiles["odd_since"][row]), tick.number - int(DAY))),
            accounts=[profiles.names[row]],
        )

    def snapshot(self) -> bytes:
        """Return what is usual."""
        return pack({"loda": self.loda.snapshot(), "parts": self._parts.tolist()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self.loda.restore(kept["loda"])
        self._parts = np.array(kept["parts"])

    def _due(self, profiles: Profiles, tick: Tick) -> NDArray[np.int64]:
        rows = tick.rows
        due = np.flatnonzero(tick.number - profiles["odd_looked_at"][rows] >= self.look)
        if len(due):
            rows = rows[due]
            asked = profiles["odd_sums"][rows, 0] + profiles["odd_new"][rows, 0]
            observed = tick.number - profiles["odd_since"][rows]
            known = profiles["odd_since"][rows] > 0
            due = due[known & (asked >= LEAST_REQUESTS) & (observed >= LEAST_SECONDS)]
        return due

    def _look(self, profiles: Profiles, tick: Tick, due: NDArray[np.int64]) -> None:
        rows = tick.rows[due]
        vectors = self._vectors(profiles, rows, tick.number)
        self._teach(profiles, tick.take(due), vectors)
        sums, parts = self._habits(profiles, rows, tick.number)
        self._parts *= 0.5 ** (len(due) / 100_000)
        self._parts += (parts / np.maximum(parts.sum(axis=1, keepdims=True), 1.0)).sum(axis=0)
        profiles["odd_sums"][rows], profiles["odd_parts"][rows] = sums, parts
        profiles["odd_new"][rows] = 0.0
        profiles["odd_looked_at"][rows] = tick.number

    def _teach(self, profiles: Profiles, tick: Tick, vectors: Floats) -> None:
        """Learn vectors, but of an account not too often, and not what is odd for less than a day."""
        rows, number = tick.rows, tick.number
        taught = ~tick.suspect
        if self.loda.ready:
            nats = self.loda.nats(vectors)
            elapsed = number - profiles["odd_looked_at"][rows]
            known = profiles["odd_peak"][rows] * np.exp(-elapsed / FORGETTING)
            profiles["odd_peak"][rows] = np.maximum(known, nats)
            since = profiles["odd_odd_since"][rows]
            since = np.where(nats > GUARD, np.where(since > 0, since, number), 0)
            profiles["odd_odd_since"][rows] = since
            taught &= (since == 0) | (number - since >= DAY)
            taught &= number - profiles["odd_taught_at"][rows] >= TEACH
        if taught.any():
            self.loda.learn(vectors[taught], hour=number // 3600)
            profiles["odd_taught_at"][rows[taught]] = number

    def _habits(
        self, profiles: Profiles, rows: NDArray[np.int64], number: int
    ) -> tuple[Floats, Floats]:
        """Return sums and requests by part of the day, faded over a day, until this tick."""
        fading = np.exp(-(number - profiles["odd_looked_at"][rows]) / DAY)[:, None]
        new = profiles["odd_new"][rows].astype(np.float64)
        sums = profiles["odd_sums"][rows] * fading + new
        parts = profiles["odd_parts"][rows] * fading
        part = profiles["odd_last"][rows] % int(DAY) * PARTS // int(DAY)
        parts[np.arange(len(rows)), part] += new[:, 0]
        return sums, parts

    def _vectors(self, profiles: Profiles, rows: NDArray[np.int64], number: int) -> Floats:
        """Return the features of accounts, (k, features)."""
        sums, parts = self._habits(profiles, rows, number)
        requests, tokens, seconds, pauses, pause, size, squares = sums.T
        observed = number - profiles["odd_since"][rows]
        hours = -DAY * np.expm1(-observed / DAY) / 3600.0
        seconds = np.maximum(seconds, 1e-9)
        mix = profiles["usually"][rows].astype(np.float64)
        mix /= np.maximum(mix.sum(axis=1, keepdims=True), 1e-9)
        hourly = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-9)
        quiet = 1.0 - self._parts / max(float(self._parts.max()), 1e-9)
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


def _shown(feature: _Feature, value: float) -> float:
    return float(np.exp(value)) if feature.logarithm else value
