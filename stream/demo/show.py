"""The demo from its beginning to its end."""

import logging
import sys
import time
from contextlib import ExitStack

from detectors.core.records import Alert
from stream.demo.alert_reader import AlertReader
from stream.demo.ending import Ending
from stream.demo.feed import Feed
from stream.demo.gauges import Gauges, scrape
from stream.demo.lines import Lines
from stream.demo.place import place
from stream.demo.plan import Plan
from stream.demo.screen import Moment, Screen
from stream.demo.terminal import Terminal
from stream.demo.verdict import Verdict
from stream.demo.worker_process import WorkerProcess
from stream.settings import Settings
from stream.simulate import labels, records
from stream.simulate.sender import Sender

#: Seconds that the end takes: the last alerts, the worker's way out, the labels.
END = 2.0
#: Seconds in which a worker must have joined its group.
JOINING = 90.0
#: Seconds between looks at the worker, while it catches up and once it is live.
LOOK, LOOK_LIVE = 0.1, 0.5


def run(*, bootstrap: str | None, seconds: float | None, seed: int) -> int:
    """Show it, and return the exit code."""
    logging.getLogger("stream.broker").setLevel(logging.ERROR)  # the first note says it
    began = time.monotonic()
    until = None if seconds is None else began + seconds - END
    screen: Screen = Terminal() if sys.stdout.isatty() else Lines()
    with ExitStack() as stack:
        ending = stack.enter_context(Ending(until=until))
        stack.callback(screen.close)
        given = stack.enter_context(place(bootstrap))
        where = f"Kafka at {bootstrap}" if bootstrap else "the embedded broker, for trying only"
        screen.note(f"the broker is {where}; starting a worker.")
        worker = stack.enter_context(WorkerProcess(given))
        if not _joined(worker, ending):
            screen.note("ended before the worker had joined its group.")
            return ending.code
        left = None if seconds is None else began + seconds - time.monotonic()
        plan = Plan.draw(now=time.time(), left=left, seed=seed)
        show = _Show(plan, given, worker, screen)
        stack.callback(show.close)
        show.go_on(ending)
        show.sum_up()
        return ending.code


def _joined(worker: WorkerProcess, ending: Ending) -> bool:
    late = time.monotonic() + JOINING
    while not ending.wanted and time.monotonic() < late:
        worker.check()
        gauges = scrape(worker.metrics)
        if gauges is not None and gauges.partitions:
            return True
        ending.wait(0.2)
    return False


class _Show:
    def __init__(self, plan: Plan, given: Settings, worker: WorkerProcess, screen: Screen) -> None:
        self._plan, self._worker, self._screen = plan, worker, screen
        self._sender = Sender(given)
        self._reader = AlertReader(given)
        self._feed = Feed(records(plan.world), self._sender)
        self._gauges = Gauges()
        self._alerts: list[Alert] = []
        self._looked = 0.0
        self._rate, self._rate_from = 0.0, (time.monotonic(), 0)
        self._told_live = self._told_release = False

    def go_on(self, ending: Ending) -> None:
        """Show what happens until it ends."""
        world = self._plan.world
        history = (time.time() - world.start) / 60
        self._screen.note(
            f"the worker has joined; it learns from {history:.0f} minutes of history first."
        )
        self._sender.wait()
        self._feed.start()
        while not ending.wanted and self._feed.is_alive():
            self._look()
            self._tell()

    def sum_up(self) -> None:
        """Take the last alerts, and hold all against the labels."""
        self._feed.stop()
        for _ in range(5):
            self._read(seconds=0.2)
        self._look()
        world = self._plan.world
        self._screen.close()
        verdict = Verdict.of(
            labels(world),
            alerts=self._alerts,
            asked=self._feed.asked,
            until=self._feed.event_time,
        )
        live = self._feed.live_since
        self._screen.note(
            f"{self._feed.requests:,} requests, "
            + (f"{time.time() - live:.0f} s of them live." if live else "none of them live yet.")
        )
        for sentence in verdict.sentences():
            self._screen.note(sentence)

    def close(self) -> None:
        """Stop all that runs in this process."""
        self._feed.stop()
        self._reader.close()

    def _look(self) -> None:
        live = self._feed.live_since is not None
        self._read(seconds=LOOK)
        if time.monotonic() - self._looked < (LOOK_LIVE if live else LOOK):
            return
        self._worker.check()
        if self._feed.fault is not None:
            raise self._feed.fault
        self._looked = time.monotonic()
        gauges = scrape(self._worker.metrics)
        if gauges is not None:
            self._gauges = gauges
            self._feed.notice(taken=gauges.taken, deltas=gauges.lag["deltas"])
        self._measure_rate()
        self._screen.moment(
            Moment(
                stage=self._stage(),
                rate=self._rate,
                behind=max(self._feed.requests - self._gauges.taken, 0),
                gauges=self._gauges,
            )
        )

    def _read(self, *, seconds: float) -> None:
        for alert in self._reader.read(seconds=seconds):
            self._alerts.append(alert)
            self._screen.alert(alert)

    def _tell(self) -> None:
        live, released = self._feed.live_since, self._plan.world.released or 0.0
        if live is not None and not self._told_live:
            self._told_live = True
            self._screen.note(f"live; a model is released in {max(released - live, 0.0):.0f} s.")
        if not self._told_release and self._feed.event_time >= released:
            self._told_release = True
            self._screen.note("a new model is released: delta-4.")

    def _stage(self) -> str:
        if self._feed.live_since is not None:
            return "live"
        world = self._plan.world
        part = (self._feed.event_time - world.start) / max(time.time() - world.start, 1.0)
        return f"history {max(part, 0.0):.0%}"

    def _measure_rate(self) -> None:
        then, taken = self._rate_from
        now = time.monotonic()
        if now - then >= 1.0:
            self._rate = (self._gauges.taken - taken) / (now - then)
            self._rate_from = now, self._gauges.taken
