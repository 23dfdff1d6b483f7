"""What every detector must hold, whatever it looks for.

Each check is a function of a detector's class that raises `AssertionError` with what is wrong;
`CHECKS` names them all.  A detector is checked where it lives: on the levels, fed with requests.
"""

import inspect
import random
from collections.abc import Callable, Sequence

import numpy as np

from detectors.core.account_level import AccountLevel
from detectors.core.batch import batch_of
from detectors.core.detector import Detector, Floats, Tick
from detectors.core.group_level import GroupLevel
from detectors.core.level import Output, Settings
from detectors.core.profiles import Profiles
from detectors.core.records import Alert, Request, event_time

Check = Callable[[type[Detector]], None]
#: The name of a scored entity, the tick, and the score.
Score = tuple[str, int, float]
Look = Callable[[Detector, Profiles, Tick, Floats], None]

EPOCH = 1_767_225_600


class Course:
    """One detector alone on both levels, and the scores it gave.

    >>> from detectors.rate_surge import RateSurge
    >>> course = Course(RateSurge)
    >>> course.read(world(requests=200))
    >>> len({name for name, _, _ in course.scores}) > 10
    True
    """

    def __init__(self, kind: type[Detector], *, look: Look | None = None) -> None:
        self.kind, self.look = kind, look
        self.scores: list[Score] = []
        self.alerts: list[Alert] = []
        self._offset = self._deltas = 0
        self._build()

    def read(self, requests: Sequence[Request], *, size: int = 500) -> None:
        """Take in requests in batches of a size, and close the last tick."""
        for start in range(0, len(requests), size):
            part = requests[start : start + size]
            offsets = range(self._offset, self._offset + len(part))
            self._offset += len(part)
            times = [event_time(request.ts) for request in part]
            self._pass_on(self.accounts.process(batch_of(part, times, offsets, seed=0)))
        self._pass_on(self.accounts.idle())

    def restart(self) -> None:
        """Go on with new levels and detectors from what the old ones saved."""
        saved = [level.checkpoint() for level in (self.accounts, self.groups)]
        self._build()
        for level, checkpoint in zip((self.accounts, self.groups), saved, strict=True):
            assert checkpoint is not None, "there is no tick in progress, yet no checkpoint either"
            level.restore(checkpoint.segments, checkpoint.manifest)

    def snapshots(self) -> list[bytes]:
        """Return what the detectors of both levels learned of the population."""
        return [detector.snapshot() for detector in self._detectors]

    def _build(self) -> None:
        settings = Settings(alerts_per_day=1.0, capacity=20_000, seed=0, version="")
        self._detectors = [self._watched(), self._watched()]
        self.accounts = AccountLevel(
            partition=0, partitions=1, settings=settings, detectors=self._detectors[:1]
        )
        self.groups = GroupLevel(partition=0, settings=settings, detectors=self._detectors[1:])

    def _watched(self) -> Detector:
        detector = self.kind()
        score = detector.score

        def watch(profiles: Profiles, tick: Tick) -> Floats:
            scores = score(profiles, tick)
            names = [profiles.names[row] for row in tick.rows.tolist()]
            self.scores += zip(names, [tick.number] * len(names), scores.tolist(), strict=True)
            if self.look is not None:
                self.look(self.kind.__new__(self.kind), profiles, tick, scores)
            return scores

        detector.__dict__["score"] = watch
        return detector

    def _pass_on(self, output: Output) -> None:
        self.alerts += output.alerts
        for _, delta in output.deltas:
            self.alerts += self.groups.process([delta], self._deltas).alerts
            self._deltas += 1
