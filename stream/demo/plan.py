"""The world of the demo, and when things happen in it."""

from dataclasses import dataclass
from typing import Self

from stream.simulate import World

#: Seconds of history that the worker learns from before anything is live, at most.
HISTORY = 420.0
#: Part of the time that the history may take where there is little, and seconds it takes at most.
HISTORY_PART, HISTORY_SECONDS = 0.35, 20.0
#: Seconds of the live part before the release, where there is time.
BEFORE_RELEASE = 20.0
#: Part of the live part after which the campaign moves, where there is not.
PIVOT_PART = 0.45
#: Seconds that the demo goes on after the pivot, at least, for it to be the long form.
AFTER_PIVOT = 30.0
#: Hours after which a demo that nobody ends has no more traffic.
LONGEST_HOURS = 6.0

#: Together some 350 requests a second by day and by night, a tenth of them the campaign's.
POPULATION = {"accounts": 10_000, "intensity": 3.0}
CAMPAIGN = {
    "campaign": "minimax",
    "campaign_accounts": 300,
    "proxies": 10,
    "requests_per_account_day": 10_000.0,
    "mixing": 0.1,
    "pivot_share": 0.5,
    "pivot_delay": 3.0,
    "pivot_seconds": 5.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens when; all times are event time, which is the clock's once the demo is live."""

    world: World
    live: float  # when the history is expected to be taken in

    @classmethod
    def draw(cls, *, now: float, left: float | None, seed: int) -> Self:
        """Lay out a demo that begins now and has so many seconds left, or as many as it likes.

        >>> plan = Plan.draw(now=1_800_000_000.0, left=None, seed=1)
        >>> plan.world.released - plan.live
        20.0
        """
        left = None if left is None else max(left, 1.0)
        delay = float(CAMPAIGN["pivot_delay"])  # type: ignore[arg-type]
        catching_up = HISTORY_SECONDS
        live = now + catching_up
        release = live + BEFORE_RELEASE
        if left is not None and release + delay + AFTER_PIVOT > now + left:
            catching_up = min(HISTORY_SECONDS, HISTORY_PART * left)
            live = now + catching_up
            release = max(live + PIVOT_PART * (left - catching_up) - delay, now)
        history = HISTORY * min(1.0, catching_up / HISTORY_SECONDS)
        start = now - history
        end = now + LONGEST_HOURS * 3600 if left is None else max(now + left, release + 1.0)
        world = World(
            seed=seed,
            start=round(start, 3),
            hours=(end - start) / 3600,
            release_at=round(release - start, 3),
            text="sketch",
            **POPULATION,  # type: ignore[arg-type]
            **CAMPAIGN,  # type: ignore[arg-type]
        )
        return cls(world=world, live=live)
