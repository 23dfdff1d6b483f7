"""From a score to a p-value, among accounts of one's own kind."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.core.calibration import ENOUGH, Calibration
from detectors.core.detector import Floats, pack, unpack


class Segmented(Calibration):
    """A calibration of all entities, and besides one of each segment.

    What hardly any customer does may be what enterprises do every night, and the other way round.
    A segment with `ENOUGH` tests of its own speaks for its entities; the others, and those of no
    segment, are judged among all.  The limit stays that of all, so that the segments together keep
    to the budget.

    >>> calibration = Segmented()
    >>> many, segments = np.repeat([0.0, 9.0], 1000), np.repeat([1, 2], 1000)
    >>> calibration.observe_each(many, segments, tick=600)
    >>> [calibration.of(segment).p_value(9.0) < 0.01 for segment in (0, 1, 2)]
    [False, True, False]
    """

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[int, Calibration] = {}

    def of(self, segment: int) -> Calibration:
        """Return what judges the entities of a segment; 0 is none."""
        own = self._of.get(segment)
        return self if own is None or own.windows < ENOUGH else own

    @property
    def segments(self) -> Iterator[tuple[int, Calibration]]:
        """The segments that were seen, in order."""
        return iter(sorted(self._of.items()))

    def observe_each(self, scores: Floats, segments: NDArray[np.int64], *, tick: int) -> None:
        """Take in the highest scores of finished windows, and the segment of each entity."""
        self.observe(scores, tick=tick)
        for segment in np.unique(segments[segments > 0]).tolist():
            own = self._of.setdefault(segment, Calibration())
            own.observe(scores[segments == segment], tick=tick)

    def snapshot(self) -> bytes:
        """Return all that was learned."""
        of: list[tuple[int, Any]] = [(segment, own.snapshot()) for segment, own in self.segments]
        return pack({"all": super().snapshot(), "of": of})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        super().restore(kept["all"])
        for segment, own in kept["of"]:
            self._of[segment] = Calibration()
            self._of[segment].restore(own)
