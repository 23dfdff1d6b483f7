"""What a level is told by the operator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a level is told by the operator."""

    alerts_per_day: float  # the budget of one detector on one scope in one partition
    capacity: int  # profiles at most
    seed: int  # key of the hashes
    version: str  # shown in alerts
