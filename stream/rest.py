"""When a partition of the requests rests, so that nobody waits for it, and when it wakes up."""

import asyncio
import time
from typing import Any

from faust.types import TP

from stream.checkpoint import Checkpoints
from stream.intake import Intake
from stream.outlet import Outlet
from stream.shelf import Shelf

#: Seconds without a request after which the tick in progress is closed.
IDLE = 1.5
#: Seconds that the first requests after a rest wait, so that those of other partitions are fetched.
WAKE = 0.4


class Rest:
    """Tells the groups which partitions they need not wait for, and when they must again.

    Args:
        accounts: the levels of accounts.
        topic: full name of the topic of the requests.
        intake: knows what is left to read.
        outlet: sends what is told.
        checkpoints: of the accounts; a tick that no request closes is written down there.
    """

    def __init__(
        self,
        *,
        accounts: Shelf[Any],
        topic: str,
        intake: Intake,
        outlet: Outlet,
        checkpoints: Checkpoints,
    ) -> None:
        self.accounts, self.topic, self.intake = accounts, topic, intake
        self.outlet, self.checkpoints = outlet, checkpoints
        self._heard: dict[int, float] = {}
        self._awake: dict[int, bool] = {}  # as the groups were told, if they were

    def heard(self, partition: int) -> None:
        """Note that requests of a partition were taken in."""
        self._heard[partition] = time.monotonic()

    def stood_still(self) -> None:
        """Forget how long it has been quiet: the quiet was ours."""
        self._heard.clear()

    def forget(self) -> None:
        """Forget everything: the partitions go elsewhere, and others may come."""
        self._heard.clear()
        self._awake.clear()

    async def close_quiet(self, partition: int, *, now: float, closing: bool) -> None:
        """Close a tick that no request closes: all is quiet, or the worker ends.

        A worker that ends does not call idle what another will read.
        """
        heard = self._heard.setdefault(partition, now)
        idle = now - heard > IDLE and self._caught_up(partition)
        if (idle or closing) and self._awake.get(partition) is not False:
            self._awake[partition] = False
            level = self.accounts.levels[partition]
            await self.checkpoints.pause(partition, level.position.get("requests", -1))
            await self.outlet.pass_on(level.pause(idle=idle), partition, self.checkpoints)

    async def wake(self, partition: int) -> None:
        """Tell the groups to wait for a partition, unless they do, and for others that go on too.

        After a rest they would else take what is read first for all there is, and what is read
        next for late: all partitions have their say before the first of them goes on.
        """
        if self._awake.get(partition):
            return
        for _ in range(2):
            for other, level in list(self.accounts.levels.items()):
                new = other == partition or not self._caught_up(other)
                if new and not self._awake.get(other):
                    self._awake[other] = True
                    await self.outlet.pass_on(level.wake(), other, self.checkpoints)
            await asyncio.sleep(WAKE / 2)

    def _caught_up(self, partition: int) -> bool:
        return self.intake.caught_up(TP(self.topic, partition))
