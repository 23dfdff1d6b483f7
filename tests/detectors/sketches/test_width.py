import numpy as np

from detectors.core.detector import Tick
from detectors.core.population import Population
from detectors.core.profiles import Profiles
from detectors.sketches.width import HOUR, Width
from tests.detectors.traffic import tick_of_one


def learn(
    width: Width, profiles: Profiles, tick: int, now: float, *, suspect: bool = False
) -> Tick:
    rows = profiles.rows_of(["a"], tick=tick)
    made = tick_of_one(rows, number=tick, population=Population(), suspect=suspect)
    width.learn(profiles, made, np.array([now]))
    return made


def fresh() -> tuple[Width, Profiles]:
    width = Width("w")
    return width, Profiles(capacity=4, columns=width.columns)


def test_the_widest_of_each_hour_is_learned_when_the_hour_has_ended() -> None:
    width, profiles = fresh()
    tick = learn(width, profiles, HOUR, 3.0)
    learn(width, profiles, HOUR + 60, 20.0)
    learn(width, profiles, HOUR + 120, 5.0)
    assert profiles["w_known"][1, 0] == 0
    learn(width, profiles, 2 * HOUR, 4.0)
    assert profiles["w_known"][1, 0] == 1
    assert round(float(width.usual(profiles, tick)[0])) == 20


def test_the_hour_of_a_suspect_is_not_learned() -> None:
    width, profiles = fresh()
    learn(width, profiles, HOUR, 500.0)
    learn(width, profiles, 2 * HOUR, 4.0, suspect=True)
    assert profiles["w_known"][1, 0] == 0
    learn(width, profiles, 3 * HOUR, 4.0)
    assert profiles["w_known"][1, 0] == 1


def test_where_there_is_not_enough_nothing_is_surprising() -> None:
    width, profiles = fresh()
    tick = learn(width, profiles, HOUR, 3.0)
    nats = width.surprise(profiles, tick, np.array([1e6]), enough=np.array([False]))
    assert nats.tolist() == [0.0]
