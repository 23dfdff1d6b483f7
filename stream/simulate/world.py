"""The settings of one simulated world."""

from dataclasses import dataclass, fields
from typing import Literal

from stream.simulate.bounds import check
from stream.simulate.campaign import MOST_CAMPAIGNS, SETTINGS, Campaign
from stream.simulate.campaigns import Shape

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a simulation depends on: equal worlds yield equal bytes.

    Settings of campaigns that are `None` are taken from the shape of each.

    >>> World(hours=2.0).end - World().start
    7200.0
    >>> World(campaign="minimax", proxies=3).shape().proxies
    3
    >>> [each.name for each in World(campaign=("mid2026", "deepseek:mixing=0.5")).campaigns]
    ['mid2026', 'deepseek-2']

    Args:
        accounts: benign accounts, those born in the course of the simulation included.
        intensity: multiplies every benign account's number of bursts.
        churn: share of the benign accounts that are born per day.
        departures: share of the benign accounts that are banned or closed per day.
        background: `built-in`, or `servegen:DIR` for arrivals, rates and lengths of real clients.
        release_at: seconds after `start` at which a new model is released.
        pivot_delay: seconds from the release to the first extraction request that moves.
        text: what stands for the prompt: its words, a sketch of it, or nothing.
        campaign: a shape, `SHAPE:setting=value,…`, or several of them.
    """

    seed: int = 0
    accounts: int = 2_000
    hours: float = 1.0
    start: float = 1_767_225_600.0
    intensity: float = 1.0
    churn: float = 0.02
    departures: float = 0.004
    background: str = "built-in"
    text: Literal["prompt", "sketch", "none"] = "prompt"
    release_at: float | None = None
    campaign: str | tuple[str, ...] | None = None
    campaign_at: float | None = None
    campaign_accounts: int | None = None
    proxies: int | None = None
    accounts_per_proxy: float | None = None
    egresses_per_account: int | None = None
    customers_per_proxy: int | None = None
    accounts_per_payment: int | None = None
    templates: int | None = None
    capabilities: str | None = None
    requests_per_account_day: float | None = None
    mixing: float | None = None
    lockstep: float | None = None
    even_share: float | None = None
    duty: float | None = None
    ban_rate: float | None = None
    heirs: bool | None = None
    heir_delay: float | None = None
    heir_keeps: str | None = None
    failover: float | None = None
    pivot_share: float | None = None
    pivot_delay: float | None = None
    pivot_seconds: float | None = None
    aged: float | None = None
    jitter: float | None = None
    paraphrase: float | None = None
    slow_start: float | None = None
    rotate_payment: float | None = None
    rotate_egress: float | None = None
    own_clients: int | None = None

    def __post_init__(self) -> None:
        """Refuse a world that cannot be."""
        if self.text not in ("prompt", "sketch", "none"):
            raise ValueError(f"text must be prompt, sketch or none, not {self.text!r}.")
        kind, _, place = self.background.partition(":")
        if self.background != "built-in" and (kind != "servegen" or not place):
            raise ValueError(
                f"background must be built-in or servegen:DIR, not {self.background!r}."
            )
        for field in fields(self):
            check(field.name, getattr(self, field.name))
        if self.release_at is not None and self.release_at > self.hours * 3600:
            raise ValueError("release_at must lie within the simulated hours.")
        if len(self._specifications()) > MOST_CAMPAIGNS:
            raise ValueError(f"campaign must be given at most {MOST_CAMPAIGNS} times.")
        begins = [self.campaign_at or 0.0, *(each.shape.at for each in self.campaigns)]
        if max(begins) > self.hours * 3600:
            raise ValueError("campaign_at must lie within the simulated hours.")

    @property
    def trace(self) -> str | None:
        """The directory of the traces that the background is drawn from, if it is."""
        return self.background.partition(":")[2] or None

    @property
    def end(self) -> float:
        """The first moment after the simulation."""
        return self.start + self.hours * 3600

    @property
    def released(self) -> float | None:
        """When the new model is released, in event time."""
        return None if self.release_at is None else self.start + self.release_at

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns, with this world's own settings in their shapes."""
        given = {name: getattr(self, name) for name in SETTINGS}
        settings = {name: value for name, value in given.items() if value is not None}
        return tuple(
            Campaign.read(each, number=number, settings=settings)
            for number, each in enumerate(self._specifications())
        )

    @property
    def pivot_begins(self) -> float | None:
        """When the first campaign begins to move to the new model, in event time."""
        if self.released is None or not self.campaigns:
            return None
        return self.released + min(each.shape.pivot_delay for each in self.campaigns)

    def shape(self) -> Shape:
        """Return the first campaign's shape with this world's own settings in it."""
        if not self.campaigns:
            raise ValueError("campaign must be set for the world to have the shape of one.")
        return self.campaigns[0].shape

    def _specifications(self) -> tuple[str, ...]:
        if self.campaign is None:
            return ()
        return (self.campaign,) if isinstance(self.campaign, str) else self.campaign
