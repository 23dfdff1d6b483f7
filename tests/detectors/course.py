"""Alerts made up for the campaigns, and a level that takes them second by second."""

import math
from collections.abc import Mapping, Sequence

from detectors.core.campaign_level import CampaignLevel
from detectors.core.records import (
    Adoption,
    Alert,
    Behind,
    Candidates,
    Entity,
    Evidence,
    Places,
    Signal,
    Window,
)
from tests.detectors.traffic import EPOCH, settings

PEOPLE = 10_000
SIGNALS: dict[str, Signal] = {
    "model_pivot": "pivot",
    "wide_fanout": "fanout",
    "capability": "concentration",
    "template_repetition": "repetition",
    "heir": "heir",
    "failover_echo": "failover",
}


def level() -> CampaignLevel:
    return CampaignLevel(settings=settings())


def alert(
    value: str,
    accounts: Sequence[str],
    *,
    at: int = 0,
    scope: str = "proxy",
    nats: float = 20.0,
    detector: str = "model_pivot",
    strong: bool = True,
) -> Alert:
    moment = float(EPOCH + at)
    return Alert(
        id=f"{detector}|{scope}|{value}|{at}",
        ts=moment,
        raised_at=moment,
        detector=detector,
        signal=SIGNALS.get(detector, "outlier"),
        severity="low" if strong else "info",
        p_value=math.exp(-nats),
        entity=Entity(scope=scope, value=value),  # type: ignore[arg-type]
        accounts=list(accounts),
        accounts_total=len(accounts),
        window=Window(start=moment, end=moment),
        summary=f"{value} is odd.",
        evidence=[Evidence(feature="oddness", observed=1.0, expected=0.0, contribution=1.0)],
        samples=[f"request of {account}" for account in accounts[:3]],
        version="test",
    )


class Course:
    """A level and what it told, fed second by second."""

    def __init__(self, made: CampaignLevel | None = None, *, offset: int = 0) -> None:
        self.level = made or level()
        self.offset = offset
        self.told: list[Alert] = []

    def take(
        self,
        *alerts: Alert,
        at: int,
        members: Sequence[Sequence[str]] | None = None,
        places: Mapping[int, Places] | None = None,
        moves: Sequence[tuple[str, str]] = (),
        adoption: Adoption | None = None,
    ) -> list[Alert]:
        candidates = Candidates(
            source=0,
            sources=1,
            tick=EPOCH + at,
            tracked=PEOPLE,
            alerts=list(alerts),
            behind=[
                Behind(list(those), (places or {}).get(at))
                for at, those in enumerate(members or [a.accounts for a in alerts])
            ],
            moves=list(moves),
            adoption=adoption,
        )
        told = self.level.process([candidates], self.offset).alerts
        self.offset += 1
        self.told += told
        return told


def restarted(course: Course, segments: dict[str, bytes]) -> Course:
    """Return a course that goes on from a checkpoint; ``segments`` are those saved so far."""
    saved = course.level.checkpoint()
    for name in saved.dropped:
        segments.pop(name, None)
    segments |= saved.segments
    fresh = level()
    fresh.restore(segments, saved.manifest)
    after = Course(fresh, offset=course.offset)
    after.told = course.told
    return after


def accounts(first: int, last: int) -> list[str]:
    return [f"account-{number}" for number in range(first, last)]
