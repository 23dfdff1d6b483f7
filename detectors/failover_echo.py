"""Conversations that were denied to one account go on under another."""

from typing import ClassVar, Literal

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick, share
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.proportion import at_least

#: Accounts linked by echoes of which nothing is said: a person may have two, and a third.
ORDINARY = 2.0
#: Denials without an echo assumed before data speak.
PRIOR = 1000.0
#: How alike the denials of one ordinary circle are in being followed by an echo.
CORRELATION = 0.02


class FailoverEcho(Detector):
    """Asserts that nobody but its own account goes on with a conversation that was denied.

    Looks at circles of accounts that are linked by echoes (see `ConversationLevel`).  Of a person
    with two accounts, however often they change, there are two; each account more that was drawn
    in is one echo that had no reason to be, and so many of a circle's denials are compared with
    the echoes per denial of everybody else (a binomial tail, see `at_least`).  Where echoes are
    usual, because a gateway names accounts by the session, they say nothing.

    >>> FailoverEcho().signal
    'failover'
    """

    name: ClassVar[str] = "failover_echo"
    signal: ClassVar[Signal] = "failover"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account"})
    reads: ClassVar[Literal["requests", "echoes"]] = "echoes"

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the accounts that each circle drew in."""
        drawn_in, denials, rate = _measured(profiles, tick)
        scores = np.zeros(len(drawn_in))
        some = np.flatnonzero(drawn_in > 0)
        if len(some):
            scores[some] = at_least(
                drawn_in[some], of=denials[some], rate=rate[some], correlation=self.correlation
            )
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: the level counts everybody's denials and echoes."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts go on with each other's conversations."""
        one = tick.only(position)
        row = int(one.rows[0])
        drawn_in, denials, rate = (float(values[0]) for values in _measured(profiles, one))
        within = np.flatnonzero(profiles["circle"] == row)
        taken = profiles["received"][within]
        order = np.lexsort((within, -profiles["given"][within], -taken))
        accounts = [profiles.names[r] for r in within[order].tolist()]
        echoes = float(profiles["echoes"][row])
        receivers = int((taken > 0).sum())
        usual = rate * denials
        parts = share({"drawn": max(drawn_in, 1e-9), "echoes": max(echoes - usual, 0.0)})
        return Finding(
            summary=(
                f"{echoes:.0f} conversations went on under another account within a quarter of "
                f"an hour of a denial, among {len(accounts)} accounts of which {receivers} took "
                f"over; of their {denials:.0f} denials, {usual:.1f} would usually be followed so."
            ),
            evidence=[
                Evidence(
                    feature="accounts linked by conversations that went on",
                    observed=float(len(accounts)),
                    expected=ORDINARY,
                    contribution=parts["drawn"],
                    unit="accounts",
                ),
                Evidence(
                    feature="denied conversations that went on under another account",
                    observed=echoes,
                    expected=usual,
                    contribution=parts["echoes"],
                    unit="conversations",
                    note=f"{denials:.0f} denials of these accounts within a day",
                ),
            ],
            onset=float(profiles["begun"][row]),
            accounts=accounts,
        )


def _measured(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
    """Return each circle's accounts beyond two, its denials, and others' echoes per denial."""
    echoes, population = profiles["echoes"][tick.rows], tick.population
    denials = np.maximum(profiles["denials"][tick.rows], echoes)
    drawn_in = np.maximum(profiles["size"][tick.rows] - ORDINARY, 0.0)
    others = np.maximum(population.denials - denials, 0.0)
    rate = (np.clip(population.echoes - echoes, 0.0, others) + 1.0) / (others + PRIOR)
    return drawn_in, np.maximum(denials, drawn_in), np.minimum(rate, 0.999)
