"""The worlds of a run: all that is asked for, combined, and a launch day without campaign."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Literal

import msgspec
import numpy as np

from stream.simulate import World
from stream.simulate.campaign import SETTINGS, Campaign
from stream.simulate.campaigns import SHAPES
from stream.simulate.columns import Ints
from stream.simulate.traffic import Traffic

#: Worlds begin at noon UTC, when most of the population is awake.
NOON = 1_767_225_600.0 + 12 * 3600
#: When things happen, as parts of the world: detectors have a quarter of it to learn what is usual.
CAMPAIGN_AT, RELEASE_AT = 0.25, 0.6
#: Benign accounts at least for each of the campaign's: one that is low and slow must not outnumber
#: the crowd only because its traffic is little.
CROWD = 5
LAUNCH_DAY_ACCOUNTS = 3_000
#: Of the population, to measure what is usual in it; and hours after which hardly anybody is left
#: who has sent nothing yet.
SAMPLE, DAY = 3_000, 24.0
#: What may be set of a campaign beside the grid: all that is not one of its dimensions.
EVASIONS = tuple(
    name for name in SETTINGS if name not in ("campaign_accounts", "campaign_at", "mixing")
)

Text = Literal["prompt", "sketch", "none"]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One world of the grid; without a `campaign` it is a launch day.

    ``ratio`` is how many benign requests there are for each of the campaign's, as long as it runs;
    ``attackers`` the campaign's share of the accounts that send anything. One of them is asked for,
    and sets how many benign accounts there are; the other is 0.
    ``evasion`` is what the campaign does otherwise than its shape, as `NAME=VALUE,…`; how many
    others there are is set as if it did not.
    """

    seed: int
    hours: float
    accounts: int
    text: Text = "prompt"
    campaign: str | None = None
    size: int = 0
    mixing: float = 0.0
    ratio: float = 0.0
    attackers: float = 0.0
    ban_rate: float | None = None  # of the campaign's shape where None
    background: str = "built-in"
    evasion: str = ""

    @property
    def name(self) -> str:
        """What a table or a progress line calls it."""
        kind = self.background.partition(":")[0]
        rest = f"{self.hours:g} h, {kind}, seed {self.seed}"
        if self.campaign is None:
            return f"launch day, {self.accounts:,} accounts, {rest}"
        return (
            f"{self.campaign}, {self.size:,} accounts among {self.accounts:,}, {self.way}, {rest}"
        )

    @property
    def way(self) -> str:
        """How the campaign hides, and among whom."""
        evasion = self.evasion and f", {self.evasion}"
        return f"mixing {self.mixing:.0%}{evasion}, {self.among}"

    @property
    def among(self) -> str:
        """How many others there are, in the terms in which it was asked for."""
        if self.attackers:
            return f"{self.attackers * 100:g} % of the active"
        return f"1:{self.ratio:g}"

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
                "campaign": f"{self.campaign}:{self.evasion}",
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
            background=self.background,
            **settings,
        )


def grid(
    *,
    campaigns: Sequence[str],
    sizes: Sequence[int],
    mixings: Sequence[float | None],
    ratios: Sequence[float] = (),
    attackers: Sequence[float] = (),
    seeds: Sequence[int],
    hours: float,
    text: Text,
    ban_rate: float | None = None,
    background: str = "built-in",
    evasions: Sequence[str] = (),
) -> list[Cell]:
    """Return every combination, by ratio and by attackers' share.

    Where a mixing is None the campaign's own shape decides. Every world comes without evasion
    first, then with each.
    """
    cells = []
    for campaign, size, mixing, seed in product(campaigns, sizes, mixings, seeds):
        alone = Cell(
            seed=seed,
            hours=hours,
            accounts=0,
            text=text,
            campaign=campaign,
            size=size,
            mixing=SHAPES[campaign].mixing if mixing is None else mixing,
            ban_rate=ban_rate,
            background=background,
        )
        for ratio in ratios:
            around = crowd(
                campaign=campaign, size=size, ratio=ratio, hours=hours, background=background
            )
            cells.append(msgspec.structs.replace(alone, ratio=ratio, accounts=around))
        for share in attackers:
            around = company(alone, attackers=share)
            cells.append(msgspec.structs.replace(alone, attackers=share, accounts=around))
    return [
        msgspec.structs.replace(cell, evasion=evasion)
        for cell in dict.fromkeys(cells)
        for evasion in dict.fromkeys(["", *evasions])
    ]


def check_evasion(text: str) -> None:
    """Refuse what cannot be varied, in a sentence that goes on from the option's name."""
    for part in text.split(","):
        name, equals, _ = part.partition("=")
        if name.strip().replace("-", "_") not in EVASIONS or not equals:
            raise ValueError(f"must be NAME=VALUE with one of {', '.join(EVASIONS)}, not {part!r}.")
    try:
        Campaign.read(f"{busiest()}:{text}", number=0, settings={})
    except ValueError as error:
        raise ValueError(str(error).removeprefix("campaign ")) from None


def launch_days(
    *, seeds: Sequence[int], hours: float, text: Text, background: str = "built-in"
) -> list[Cell]:
    """Return worlds in which a model is released and nobody is up to anything."""
    return [
        Cell(
            seed=seed,
            hours=hours,
            accounts=LAUNCH_DAY_ACCOUNTS,
            text=text,
            background=background,
        )
        for seed in seeds
    ]


def crowd(
    *, campaign: str, size: int, ratio: float, hours: float, background: str = "built-in"
) -> int:
    """Return how many benign accounts make `ratio` times the campaign's requests."""
    an_hour = size * SHAPES[campaign].requests_per_account_day / 24
    hours = min(hours, 3.0)
    usual = float(_sent(hours, background).mean()) / hours
    return max(round(ratio * an_hour / usual), CROWD * size)


def company(alone: Cell, *, attackers: float) -> int:
    """Return how many benign accounts leave a campaign this share of those that send anything."""
    own = [columns["actor"] for columns in Traffic(alone.world()).extraction()]
    active = len(np.unique(np.concatenate([np.zeros(0), *own])))
    awake = float((_sent(min(alone.hours, DAY), alone.background) > 0).mean())
    return round(active * (1 / attackers - 1) / awake)


def busiest() -> str:
    """Return the shape whose accounts ask most: the one to draw, and to make harder in steps."""
    return max(SHAPES, key=lambda name: SHAPES[name].requests_per_account_day)


@lru_cache
def _sent(hours: float, background: str) -> Ints:
    """Return how many requests each of some accounts of the population sends."""
    sample = World(seed=0, accounts=SAMPLE, hours=hours, start=NOON, background=background)
    sent = np.zeros(SAMPLE, dtype=np.int64)
    for columns in Traffic(sample).requests():
        sent += np.bincount(columns["actor"], minlength=SAMPLE)
    return sent
