"""One prompt skeleton from many accounts that also share their egresses."""

from typing import ClassVar

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.company import LEAST_EGRESSES, spread, usual_sharing
from detectors.sketches.proportion import at_least
from detectors.sketches.width import HOUR

#: Accounts that must share a skeleton before anything is said of it.
LEAST_ACCOUNTS = 8.0
#: How alike the accounts of one ordinary template are in sharing an egress.
CORRELATION = 0.02


class TemplateRepetition(Detector):
    """Asserts that accounts which share a prompt skeleton have nothing else in common.

    A skeleton in many mouths is no anomaly by itself: open-source agents, tutorials and offices
    have them.  It is one when most of its accounts share their egress with another of its
    accounts, over several egresses, and far more of them than share an egress with anybody among
    all accounts (a binomial tail, see `at_least`).  A product backend has one account, an office
    one egress, and the users of a popular agent sit behind as many egresses as anybody.

    References:
        Broder (1997), On the resemblance and containment of documents (the sketch behind it).

    >>> TemplateRepetition().signal
    'repetition'
    """

    name: ClassVar[str] = "template_repetition"
    signal: ClassVar[Signal] = "repetition"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"template"})

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the accounts that share an egress with another."""
        accounts, egresses = spread(profiles, tick)
        scores = np.zeros(len(accounts))
        enough = (accounts >= LEAST_ACCOUNTS) & (egresses >= LEAST_EGRESSES)
        some = np.flatnonzero(enough)
        if len(some):
            scores[some] = at_least(
                np.maximum(accounts[some] - egresses[some], 0.0),
                of=accounts[some],
                rate=usual_sharing(tick, accounts[some], egresses[some]),
                correlation=self.correlation,
            )
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: what is usual is what all accounts do, and the level counts that."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts and egresses share the skeleton."""
        one = tick.only(position)
        row = int(one.rows[0])
        counts = spread(profiles, one)
        accounts, egresses = (float(values[0]) for values in counts)
        usual = accounts * (1.0 - float(usual_sharing(tick, *counts)[0]))
        return Finding(
            summary=(
                f"{accounts:.0f} accounts on {egresses:.0f} egresses sent prompts of template "
                f"{profiles.names[row].partition(':')[2]} within the hour; so many accounts "
                f"usually come from {usual:.0f} egresses or more."
            ),
            evidence=[
                Evidence(
                    feature="accounts that share an egress with another of the template",
                    observed=max(accounts - egresses, 0.0),
                    expected=accounts - usual,
                    contribution=1.0,
                    unit="accounts",
                    note=f"{accounts:.0f} accounts share the template",
                ),
            ],
            onset=float(max(tick.number - HOUR, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(profiles, position, since=tick.number - HOUR),
        )
