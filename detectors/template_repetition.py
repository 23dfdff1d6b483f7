"""One prompt skeleton from many accounts that also share their egresses."""

from typing import ClassVar

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.distinct import estimate
from detectors.sketches.proportion import at_least
from detectors.sketches.width import HOUR

#: Accounts that must share a skeleton before anything is said of it.
LEAST_ACCOUNTS = 8.0
#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: Egresses beyond which the sketch cannot count them.
MOST_EGRESSES = 2000.0
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
        accounts, egresses = _spread(profiles, tick)
        scores = np.zeros(len(accounts))
        enough = (accounts >= LEAST_ACCOUNTS) & (egresses >= LEAST_EGRESSES)
        some = np.flatnonzero(enough)
        if len(some):
            scores[some] = at_least(
                np.maximum(accounts[some] - egresses[some], 0.0),
                of=accounts[some],
                rate=_usual_sharing(tick, accounts[some], egresses[some]),
                correlation=self.correlation,
            )
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: what is usual is what all accounts do, and the level counts that."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts and egresses share the skeleton."""
        one = tick.only(position)
        row = int(one.rows[0])
        spread = _spread(profiles, one)
        accounts, egresses = (float(values[0]) for values in spread)
        usual = accounts * (1.0 - float(_usual_sharing(tick, *spread)[0]))
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


def _usual_sharing(tick: Tick, accounts: Floats, egresses: Floats) -> Floats:
    """Return the part of the other accounts, for each row, that shares its egress with any."""
    lone = tick.population.lone.get("proxy")
    if lone is None:
        return np.full(len(accounts), 0.5)
    here = 1.0 / tick.population.partitions  # the part of all egresses that is counted here
    company = np.maximum(lone.company - np.maximum(accounts - egresses, 0.0) * here, 0.0)
    others = np.maximum(lone.company + float(lone.active[1]) - accounts * here, company)
    return np.clip((company + 1.0) / (others + 10.0), 0.05, 0.95)


def _spread(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats]:
    """Return each row's accounts within the hour, and their egresses within an hour or two.

    The egresses are rather too many than too few; where the sketch is nearly full, as many as
    accounts.
    """
    accounts = np.maximum(profiles["present"][tick.rows], 1.0)
    egresses = estimate(np.bitwise_or.reduce(profiles["egress_bits"][tick.rows], axis=1))
    return accounts, np.where(egresses < MOST_EGRESSES, egresses, accounts)
