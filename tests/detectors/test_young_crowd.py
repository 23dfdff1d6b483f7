"""When a group of new accounts teaches what is usual."""

from detectors.core.population import Lone, Population
from detectors.core.profiles import Column, Profiles
from detectors.young_crowd import COUNTS, DAY, YoungCrowd
from tests.detectors.traffic import tick_of_one

START = DAY * 20_000


def seen(detector: YoungCrowd, profiles: Profiles, *, at: int, young: float) -> bool:
    """Show twenty accounts, of whom so many are young; say whether the tick is withheld."""
    rows = profiles.rows_of(["proxy:a"], tick=START + at)
    for there, new in COUNTS.values():
        profiles[there][rows], profiles[new][rows] = 20.0, young
    population = Population(lone={"proxy": Lone(), "payment": Lone()})
    tick = tick_of_one(rows, number=START + at, population=population)
    detector.learn(profiles, tick)
    return bool(detector.withholds(profiles, tick)[0])


def test_a_farm_that_fills_teaches_nothing_for_a_day() -> None:
    detector = YoungCrowd()
    counts = {name: Column("float64") for names in COUNTS.values() for name in names}
    profiles = Profiles(capacity=4, columns={**counts, **detector.columns})
    assert not seen(detector, profiles, at=0, young=3.0)
    assert seen(detector, profiles, at=600, young=10.0)
    assert seen(detector, profiles, at=DAY, young=20.0)
    assert not seen(detector, profiles, at=DAY + 600, young=20.0)
    assert not seen(detector, profiles, at=DAY + 1200, young=3.0)
    assert seen(detector, profiles, at=DAY + 1800, young=20.0)
