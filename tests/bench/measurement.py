"""What one run of one contender came to."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The figures of `Stopwatch`: all are of the contender's own process."""

    events: int
    seconds: float
    processor_seconds: float | None
    peak_bytes: int
    digest: str | None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:  # Any: the JSON edge
        """Read what `stopwatch.report` wrote."""
        return cls(**fields)

    @property
    def rate(self) -> float:
        """Events per second of wall time."""
        return self.events / self.seconds

    @property
    def processor_microseconds(self) -> float | None:
        """Processor time per event."""
        if self.processor_seconds is None:
            return None
        return self.processor_seconds / self.events * 1e6
