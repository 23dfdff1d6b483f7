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
    have them.  It is one when most of its accounts share their egresses with others of its
    accounts, over several egresses, and far more of them than of as many accounts taken at random
    (a binomial tail, see `at_least`; the chance that two accounts share is measured on all).  A
    product backend has one account, an office one egress, and the users of a popular agent sit
    behind as many egresses as anybody.  An account that hops from egress to egress shares as many
    of its places as others were at too.

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
        accounts, egresses, sharing = spread(profiles, tick)
        scores = np.zeros(len(accounts))
        enough = (accounts >= LEAST_ACCOUNTS) & (egresses >= LEAST_EGRESSES)
        some = np.flatnonzero(enough)
        if len(some):
            scores[some] = at_least(
                sharing[some],
                of=accounts[some],
                rate=usual_sharing(tick, accounts[some], egresses[some], sharing[some]),
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
        accounts, egresses, sharing = (float(values[0]) for values in counts)
        usual = accounts * float(usual_sharing(tick, *counts)[0])
        return Finding(
            summary=(
                f"{accounts:.0f} accounts on {egresses:.0f} egresses sent prompts of template "
                f"{profiles.names[row].partition(':')[2]} within the hour, and share "
                f"{sharing / accounts:.0%} of their places; {usual / accounts:.0%} is usual."
            ),
            evidence=[
                Evidence(
                    feature="accounts that share an egress with another of the template",
                    observed=sharing,
                    expected=usual,
                    contribution=1.0,
                    unit="accounts",
                    note=f"{accounts:.0f} accounts share the template",
                ),
            ],
            onset=float(max(tick.number - HOUR, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(profiles, position, since=tick.number - HOUR),
        )
