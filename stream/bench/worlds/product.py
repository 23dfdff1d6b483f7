"""Weir itself as a contender: the production engine with its default configuration."""

import io
from collections.abc import Sequence

import msgspec

from detectors.core.records import Alert
from stream.bench.worlds.raised import Raised
from stream.config import Config
from stream.decoded import Decoded
from stream.file_driver import FileDriver


class Weir:
    """Feeds records to the engine as `weir replay` does, and reads the alerts that it writes."""

    name = "Weir"
    note = ""

    def __init__(self, *, config: Config | None = None) -> None:
        self.config = config or Config()
        self._written = io.BytesIO()
        self._driver = FileDriver(config=self.config, alerts=self._written)
        self._decode = msgspec.json.Decoder(Alert).decode_lines
        self._names: dict[str, str] = {}
        self._ids: set[str] = set()

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Replay a block."""
        self._driver.take(decoded, base=0)
        return self._drain()

    def finish(self) -> Sequence[Raised]:
        """Close the last ticks."""
        self._driver.finish()
        return self._drain()

    def covers(self, account: str) -> bool:
        """Every account is looked at."""
        return True

    def _drain(self) -> list[Raised]:
        lines = self._written.getvalue()
        if not lines:
            return []
        self._written.seek(0)
        self._written.truncate()
        return [self._raised(alert) for alert in self._decode(lines) if self._new(alert)]

    def _new(self, alert: Alert) -> bool:
        # That something is over, or the same alert once more, is not another alert.
        if alert.resolved or alert.id in self._ids:
            return False
        self._ids.add(alert.id)
        return True

    def _raised(self, alert: Alert) -> Raised:
        names = self._names
        return Raised(
            ts=alert.ts,
            accounts=[names.setdefault(account, account) for account in alert.accounts],
            detector=alert.detector,
            about=f"{alert.entity.scope}:{alert.entity.value}",
            signal=alert.signal,
            severity=alert.severity,
            summary=alert.summary,
        )
