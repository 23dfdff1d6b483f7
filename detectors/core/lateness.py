"""Weir itself comes late: what is read too long after it happened, or not at all."""

from collections.abc import Mapping
from typing import NamedTuple

import xxhash

from detectors.core.level import REPEAT
from detectors.core.records import Alert, Entity, Evidence, Severity, Window

#: Seconds for which something must be late without a break.
PATIENCE = 30.0
#: Times the limit from which the alert is of high severity.
BY_FAR = 10.0


class Late(NamedTuple):
    """How late one thing is.

    Attributes:
        seconds: behind; zero while nothing waits.
        consequence: what is not seen for it, and what to do: two sentences.
    """

    seconds: float
    consequence: str


class Lateness:
    """Alerts of what is later than the operator lets it be, once an hour unless it has doubled.

    It is told what a driver measures, and the driver's time: what stands still has no event time.
    Such an alert does not pass the levels, for it may be they that stand still.

    >>> lateness = Lateness(most=60.0, seed=0, version="")
    >>> late = {"lag of requests": Late(90.0, "Alerts come late. Start another worker.")}
    >>> [len(lateness.look(late, now=now)) for now in (1000.0, 1031.0, 1032.0)]
    [0, 1, 0]

    Args:
        most: seconds past which something is late.
        seed: key of the alerts' ids.
        version: shown in alerts.
    """

    def __init__(self, *, most: float, seed: int, version: str) -> None:
        self.most, self.seed, self.version = most, seed, version
        self._since: dict[str, float] = {}
        self._told: dict[str, tuple[float, float]] = {}  # when, and how late it was

    def look(self, late: Mapping[str, Late], *, now: float) -> list[Alert]:
        """Return the alerts that are due; called about once a second with all there is."""
        over = {name: one for name, one in late.items() if one.seconds > self.most}
        self._since = {name: self._since.get(name, now) for name in over}
        alerts = []
        for name, one in over.items():
            told_at, told = self._told.get(name, (-REPEAT, 0.0))
            due = now - told_at >= REPEAT or one.seconds > 2 * told
            if due and now - self._since[name] >= PATIENCE:
                self._told[name] = now, one.seconds
                alerts.append(self._alert(name, one, now))
        return alerts

    def _alert(self, name: str, late: Late, now: float) -> Alert:
        severity: Severity = "high" if late.seconds > BY_FAR * self.most else "medium"
        key = f"blindness|service|{name}|{int(now)}"
        return Alert(
            id=xxhash.xxh3_128_hexdigest(key.encode(), self.seed),
            ts=now,
            raised_at=now,
            detector="blindness",
            signal="blindness",
            severity=severity,
            p_value=0.0,  # measured, not inferred
            entity=Entity(scope="service", value=name),
            accounts=[],
            accounts_total=0,
            window=Window(start=max(now - late.seconds, 0.0), end=now),
            summary=f"Weir is {late.seconds:,.0f} s late: {late.consequence}",
            evidence=[
                Evidence(
                    feature=name,
                    observed=late.seconds,
                    expected=self.most,
                    contribution=1.0,
                    unit="seconds",
                )
            ],
            samples=[],
            version=self.version,
        )
