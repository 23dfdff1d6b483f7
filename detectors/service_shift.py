"""The service as a whole does what it never did: requests, tokens, or denials."""

from typing import ClassVar, Literal

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.facts import MINUTE
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal

#: Minutes to be learned before all is believed: the day has a rhythm.
LEAST_MINUTES = 1440


class ServiceShift(Detector):
    """Asserts that the requests, tokens and denials of all accounts go on as they ever went.

    Each is one value a minute, judged by the very code that the public benchmark of series judges
    (see `Series`): a level, a step, or a value at its time of the day that lies far from all there
    were.  What was seen once is remembered, so that a changed world is told once.

    >>> ServiceShift().signal
    'rate'

    Args:
        minutes: to be learned before a series is believed all it says; until then a part of it.
    """

    name: ClassVar[str] = "service_shift"
    signal: ClassVar[Signal] = "rate"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"service"})
    reads: ClassVar[Literal["requests", "echoes", "service", "series"]] = "series"

    def __init__(self, *, minutes: int = LEAST_MINUTES) -> None:
        self.minutes = minutes

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return how new each series' last value is, ln(1 + ratio), in part until it is known."""
        known = np.minimum(profiles["known"][tick.rows] / self.minutes, 1.0)
        scores: Floats = known * profiles["novelty"][tick.rows]
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: a series learns its values itself."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say what the value is and was."""
        row = int(tick.rows[position])
        name = profiles.names[row].removeprefix("service:")
        now, before = (_value(name, float(profiles[c][row])) for c in ("value", "before"))
        unit = "share" if name.endswith("share") else "a minute"
        shown = (f"{v:.1%}" if unit == "share" else f"{v:,.0f}" for v in (now, before))
        return Finding(
            summary=(
                "The {} of all accounts together is {}, after {} a minute before: no such value or "
                "step was seen at this time of the day, or ever.".format(name, *shown)
            ),
            evidence=[
                Evidence(feature=name, observed=now, expected=before, contribution=1.0, unit=unit)
            ],
            onset=float(tick.number + 1 - MINUTE),
            accounts=[],
        )


def _value(name: str, kept: float) -> float:
    return kept if name.endswith("share") else kept**2
