"""An account whose habits, taken together, are like nobody else's."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Severity, Signal
from detectors.sketches import oddness
from detectors.sketches.habits import DAY, FEATURES, Habits
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
#: Accounts below which being one of a kind says less: there may simply be no other of that kind.
MANY = 100.0
#: Nats by which an account must become odder to be odd anew, and seconds over which that fades.
ODDER, FORGETTING = 2.0, 30 * DAY
#: Features named as evidence at most.
NAMED = 5


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
        self.habits = Habits("odd")
        self._accounts = 0  # that have taught

    @property
    def columns(self) -> Mapping[str, Column]:
        """Habits, how odd the account was, since when, and when it taught."""
        return {
            **self.habits.columns,
            "odd_peak": Column("float32"),
            "odd_taught_at": Column(TICK),
            "odd_odd_since": Column(TICK),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of accounts that are looked at and odder than they were; 0 for others."""
        scores = np.zeros(len(tick.rows))
        due = self._due(profiles, tick)
        if len(due) and self.loda.ready:
            rows = tick.rows[due]
            nats = self._nats(self.habits.vectors(profiles, rows, tick.number))
            known = profiles["odd_peak"][rows].astype(np.float64)
            scores[due] = np.where(nats > known + ODDER * (known > 0), nats, 0.0)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn the vectors of those looked at, but for suspects; add the tick to its accounts."""
        due = self._due(profiles, tick)
        if len(due):
            self._teach(profiles, tick.take(due))
            self.habits.fold(profiles, tick.rows[due], tick.number)
        self.habits.add(profiles, tick)

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the features that make the account odd."""
        row = int(tick.rows[position])
        vector = self.habits.vectors(profiles, tick.rows[[position]], tick.number)[0]
        odd = self.loda.contributions(vector)
        order = np.argsort(-odd, kind="stable")
        named = order[~np.isnan(vector[order])][:NAMED].tolist()
        parts = share({FEATURES[i].name: float(odd[i]) + 1e-9 for i in named})
        shown = {i: FEATURES[i].shown(float(vector[i])) for i in named}
        usual = {i: FEATURES[i].shown(float(self.loda.middle[i])) for i in named}
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
        return pack(
            {
                "loda": self.loda.snapshot(),
                "parts": self.habits.parts.tolist(),
                "accounts": self._accounts,
            }
        )

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self.loda.restore(kept["loda"])
        self.habits.parts = np.array(kept["parts"])
        self._accounts = kept["accounts"]

    def _due(self, profiles: Profiles, tick: Tick) -> NDArray[np.int64]:
        due = np.flatnonzero(tick.number - profiles["odd_folded_at"][tick.rows] >= self.look)
        if len(due):
            known = self.habits.known(
                profiles,
                tick.rows[due],
                tick.number,
                requests=LEAST_REQUESTS,
                seconds=LEAST_SECONDS,
            )
            due = due[known]
        return due

    def _teach(self, profiles: Profiles, tick: Tick) -> None:
        """Learn vectors, but none of an account too often, nor what is odd for less than a day."""
        rows, number = tick.rows, tick.number
        vectors = self.habits.vectors(profiles, rows, number)
        taught = ~tick.suspect
        if self.loda.ready:
            nats = self._nats(vectors)
            elapsed = number - profiles["odd_folded_at"][rows]
            known = profiles["odd_peak"][rows] * np.exp(-elapsed / FORGETTING)
            shown = nats > known + ODDER * (known > 0)
            profiles["odd_peak"][rows] = np.where(shown, nats, known)
            oddness.note(profiles["odd_odd_since"], rows, nats > GUARD, tick=number)
            taught &= ~oddness.held(profiles["odd_odd_since"], rows, tick=number)
            taught &= number - profiles["odd_taught_at"][rows] >= TEACH
        if taught.any():
            self.loda.learn(vectors[taught], hour=number // 3600)
            self._accounts += int((profiles["odd_taught_at"][rows[taught]] == 0).sum())
            profiles["odd_taught_at"][rows[taught]] = number

    def _nats(self, vectors: Floats) -> Floats:
        return self.loda.nats(vectors) * min(self._accounts / MANY, 1.0)
