"""What was fetched, against what the levels took in: gaps, losses and lag."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from faust.types import TP

from stream.shelf import Shelf
from stream.transport import Run

log = logging.getLogger("weir.intake")

#: Seconds after which records that were fetched and did not arrive are fetched again.
LOST = 5.0


class Intake:
    """Sees that no record is skipped between the consumer and the levels.

    Faust drops runs of records at several moments of a rebalance or a recovery.  A run that does
    not follow what its level has is not taken in, and where nothing follows a lost one it is
    noticed by the clock: either way it is fetched again.

    Args:
        app: the Faust app.
        sources: the levels, by the full names of the topics that they read, and the names that
            their positions have for these.
    """

    def __init__(self, app: Any, sources: Mapping[str, tuple[Shelf[Any], str]]) -> None:
        self.app, self.sources = app, sources
        self.progress = time.monotonic()
        self.position: dict[TP, int] = {}
        self._awaiting: dict[TP, tuple[int, float]] = {}  # last offset taken in, and since when

    def taken(self, tp: TP, run: Sequence[Any]) -> None:
        """Note that a run was taken in."""
        self.progress = time.monotonic()
        if run:
            self.position[tp] = run[-1].offset

    async def gap(self, tp: TP, run: Run) -> bool:
        """Say whether records before the run did not arrive; they are fetched again, and it too."""
        position = self._position(tp)
        if run.follows <= position:
            return False
        await self.app.consumer.fetch_again(tp, position + 1)
        return True

    async def fetch_lost(self, now: float) -> None:
        """Fetch again what was fetched and did not arrive, where nothing follows it.

        An agent that is merely slow is not harmed: it skips what it has taken in.
        """
        for topic, (shelf, _) in self.sources.items():
            for partition in list(shelf.levels):
                tp = TP(topic, partition)
                position = self._position(tp)
                before, since = self._awaiting.get(tp, (None, now))
                if position != before:
                    self._awaiting[tp] = position, now
                elif now - since > LOST and self.app.consumer.fetched.get(tp, -1) > position:
                    self._awaiting[tp] = position, now
                    log.info("fetching %s again from offset %d", tp, position + 1)
                    await self.app.consumer.fetch_again(tp, position + 1)

    def caught_up(self, tp: TP) -> bool:
        """Say whether the level has all that the broker holds of a partition."""
        return self._behind(tp, self._position(tp)) == 0

    def behind(self, tp: TP) -> int | None:
        """Return how many records were not taken in, None where that cannot be known."""
        return self._behind(tp, self.position.get(tp, -1))

    def _behind(self, tp: TP, taken: int) -> int | None:
        waiting: int | None = self.app.consumer.waiting(tp)
        if waiting is None:
            return None
        fetched: int = self.app.consumer.fetched.get(tp, -1)
        return waiting + max(fetched - taken, 0)

    def _position(self, tp: TP) -> int:
        shelf, source = self.sources[tp.topic]
        position: int = shelf.levels[tp.partition].position.get(source, -1)
        return position
