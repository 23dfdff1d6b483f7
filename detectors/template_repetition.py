"""One prompt skeleton from many accounts that also share their egresses."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.baseline import Usual
from detectors.sketches.distinct import estimate
from detectors.sketches.proportion import at_least
from detectors.sketches.width import HOUR, Width

#: Accounts that must share a skeleton before anything is said of it.
LEAST_ACCOUNTS = 5.0
#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: How alike the accounts of one ordinary template are in sharing an egress.
CORRELATION = 0.05
#: Part of a template's accounts that shares an egress with another, before data speak.
SHARING = 0.1


class TemplateRepetition(Detector):
    """Asserts that accounts which share a prompt skeleton have nothing else in common.

    A skeleton in many mouths is no anomaly by itself: open-source agents, tutorials and offices
    have them.  Two things together are: more accounts than this skeleton, and skeletons in
    general, used to have (`Width`), and accounts that share egresses more often than accounts of
    other skeletons do, over several egresses.  The score is the lower of the two, so both must be
    odd.  A product backend has one account.

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
        self.width = Width("repetition")
        self._sharing = Usual(fading=0.01, state=SHARING)

    @property
    def columns(self) -> Mapping[str, Column]:
        """The usual width."""
        return self.width.columns

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the less surprising of width and shared egresses."""
        width, sharing = self._scores(profiles, tick)
        return np.minimum(2.0 * width, sharing)

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn width and sharing, but for suspects."""
        accounts, egresses = _spread(profiles, tick)
        ended = self.width.ended(profiles, tick) & (accounts >= LEAST_ACCOUNTS)
        if ended.any():
            shared = 1.0 - np.minimum(egresses[ended] / accounts[ended], 1.0)
            self._sharing.update(float(shared.mean()))
        self.width.learn(profiles, tick, accounts)

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how many accounts and egresses share the skeleton."""
        one = tick.only(position)
        width, sharing = self._scores(profiles, one)
        row = int(one.rows[0])
        accounts, egresses = (float(values[0]) for values in _spread(profiles, one))
        usual = float(self.width.usual(profiles, one)[0])
        usual_egresses = accounts * (1.0 - self._sharing.value)
        parts = share({"width": 2.0 * float(width[0]), "sharing": float(sharing[0])})
        return Finding(
            summary=(
                f"{accounts:.0f} accounts on {egresses:.0f} egresses sent prompts of template "
                f"{profiles.names[row].partition(':')[2]} within the hour; {usual:.1f} accounts "
                f"are usual, and so many would come from {usual_egresses:.0f} egresses."
            ),
            evidence=[
                Evidence(
                    feature="accounts that share the template",
                    observed=accounts,
                    expected=usual,
                    contribution=parts["width"],
                    unit="accounts",
                ),
                Evidence(
                    feature="egresses of these accounts",
                    observed=egresses,
                    expected=usual_egresses,
                    contribution=parts["sharing"],
                    unit="egresses",
                ),
            ],
            onset=float(max(tick.number - HOUR, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(profiles, position, since=tick.number - HOUR),
        )

    def snapshot(self) -> bytes:
        """Return what is usual among templates."""
        return pack({"width": self.width.snapshot(), "sharing": self._sharing.state})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self.width.restore(kept["width"])
        self._sharing = Usual(fading=0.01, state=kept["sharing"])

    def _scores(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats]:
        """Return nats of width and of shared egresses."""
        accounts, egresses = _spread(profiles, tick)
        enough = (accounts >= LEAST_ACCOUNTS) & (egresses >= LEAST_EGRESSES)
        width = self.width.surprise(profiles, tick, accounts, enough=enough)
        sharing = np.zeros(len(accounts))
        some = np.flatnonzero(enough)
        if len(some):
            sharing[some] = at_least(
                np.maximum(accounts[some] - egresses[some], 0.0),
                of=accounts[some],
                rate=min(max(self._sharing.value, 0.05), 0.95),
                correlation=self.correlation,
            )
        return width, sharing


def _spread(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats]:
    """Return accounts and egresses of each row within the hour."""
    accounts = np.maximum(profiles["present"][tick.rows], 1.0)
    return accounts, estimate(profiles["member_egress_bits"][tick.rows])
