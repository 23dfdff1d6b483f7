"""What Weir itself no longer sees: lost fields, silent partitions, unreadable records, clocks."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.facts import DELAYED, FIELDS, LATE, MINUTE, UNKNOWN
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Severity, Signal
from detectors.core.service_level import PARTITION, SHARE, WINDOW
from detectors.sketches.proportion import at_least

#: How alike those that come in the same minutes are in failing.
CORRELATION = 0.05
#: The part assumed to fail before data speak, what it counts as, and minutes it is remembered for.
PRIOR_RATE, PRIOR, MEMORY = 0.01, 50.0, 1440.0
#: Minutes to be learned before anything is said.
LEAST_MINUTES = 30
#: How far a partition's accounts vary from minute to minute: shape of their gamma distribution.
SHAPE = 4.0
#: Nats that one of those who fail or are silent is worth at most: any may go home, or do otherwise
#: than before.
ANYONE = 1.2
#: A part of the whole that fails from which the alert is of high severity; and from which a slow
#: share counts at all.
MOST_OF_IT = 0.5


class Blindness(Detector):
    """Asserts that what carried a field goes on to carry it, and what spoke goes on to speak.

    Of a share, such as accounts that come without a field which they carried before, the failing
    part of three minutes is compared with what is usual, by a binomial tail with a design effect
    (see `at_least`): senders fail together.  A partition that is silent is compared with what the
    others say meanwhile and its usual part of it, by a negative binomial chance of nothing.  Either
    is believed no more than by as many accounts: a few may have reasons of their own.

    >>> Blindness().signal
    'blindness'

    Args:
        correlation: how alike those that come in the same minutes are in failing.
    """

    name: ClassVar[str] = "blindness"
    signal: ClassVar[Signal] = "blindness"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"service"})
    reads: ClassVar[Literal["requests", "echoes", "service", "series"]] = "service"

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    @property
    def columns(self) -> Mapping[str, Column]:
        """Counts that are usual, of what failed and of all."""
        return {"blindness_failed": Column("float64"), "blindness_all": Column("float64")}

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of each share that fails more than usual, and of each silence."""
        rows = tick.rows
        scores = np.zeros(len(rows))
        kind, known = profiles["kind"][rows], profiles["known"][rows]
        part, whole, rate = self._measured(profiles, tick)
        some = (kind == SHARE) & (known >= LEAST_MINUTES) & (part > rate * whole)
        some &= profiles["lasting"][rows] > MOST_OF_IT
        if some.any():
            failing = at_least(
                part[some], of=whole[some], rate=rate[some], correlation=self.correlation
            )
            scores[some] = np.minimum(failing, ANYONE * self._independent(part[some]))
        quiet = (kind == PARTITION) & (known >= LEAST_MINUTES)
        if quiet.any():
            missed, accounts = profiles["missed"][rows[quiet]], profiles["accounts"][rows[quiet]]
            silence = SHAPE * np.log1p(missed / SHAPE)
            scores[quiet] = np.minimum(silence, ANYONE * self._independent(accounts))
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Count the last minute of what is not under suspicion."""
        rows = tick.rows[~tick.suspect & (profiles["kind"][tick.rows] == SHARE)]
        for column, window in (("blindness_failed", "part"), ("blindness_all", "whole")):
            counts = profiles[column]
            counts[rows] = counts[rows] * (1.0 - 1.0 / MEMORY) + profiles[window][rows, 0]

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say what is not seen, and what to do about it."""
        one = tick.only(position)
        row = int(one.rows[0])
        name = profiles.names[row].removeprefix("service:")
        if profiles["kind"][row] == PARTITION:
            return _silence(profiles, row, name)
        _, _, (rate,) = self._measured(profiles, one)
        parts, wholes = profiles["part"][row], profiles["whole"][row]
        shares = parts / np.maximum(wholes, 1e-9)
        minutes = 1 + int(np.flatnonzero(shares > (shares.max() + rate) / 2).max(initial=0))
        part, whole = float(parts[:minutes].sum()), float(wholes[:minutes].sum())
        share = part / max(whole, 1e-9)
        said, blind, remedy = _words(name)
        severity: Severity = "high" if share >= MOST_OF_IT else "medium"
        return Finding(
            summary=(
                f"{share:.0%} of {said} in the last {minutes * MINUTE} s, usually {rate:.1%}: "
                f"{blind}. {remedy}."
            ),
            evidence=[
                Evidence(
                    feature=name,
                    observed=share,
                    expected=float(rate),
                    contribution=1.0,
                    unit="share",
                    note=f"{part:.0f} of {whole:.0f}",
                )
            ],
            onset=float(tick.number + 1 - MINUTE * minutes),
            accounts=[],
            severity=severity,
        )

    def _independent(self, count: Floats) -> Floats:
        """Return how many that have nothing to do with each other would say as much."""
        independent: Floats = count / (1.0 + np.maximum(count - 1.0, 0.0) * self.correlation)
        return independent

    def _measured(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
        """Return a minute's failing part and whole, of the last few, and the usual share."""
        rows = tick.rows
        part = profiles["part"][rows].sum(axis=1) / WINDOW
        whole = profiles["whole"][rows].sum(axis=1) / WINDOW
        failed, known = profiles["blindness_failed"][rows], profiles["blindness_all"][rows]
        return part, whole, (failed + PRIOR_RATE * PRIOR) / (known + PRIOR)


def _silence(profiles: Profiles, row: int, name: str) -> Finding:
    spoke, missed = float(profiles["spoke_at"][row]), float(profiles["missed"][row])
    accounts = float(profiles["accounts"][row])
    return Finding(
        summary=(
            f"No request has come on {name} of the requests since {accounts:.0f} accounts were "
            f"active there, while by what the others say {missed:,.0f} were to be expected: its "
            "accounts are not seen. See whether its leader is up and the gateways write to it."
        ),
        evidence=[
            Evidence(
                feature="accounts a minute since it spoke last",
                observed=0.0,
                expected=missed,
                contribution=1.0,
                unit="accounts",
            )
        ],
        onset=spoke + 1.0,
        accounts=[],
        severity="high",
    )


def _words(name: str) -> tuple[str, str, str]:
    """Return who fails, what is not seen thereby, and what to do."""
    if name.startswith("field "):
        field = name.removeprefix("field ")
        return (
            f"the accounts that carried the field {field} came without it",
            FIELDS[field],
            "See what was changed at the gateways that send the requests",
        )
    if name.startswith("dead letters"):
        return (
            f"the records could not be read ({name.partition(': ')[2]})",
            "whoever sent them is not seen",
            "weir.dead-letters holds them with the reason: have the sender keep to the contract",
        )
    if name.startswith(UNKNOWN):
        return (
            f"the requests bore a field {name.removeprefix(UNKNOWN)}, which Weir does not know",
            "the senders' schema has changed, and what it says there is not seen",
            "If the field took another's place, have it sent under the name of the contract too",
        )
    return _SAID[name]


_SAID = {
    "late requests": (
        f"the requests bore times over {LATE} s behind the newest",
        "what belongs together is not seen together",
        "Look for a gateway whose clock runs ahead of the others', or which sends late",
    ),
    "requests from the future": (
        "the requests bore times ahead of their arrival",
        "every order and pause is judged wrongly",
        "Have the senders' clocks set by NTP",
    ),
    "old requests": (
        f"the requests arrived over {DELAYED:.0f} s after their time",
        "every alert comes late by that much",
        "Look for what holds them up between the gateways and Kafka",
    ),
    "learning": (
        "the requests came from accounts under suspicion, as most of the last hour's did,",
        "nothing is learned from them for a day at most, so what is usual stands still",
        "Judge the alerts about them: if they are ordinary, the world has changed",
    ),
}
