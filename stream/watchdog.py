"""Ends a worker that stands still, so that its supervisor starts it anew."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from stream.metrics import Metrics

#: Exit code of a worker that ended itself because it stood still.
EXIT_STALLED = 75
#: Exit code of a worker that met an error of its own or could not write its state.
EXIT_FAILED = 70


@dataclass(frozen=True, kw_only=True)
class View:
    """What the watchdog looks at, in one moment."""

    assigned: int  # partitions of the requests that are ours
    others: bool  # some other member has partitions
    lag: int | None  # records not yet taken in; None while it cannot be known
    progress: float  # when something was last taken in or recovered, monotonic seconds
    recovering: bool  # or waiting for the group to share out its partitions


class Watchdog:
    """Judges assignment, lag and progress.

    A worker stands still when for ``stall`` seconds it has had no partition although the broker
    answers, or its lag could not be known, or there were records to take in and none was.  It is
    also ended after it was itself frozen for longer than the group's session: its partitions have
    gone to others by then.  Being busy is not being frozen: the group hears of a busy worker.

    >>> dog = Watchdog(stall=120.0, session=30.0, metrics=None, clock=lambda: 0.0)
    >>> dog.verdict(View(assigned=4, others=False, lag=0, progress=0.0, recovering=False))
    """

    def __init__(
        self,
        *,
        stall: float,
        session: float,
        metrics: Metrics | None,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.process_time,
    ) -> None:
        self.stall, self.session, self.metrics = stall, session, metrics
        self._clock, self._work = clock, work
        now = clock()
        self._since = {"assignment": now, "lag": now, "progress": now}
        self._looked, self._worked = now, work()

    def verdict(self, view: View) -> str | None:
        """Return why the worker must end, or None; called about once a second."""
        now, worked = self._clock(), self._work()
        frozen = (now - self._looked) - (worked - self._worked)
        self._looked, self._worked = now, worked
        if frozen > self.session:
            return f"the process stood still for {frozen:.0f} s, longer than the group's session"
        # Records that come after a long quiet have not waited since the last one was taken in.
        self._since["progress"] = max(self._since["progress"], view.progress)
        well = {
            "assignment": view.assigned > 0 or view.others,
            "lag": view.lag is not None or view.assigned == 0 or view.recovering,
            "progress": not view.lag and not view.recovering,
        }
        for check, fine in well.items():
            if fine:
                self._since[check] = now
            if self.metrics is not None:
                waits = check == "progress" and now - self._since[check] < self.stall
                self.metrics.healthy.labels(check).set(fine or waits)
        reasons = {
            "assignment": "no partition was assigned",
            "lag": "the lag could not be known",
            "progress": "there was something to take in or to recover, and nothing was",
        }
        for check, reason in reasons.items():
            if now - self._since[check] > self.stall:
                return f"{reason} for {self.stall:.0f} s"
        return None
