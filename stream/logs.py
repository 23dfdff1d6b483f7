"""Log lines: a sentence each, and none of them a flood."""

import logging
import sys
import time


class OncePerMinute(logging.Filter):
    """Lets each kind of line through once a minute, and says how many were left out.

    Clients of a broker that is away log on every attempt; the operator needs to read it once.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: "object" = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, str], float] = {}
        self._dropped: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line may pass."""
        key = (record.name, str(record.msg)[:80])
        now = float(self._clock())  # type: ignore[operator]
        if now - self._last.get(key, -60.0) < 60.0:
            self._dropped[key] = self._dropped.get(key, 0) + 1
            return False
        if len(self._last) > 1000:
            self._last.clear()
        self._last[key] = now
        dropped = self._dropped.pop(key, 0)
        if dropped:
            record.msg = f"{record.msg} (and {dropped} more in the last minute)"
        return True


def set_up(level: str) -> None:
    """Send Weir's log to standard error; of the libraries only warnings, each once a minute."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    handler.addFilter(_Libraries(OncePerMinute()))
    logging.getLogger("weir").setLevel(level)


class _Libraries(logging.Filter):
    def __init__(self, inner: logging.Filter) -> None:
        super().__init__()
        self._inner = inner

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name.startswith("weir") or bool(self._inner.filter(record))
