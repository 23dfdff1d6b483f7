"""The worlds of a run: all that is asked for, combined, and a launch day without campaign."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Literal

import msgspec

from stream.simulate import World
from stream.simulate.campaigns import SHAPES
from stream.simulate.traffic import Traffic

#: Worlds begin at noon UTC, when most of the population is awake.
NOON = 1_767_225_600.0 + 12 * 3600
#: When things happen, as parts of the world: detectors have a quarter of it to learn what is usual.
CAMPAIGN_AT, RELEASE_AT = 0.25, 0.6
#: Benign accounts at least for each of the campaign's: one that is low and slow must not outnumber
#: the crowd only because its traffic is little.
CROWD = 5
LAUNCH_DAY_ACCOUNTS = 3_000

Text = Literal["prompt", "sketch", "none"]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One world of the grid; without a `campaign` it is a launch day.

    ``ratio`` is how many benign requests there are for each of the campaign's, as long as it runs.
    """

    seed: int
    hours: float
    accounts: int
    text: Text = "prompt"
    campaign: str | None = None
    size: int = 0
    mixing: float = 0.0
    ratio: float = 0.0
    ban_rate: float | None = None  # of the campaign's shape where None

    @property
    def name(self) -> str:
        """What a table or a progress line calls it."""
        if self.campaign is None:
            return f"launch day, {self.accounts:,} accounts, {self.hours:g} h, seed {self.seed}"
        return (
            f"{self.campaign}, {self.size:,} accounts among {self.accounts:,}, "
            f"mixing {self.mixing:.0%}, 1:{self.ratio:g}, {self.hours:g} h, seed {self.seed}"
        )

    @property
    def proxies(self) -> int:
        """Egresses of the campaign: as many for each account as its shape has, two at least."""
        shape = SHAPES[self.campaign or ""]
        return max(2, round(shape.proxies * self.size / shape.accounts))

    def world(self) -> World:
        """Return the world to simulate."""
        seconds = self.hours * 3600
        settings: dict[str, Any] = {"release_at": round(RELEASE_AT * seconds, 3)}
        if self.campaign is not None:
            settings |= {
                "campaign": self.campaign,
                "campaign_accounts": self.size,
                "campaign_at": round(CAMPAIGN_AT * seconds, 3),
                "proxies": self.proxies,
                "mixing": self.mixing,
                "ban_rate": self.ban_rate,
            }
        return World(
            seed=self.seed,
            accounts=self.accounts,
            hours=self.hours,
            start=NOON,
            text=self.text,
            **settings,
        )


def grid(
    *,
    campaigns: Sequence[str],
    sizes: Sequence[int],
    mixings: Sequence[float | None],
    ratios: Sequence[float],
    seeds: Sequence[int],
    hours: float,
    text: Text,
    ban_rate: float | None = None,
) -> list[Cell]:
    """Return every combination; where a mixing is None the campaign's own shape decides."""
    cells = []
    for campaign, size, mixing, ratio, seed in product(campaigns, sizes, mixings, ratios, seeds):
        cells.append(
            Cell(
                seed=seed,
                hours=hours,
                accounts=crowd(campaign=campaign, size=size, ratio=ratio, hours=hours),
                text=text,
                campaign=campaign,
                size=size,
                mixing=SHAPES[campaign].mixing if mixing is None else mixing,
                ratio=ratio,
                ban_rate=ban_rate,
            )
        )
    return list(dict.fromkeys(cells))


def launch_days(*, seeds: Sequence[int], hours: float, text: Text) -> list[Cell]:
    """Return worlds in which a model is released and nobody is up to anything."""
    return [Cell(seed=seed, hours=hours, accounts=LAUNCH_DAY_ACCOUNTS, text=text) for seed in seeds]


def crowd(*, campaign: str, size: int, ratio: float, hours: float) -> int:
    """Return how many benign accounts make `ratio` times the campaign's requests."""
    an_hour = size * SHAPES[campaign].requests_per_account_day / 24
    return max(round(ratio * an_hour / _benign_requests_an_hour(min(hours, 3.0))), CROWD * size)


def busiest() -> str:
    """Return the shape whose accounts ask most: the one to draw, and to make harder in steps."""
    return max(SHAPES, key=lambda name: SHAPES[name].requests_per_account_day)


@lru_cache
def _benign_requests_an_hour(hours: float) -> float:
    """Return what an account of the population does, as measured on three thousand of them."""
    sample = World(seed=0, accounts=3_000, hours=hours, start=NOON)
    requests = sum(len(columns) for columns in Traffic(sample).requests())
    return requests / sample.accounts / hours
