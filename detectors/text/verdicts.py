"""What analysts say of alerts, learned by the model of what prompts are after."""

from collections import OrderedDict
from itertools import chain

import numpy as np

from detectors.core.records import Verdict
from detectors.text.capability import CAPABILITIES, ORDINARY, Capability

#: What can become of a verdict: the closed set behind the metric's label.
OUTCOMES = (
    "learned",
    "reversed",  # learned, though the alert had been judged otherwise before
    "repeated",  # the alert was judged so before: it counts once
    "silent",  # it teaches nothing: undecided, or without features or what they are after
)
#: Those of a verdict of which something was learned.
TAUGHT = frozenset({"learned", "reversed"})
#: Alerts whose verdicts are remembered; of others a repeated one would count again.
REMEMBERED = 100_000


class Verdicts:
    """Teaches a model what analysts judged, each alert once for each thing said of it.

    A false positive, or a benign one that is known, teaches that the prompts were ordinary; a true
    positive teaches what it says that they were after.  Nothing that was learned is taken back: a
    later verdict of another kind pulls the other way.  The same verdicts in the same order make
    the same model.

    >>> verdicts = Verdicts(Capability.shipped())
    >>> verdicts.take(Verdict(ts=0.0, alert="0" * 32, verdict="undecided"))
    'silent'
    """

    def __init__(self, capability: Capability) -> None:
        self._capability = capability
        self._taught: OrderedDict[str, int] = OrderedDict()  # by alert, a bit a capability

    def take(self, verdict: Verdict) -> str:
        """Learn a verdict, and return what became of it."""
        code = _taught_by(verdict)
        if code is None or not verdict.features:
            return "silent"
        before = self._taught.get(verdict.alert, 0)
        if before & 1 << code:
            return "repeated"
        self._taught[verdict.alert] = before | 1 << code
        if len(self._taught) > REMEMBERED:
            self._taught.popitem(last=False)
        features = np.fromiter(chain.from_iterable(map(set, verdict.features)), np.int64)
        self._capability.learn(features, code)
        return "reversed" if before else "learned"


def _taught_by(verdict: Verdict) -> int | None:
    if verdict.verdict in ("false_positive", "benign_known"):
        return ORDINARY
    if verdict.verdict == "true_positive" and verdict.capability is not None:
        return CAPABILITIES.index(verdict.capability)
    return None
