"""Edges through the engine: what the detectors of production say of each."""

import math
from functools import partial
from typing import Any

import numpy as np

from detectors.core.batch import batch_of
from detectors.core.detector import Detector, Tick
from detectors.core.level import Level
from detectors.core.profiles import Profiles
from detectors.core.records import Request
from detectors.sketches.decayed import Floats
from detectors.sketches.seen import Hashes
from detectors.text.capability import Capability
from stream.config import Config

#: Ticks that may still be open: that which is taken in, and that which closes with it.
OPEN = 2


class EngineEdges:
    """Scores edges by the engine of a replay, with the defaults of a deployment.

    An edge is a request: its source is the account, its destination the egress.  Its score is the
    oddest that any detector finds in the account or in the egress when the second is closed, the
    negative logarithm of the calibrated p-value as it stands then: what is told first as the
    budget of false alerts grows.  An edge has no payment, template, client, model of its own or
    answer, and what reads these has nothing to say.

    >>> edges, one = EngineEdges(), np.array([1], np.uint64)
    >>> [edges.judge(one, one, tick=second).tolist() for second in range(1000, 1004)]
    [[], [], [0.0], [0.0]]
    >>> edges.finish().tolist()
    [0.0, 0.0]
    """

    def __init__(self) -> None:
        self._engine = Config().engine(partitions=1, seed=0)
        self._capability = Capability.shipped()
        self._count = 0
        self._waiting: dict[int, tuple[list[str], list[str]]] = {}
        self._said: dict[int, dict[str, float]] = {}
        for _, level in self._engine.levels():
            if "account" in level.scopes or "proxy" in level.scopes:
                for detector in level.detectors:
                    watch = partial(self._score, level, detector, detector.score)
                    setattr(detector, "score", watch)  # noqa: B010 - mypy refuses the plain form

    def judge(self, sources: Hashes, destinations: Hashes, *, tick: int) -> Floats:
        """Take in the edges of a second; return the scores of earlier ones, as they are judged."""
        accounts = [str(source) for source in sources.tolist()]
        egresses = [str(destination) for destination in destinations.tolist()]
        first = self._count
        self._count += len(accounts)
        requests = [
            Request(id=str(number), ts=float(tick), account=account, model="edge", proxy=egress)
            for number, account, egress in zip(
                range(first, self._count), accounts, egresses, strict=True
            )
        ]
        batch = batch_of(
            requests,
            np.full(len(requests), float(tick)),
            np.arange(first, self._count),
            seed=0,
            capability=self._capability,
        )
        self._engine.process(batch)
        self._waiting[tick] = accounts, [f"proxy:{egress}" for egress in egresses]
        return self._judged(still_open=OPEN)

    def finish(self) -> Floats:
        """Close the last tick, and return the scores of all that were not returned before."""
        self._engine.finish()
        return self._judged(still_open=0)

    def _judged(self, *, still_open: int) -> Floats:
        scores: list[float] = []
        for tick in sorted(self._waiting)[: max(len(self._waiting) - still_open, 0)]:
            said = self._said.pop(tick, {})
            for names in zip(*self._waiting.pop(tick), strict=True):
                scores.append(max(said.get(name, 0.0) for name in names))
        return np.array(scores)

    def _score(
        self, level: Level, detector: Detector, score: Any, profiles: Profiles, tick: Tick
    ) -> Floats:
        """Score for the engine, and note what was found."""
        found: Floats = score(profiles, tick)
        said = self._said.setdefault(tick.number, {})
        for position in np.flatnonzero(found > 0).tolist():
            scope = level.scopes[int(tick.scopes[position])]
            p_value = level.calibrations[detector.name, scope].p_value(float(found[position]))
            name = profiles.names[tick.rows[position]]
            said[name] = max(said.get(name, 0.0), -math.log(p_value))
        return found
