"""What comes out of a level: alerts, records for the next one, and its state."""

from dataclasses import dataclass, field

from detectors.core.records import Alert, Candidates, Delta


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A level's state after one tick: what is to be written, in this order, and then dropped."""

    position: dict[str, int]  # what has been applied: offset by source
    segments: dict[str, bytes]
    manifest: bytes
    dropped: list[str]


@dataclass(slots=True, kw_only=True)
class Output:
    """What came out of a level, in order."""

    alerts: list[Alert] = field(default_factory=list)  # raised at this level
    deltas: list[tuple[int, Delta]] = field(default_factory=list)  # by partition of the groups
    candidates: list[Candidates] = field(default_factory=list)  # to the campaigns
    checkpoint: Checkpoint | None = None
