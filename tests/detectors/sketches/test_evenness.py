import numpy as np

from detectors.sketches.alike import Alike
from detectors.sketches.evenness import BUCKETS, EDGES, bucket_of, spread


def histogram(counts: np.ndarray) -> np.ndarray:
    return np.bincount(bucket_of(counts[counts > 0]), minlength=BUCKETS)[None, :]


def test_every_edge_begins_a_bucket() -> None:
    assert bucket_of(EDGES).tolist() == list(range(BUCKETS))
    assert bucket_of(EDGES[1:] - 1).tolist() == list(range(BUCKETS - 1))


def test_the_spread_is_that_of_the_logarithms_of_the_counts() -> None:
    chance = np.random.default_rng(1)
    for sigma in (0.5, 1.0):
        counts = np.round(np.exp(chance.normal(3.5, sigma, size=4000))).astype(np.int64)
        members, middle, variance = (float(v[0]) for v in spread(histogram(counts)))
        assert members == (counts > 0).sum()
        assert 28 < middle < 40
        assert 0.8 * sigma**2 < variance < 1.3 * sigma**2


def test_strangers_at_either_end_hide_nothing() -> None:
    alike = np.full(50, 20)
    strangers = np.array([1, 1, 2, 900, 2000])
    _, _, pure = spread(histogram(alike))
    _, _, mixed = spread(histogram(np.concatenate([alike, strangers])))
    assert pure[0] == mixed[0] < 0.1


def test_no_group_is_taken_for_more_even_than_counting_allows() -> None:
    _, middle, variance = spread(histogram(np.full(50, 3)))
    assert variance[0] >= 0.25 / middle[0]


def test_a_group_as_even_as_others_are_is_no_surprise() -> None:
    alike = Alike(variance=0.6, freedom=4.0, weight=20.0)
    low, freedom = np.array([0.05]), np.array([20.0])
    before = alike.surprise(low, freedom=freedom)[0]
    for _ in range(100):
        alike.learn(np.array([0.04, 0.05, 0.08]), freedom=np.array([20.0, 20.0, 20.0]))
    assert before > 8.0 > 3.0 > alike.surprise(low, freedom=freedom)[0]


def test_the_variance_and_how_far_groups_differ_in_it_are_learned() -> None:
    chance = np.random.default_rng(2)
    alike = Alike(variance=0.2, freedom=4.0, weight=20.0)
    own = 1.5 * 10.0 / chance.chisquare(10.0, size=3000)
    seen = own * chance.chisquare(15.0, size=3000) / 15.0
    alike.learn(seen, freedom=np.full(3000, 15.0))
    assert 1.35 < alike.variance < 1.65
    assert 7.0 < alike.freedom < 14.0


def test_evenness_is_as_rare_as_is_claimed() -> None:
    chance = np.random.default_rng(3)
    alike = Alike(variance=1.0, freedom=8.0, weight=1e9)
    own = 8.0 / chance.chisquare(8.0, size=20_000)
    seen = own * chance.chisquare(12.0, size=20_000) / 12.0
    nats = alike.surprise(seen, freedom=np.full(20_000, 12.0))
    for level in (1.0, 3.0, 5.0):
        assert 0.6 < (nats > level).mean() / np.exp(-level) < 1.5


def test_accounts_beyond_the_last_edge_are_not_alike_for_that() -> None:
    chance = np.random.default_rng(4)
    heavy = np.round(np.exp(chance.normal(10.5, 1.0, size=60))).astype(np.int64)
    _, _, variance = spread(histogram(heavy))
    assert variance[0] > 1.0


def test_heavy_accounts_that_a_balancer_feeds_are_told_from_those_that_nobody_does() -> None:
    chance = np.random.default_rng(5)
    alike, unlike = (
        np.round(np.exp(chance.normal(7.3, sigma, size=60))).astype(np.int64)
        for sigma in (0.05, 1.0)
    )
    assert spread(histogram(alike))[2][0] < 0.1 < spread(histogram(unlike))[2][0]
