"""The settings of one simulated world."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

from stream.simulate.campaigns import SHAPES, Shape

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a simulation depends on: equal worlds yield equal bytes.

    Settings of the campaign that are `None` are taken from its shape.

    >>> World(hours=2.0).end - World().start
    7200.0
    >>> World(campaign="minimax", proxies=3).shape().proxies
    3

    Args:
        accounts: benign accounts, those born in the course of the simulation included.
        intensity: multiplies every benign account's number of bursts.
        churn: share of the benign accounts that are born per day.
        campaign_at: seconds after `start` at which the campaign opens its accounts; 0 means that it
            has been running since before.
        release_at: seconds after `start` at which a new model is released.
        pivot_delay: seconds from the release to the first extraction request that moves.
        pivot_seconds: how long the move takes.
        pivot_share: share of the campaign's extraction requests that moves.
        text: what stands for the prompt: its words, a sketch of it, or nothing.
    """

    seed: int = 0
    accounts: int = 2_000
    hours: float = 1.0
    start: float = 1_767_225_600.0
    intensity: float = 1.0
    churn: float = 0.02
    text: Literal["prompt", "sketch", "none"] = "prompt"
    release_at: float | None = None
    campaign: str | None = None
    campaign_at: float = 0.0
    campaign_accounts: int | None = None
    proxies: int | None = None
    requests_per_account_day: float | None = None
    mixing: float | None = None
    lockstep: float | None = None
    even_share: float | None = None
    ban_rate: float | None = None
    heirs: bool | None = None
    failover: float | None = None
    jitter: float | None = None
    pivot_share: float = 0.5
    pivot_delay: float = 10.0
    pivot_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Refuse a world that cannot be."""
        if self.campaign is not None and self.campaign not in SHAPES:
            raise ValueError(f"campaign must be one of {', '.join(SHAPES)}, not {self.campaign!r}.")
        if self.text not in ("prompt", "sketch", "none"):
            raise ValueError(f"text must be prompt, sketch or none, not {self.text!r}.")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{field.name} must be a finite number, not {value}.")
            bound = _BOUNDS.get(field.name)
            if bound is not None and value is not None and not bound[0](value):
                raise ValueError(f"{field.name} must be {bound[1]}, not {value!r}.")
        if self.release_at is not None and self.release_at > self.hours * 3600:
            raise ValueError("release_at must lie within the simulated hours.")
        if self.campaign_at > self.hours * 3600:
            raise ValueError("campaign_at must lie within the simulated hours.")

    @property
    def end(self) -> float:
        """The first moment after the simulation."""
        return self.start + self.hours * 3600

    @property
    def released(self) -> float | None:
        """When the new model is released, in event time."""
        return None if self.release_at is None else self.start + self.release_at

    @property
    def pivot_begins(self) -> float | None:
        """When the campaign begins to move to the new model, in event time."""
        return None if self.released is None else self.released + self.pivot_delay

    def shape(self) -> Shape:
        """Return the campaign's shape with this world's own settings in it."""
        if self.campaign is None:
            raise ValueError("campaign must be set for the world to have the shape of one.")
        own = {
            "accounts": self.campaign_accounts,
            "proxies": self.proxies,
            "requests_per_account_day": self.requests_per_account_day,
            "mixing": self.mixing,
            "lockstep": self.lockstep,
            "even_share": self.even_share,
            "ban_rate": self.ban_rate,
            "heirs": self.heirs,
            "failover": self.failover,
            "jitter": self.jitter,
        }
        given = {name: value for name, value in own.items() if value is not None}
        return replace(SHAPES[self.campaign], **given)  # type: ignore[arg-type]


_Bound = tuple[Callable[[float], bool], str]
_SHARE: _Bound = (lambda value: 0 <= value <= 1, "between 0 and 1")
_POSITIVE: _Bound = (lambda value: value > 0, "more than 0")
_NOT_NEGATIVE: _Bound = (lambda value: value >= 0, "0 or more")
_BOUNDS: dict[str, _Bound] = {
    "seed": (lambda value: 0 <= value < 2**63, "between 0 and 2**63 - 1"),
    "accounts": (lambda value: 0 <= value <= 1_500_000, "between 0 and 1,500,000"),
    "hours": (lambda value: 0 < value <= 24 * 366, "more than 0 and at most a year"),
    "start": (lambda value: 0 <= value <= 4_102_444_800, "epoch seconds before the year 2100"),
    "intensity": _POSITIVE,
    "churn": _SHARE,
    "release_at": _NOT_NEGATIVE,
    "campaign_at": _NOT_NEGATIVE,
    "campaign_accounts": (lambda value: 1 <= value <= 500_000, "between 1 and 500,000"),
    "proxies": (lambda value: 1 <= value <= 100_000, "between 1 and 100,000"),
    "requests_per_account_day": _POSITIVE,
    "mixing": (lambda value: 0 <= value <= 0.95, "between 0 and 0.95"),
    "lockstep": _SHARE,
    "even_share": _SHARE,
    "ban_rate": (lambda value: 0 <= value <= 1_000, "between 0 and 1,000"),
    "failover": _SHARE,
    "jitter": _NOT_NEGATIVE,
    "pivot_share": _SHARE,
    "pivot_delay": _NOT_NEGATIVE,
    "pivot_seconds": _NOT_NEGATIVE,
}
