import numpy as np
import pytest

from detectors.sketches.decayed import Floats
from detectors.sketches.loda import Loda

FEATURES = 6


def crowd(count: int, *, seed: int = 0) -> Floats:
    """Vectors of two kinds, whose second feature goes with the first."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(5.0, 0.5, (count, FEATURES))
    vectors[:, 1] = vectors[:, 0] + chance.normal(0.0, 0.1, count)
    vectors[::3, 2] += 3.0
    return vectors


@pytest.fixture(scope="module")
def loda() -> Loda:
    taught = Loda(ranges=[(0.0, 10.0)] * FEATURES)
    for hour in range(30):
        taught.learn(crowd(100, seed=hour), hour=hour)
    return taught


def test_those_like_the_others_are_as_odd_as_chance_says(loda: Loda) -> None:
    nats = loda.nats(crowd(5000, seed=99))

    for level in (3.0, 5.0, 7.0):
        assert (nats > level).mean() < 3.0 * np.exp(-level)


def test_a_vector_far_from_all_is_odd_and_its_feature_is_named(loda: Loda) -> None:
    odd = crowd(1)[0]
    odd[4] = 9.9

    assert loda.nats(odd[None, :])[0] > 6.0
    assert loda.contributions(odd).argmax() == 4


def test_the_farther_the_odder(loda: Loda) -> None:
    vectors = np.repeat(crowd(1), 3, axis=0)
    vectors[:, 3] = (7.0, 8.5, 9.9)

    near, far, farther = loda.nats(vectors)

    assert near < far < farther


def test_nothing_is_odd_before_enough_was_seen() -> None:
    loda = Loda(ranges=[(0.0, 10.0)] * FEATURES, least=200)
    loda.learn(crowd(150), hour=0)

    assert not loda.ready
    assert loda.nats(np.full((1, FEATURES), 10.0)).tolist() == [0.0]


def test_a_feature_that_is_not_known_says_nothing(loda: Loda) -> None:
    odd = crowd(1)
    odd[0, 4] = 9.9
    unknown = odd.copy()
    unknown[0, 4] = np.nan

    assert loda.nats(unknown)[0] < 3.0 < loda.nats(odd)[0]
    assert loda.contributions(unknown[0])[4] == 0.0


def test_one_alone_is_answered_as_among_many(loda: Loda) -> None:
    vectors = crowd(50, seed=5)
    vectors[7, 2] = 0.0

    alone = [float(loda.nats(vectors[[i]])[0]) for i in range(50)]

    assert loda.nats(vectors).tolist() == alone


def test_what_was_saved_answers_the_same(loda: Loda) -> None:
    other = Loda(ranges=[(0.0, 10.0)] * FEATURES)
    other.restore(loda.snapshot())
    vectors = crowd(200, seed=7) + 1.0

    assert other.nats(vectors).tolist() == loda.nats(vectors).tolist()
