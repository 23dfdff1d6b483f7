"""The simulated API: history as fast as it is taken in, then the present as it happens."""

import threading
import time
from collections.abc import Callable, Iterable

from stream.simulate.identity import MODELS, NEW_MODEL
from stream.simulate.line import route, time_of
from stream.simulate.sender import Sender

#: Requests on their way at most. The embedded broker forgets what is past 5 MB of a partition.
ON_THEIR_WAY = 8_000
#: Deltas on their way at most, for the same reason.
DELTAS = 400
_NEW = f'"model":"{MODELS[NEW_MODEL]}"'.encode()


class Feed(threading.Thread):
    """Sends a world's records, none before its time and none faster than they are taken in.

    Args:
        lines: records in event-time order.
        sender: takes them.
        clock: seconds since the epoch.
    """

    def __init__(
        self, lines: Iterable[bytes], sender: Sender, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name="feed", daemon=True)
        self.requests = 0
        self.event_time = 0.0
        self.live_since: float | None = None
        self.asked: dict[str, float] = {}  # who asked for the new model, and when first
        self.fault: Exception | None = None
        self._lines, self._sender, self._clock = lines, sender, clock
        self._taken, self._deltas = 0, 0
        self._stop_wanted = threading.Event()

    def notice(self, *, taken: int, deltas: int) -> None:
        """Take in how far the worker is: requests taken, deltas that wait."""
        self._taken, self._deltas = taken, deltas

    def stop(self) -> None:
        """End it, and wait for what is on its way."""
        self._stop_wanted.set()
        if self.is_alive():
            self.join(timeout=10.0)

    def run(self) -> None:
        """Send until the world's end, or until it is stopped."""
        try:
            self._run()
            self._sender.flush()
        except Exception as fault:
            self.fault = fault

    def _run(self) -> None:
        now = self._clock()
        for line in self._lines:
            moment = time_of(line)
            if moment > now:
                now = self._wait_until(moment)
            name, account = route(line)
            if name == "requests":
                self._wait_for_the_worker()
                self.requests += 1
                if _NEW in line:
                    self.asked.setdefault(account.decode(), moment)
            if self._stop_wanted.is_set():
                return
            self._sender.send(line)
            self.event_time = moment

    def _wait_until(self, moment: float) -> float:
        while (left := moment - (now := self._clock())) > 0 and not self._stop_wanted.is_set():
            if self.live_since is None:
                self.live_since = now
            self._stop_wanted.wait(min(left, 0.2))
            self._sender.poll()
        return now

    def _wait_for_the_worker(self) -> None:
        while not self._stop_wanted.is_set() and (
            self.requests - self._taken > ON_THEIR_WAY or self._deltas > DELTAS
        ):
            self._stop_wanted.wait(0.01)
