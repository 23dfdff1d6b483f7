"""An egress or payment whose accounts were opened lately."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Detector, Finding, Floats, Tick, share
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Severity, Signal
from detectors.sketches import oddness
from detectors.sketches.proportion import at_least

#: Young accounts of a group below which nothing is said of it.
LEAST_ACCOUNTS = 5.0
#: How alike in age the accounts of one ordinary egress are.
CORRELATION = 0.1
#: Part of the accounts that is young however seldom that was seen.
LEAST_SHARE = 0.02
#: Accounts that this share counts as, until others are known.
WEIGHT = 50.0
#: Nats from which a group is odd: for a day nobody learns from it that it is usual.
ODD = 7.0
#: The scopes in the order of their codes.
SCOPES: tuple[Scope, ...] = ("proxy", "payment")
HOUR, DAY = 3600, 86_400
#: The counts of a group's accounts, and of the young ones among them, by seconds.
COUNTS = {HOUR: ("present", "young"), DAY: ("present_day", "young_day")}


class YoungCrowd(Detector):
    """Asserts that the accounts of an egress or payment are of all ages.

    Accounts younger than a day, among those within the hour and among those within the day, as
    accounts that ask once in hours are few at any time; against the share of the young among the
    accounts of a day that share theirs with nobody, as a large campaign would make itself usual
    (a binomial tail, see `at_least`).  This tells a farm of new accounts from an office that
    was always wide.  The first day of a deployment knows no ages but those it was told of, and who
    is merely new to Weir counts as old.  A firm whose people all begin on one day looks the same,
    so by itself this is never above medium severity.

    A farm fills over hours, and one of many egresses would have most of its tests taken for what is
    usual before any stands out; so what is odd by the binomial tail teaches nothing for a day.

    References:
        Kish (1965), Survey sampling (the design effect: accounts of one egress are alike in age).

    >>> YoungCrowd().signal
    'fanout'
    """

    name: ClassVar[str] = "young_crowd"
    signal: ClassVar[Signal] = "fanout"
    scopes: ClassVar[frozenset[Scope]] = frozenset(SCOPES)
    ceiling: ClassVar[Severity] = "medium"

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    @property
    def columns(self) -> Mapping[str, Column]:
        """A row's columns: since when it is odd, 0 if it is not."""
        return {"young_crowd_odd_since": Column(TICK)}

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the higher nats of youth within the hour and the day, less the choice of two."""
        scores = np.zeros(len(tick.rows))
        some = np.flatnonzero(profiles["young_day"][tick.rows] >= LEAST_ACCOUNTS)
        if len(some):
            nats = self._nats(profiles, tick.take(some)).max(axis=0)
            scores[some] = np.maximum(nats - np.log(len(COUNTS)), 0.0)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Note since when groups are odd; the level counts accounts, and how old they are."""
        odd = self.score(profiles, tick) >= ODD
        oddness.note(profiles["young_crowd_odd_since"], tick.rows, odd, tick=tick.number)

    def withholds(self, profiles: Profiles, tick: Tick) -> NDArray[np.bool_]:
        """Say which groups are odd, and have not been for a day."""
        return oddness.held(profiles["young_crowd_odd_since"], tick.rows, tick=tick.number)

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts are young, and name them."""
        one = tick.only(position)
        row = int(one.rows[0])
        nats = self._nats(profiles, one)[:, 0]
        best = list(COUNTS)[int(nats.argmax())]
        usual = float(_usual(one)[0])
        parts = share({str(span): float(n) for span, n in zip(COUNTS, nats, strict=True)})
        label = {HOUR: "the hour", DAY: "the day"}
        counts = {
            span: tuple(float(profiles[column][row]) for column in columns)
            for span, columns in COUNTS.items()
        }
        there, young = counts[best]
        return Finding(
            summary=(
                f"{young:.0f} of {there:.0f} accounts within {label[best]} behind "
                f"{profiles.names[row].replace(':', ' ', 1)} are younger than a day, where "
                f"{usual * there:.1f} were to be expected."
            ),
            evidence=[
                Evidence(
                    feature=f"accounts younger than a day, within {label[span]}",
                    observed=young,
                    expected=usual * there,
                    contribution=parts[str(span)],
                    unit="accounts",
                    note=f"of {there:.0f}",
                )
                for span, (there, young) in counts.items()
            ],
            onset=float(max(tick.number - best, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(
                profiles, position, since=tick.number - best, born_after=tick.number - DAY
            ),
        )

    def _nats(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of youth over each span, (spans, k)."""
        usual = _usual(tick)
        nats = np.zeros((len(COUNTS), len(tick.rows)))
        for span, columns in enumerate(COUNTS.values()):
            there, young = (profiles[column][tick.rows] for column in columns)
            found = at_least(
                np.minimum(young, there), of=there, rate=usual, correlation=self.correlation
            )
            nats[span] = np.where(young >= LEAST_ACCOUNTS, found, 0.0)
        return nats


def _usual(tick: Tick) -> Floats:
    """Return the share of the young among the accounts of a day without company, for each row.

    Of a day, as whoever asks seldom is more often new than the busy whom one meets at any time.
    """
    lone = tick.population.lone
    today = np.array([lone[scope].today if scope in lone else np.zeros(2) for scope in SCOPES])
    usual = (today[:, 1] + LEAST_SHARE * WEIGHT) / (today[:, 0] + WEIGHT)
    found: Floats = np.maximum(usual, LEAST_SHARE)[tick.scopes]
    return found
