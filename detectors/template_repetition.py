"""One prompt skeleton from many accounts that also share their egresses."""

from typing import ClassVar

import numpy as np

from detectors.core import presence
from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Severity, Signal
from detectors.sketches.company import CORRELATION, LEAST_EGRESSES, meeting, of_templates
from detectors.sketches.proportion import at_least

#: Places, an account and an egress each, that a skeleton must have been seen at before anything is
#: said of it.
LEAST_PLACES = 8.0


class TemplateRepetition(Detector):
    """Asserts that accounts which share a prompt skeleton have nothing else in common.

    A skeleton in many mouths is no anomaly by itself: open-source agents, tutorials and offices
    have them.  It is one when its accounts meet at far more egresses than as many accounts taken at
    random would (a binomial tail, see `at_least`; how accounts crowd at egresses is learned from
    all).  Each egress counts once: a product backend has one account, an office a few egresses, and
    the users of a popular agent meet at those that everybody uses.  Counted is within a day, or
    for as long as the places can be told apart, so that accounts which ask once an hour are seen
    together too.  Teams of many firms that took to one tool meet likewise, each in its own office,
    so by itself this is never above medium severity.

    References:
        Broder (1997), On the resemblance and containment of documents (the sketch behind it).
        Hooi et al. (2016), FRAUDAR: bounding graph fraud in the face of camouflage (to meet at
        what is popular counts little).

    >>> TemplateRepetition().signal
    'repetition'
    """

    name: ClassVar[str] = "template_repetition"
    signal: ClassVar[Signal] = "repetition"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"template"})
    ceiling: ClassVar[Severity] = "medium"

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the egresses at which accounts met."""
        scores = np.zeros(len(tick.rows))
        found = meeting(presence.mesh(profiles, tick.rows))
        enough = (found.places >= LEAST_PLACES) & (found.egresses >= LEAST_EGRESSES)
        some = np.flatnonzero(enough)
        if len(some):
            found, usual = of_templates(profiles, tick.take(some))
            scores[some] = at_least(
                found.again, of=found.egresses, rate=usual, correlation=self.correlation
            )
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: what is usual is what all accounts do, and the level counts that."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say at how many egresses accounts with the skeleton met."""
        one = tick.only(position)
        row = int(one.rows[0])
        found, rate = of_templates(profiles, one)
        egresses, again, usual = (float(v[0]) for v in (found.egresses, found.again, rate))
        since = max(int(profiles["mesh_since"][row, 1]), int(profiles["first_seen"][row]))
        accounts = tick.accounts(profiles, position, since=since)
        return Finding(
            summary=(
                f"{len(accounts)} accounts sent prompts of template "
                f"{profiles.names[row].partition(':')[2]}, and at {again:.0f} of their "
                f"{egresses:.0f} egresses two or more of them met; {usual * egresses:.1f} were to "
                f"be expected."
            ),
            evidence=[
                Evidence(
                    feature="egresses at which accounts of the template met",
                    observed=again,
                    expected=usual * egresses,
                    contribution=1.0,
                    unit="egresses",
                    note=f"of {egresses:.0f}",
                ),
            ],
            onset=float(min(since, tick.number)),
            accounts=accounts,
        )
