import numpy as np
import pytest

from detectors.sketches.scatter import LEAST, MEMORY, Scatter


def learned(alike: float, *, groups: int = 4000, of: int = 30, rate: float = 0.1) -> float:
    chance = np.random.default_rng(3)
    rates = np.full(groups, rate)
    if alike:
        precision = 1 / alike - 1
        rates = chance.beta(rate * precision, (1 - rate) * precision, groups)
    shares = chance.binomial(of, rates) / of
    scatter = Scatter((2,), correlation=0.1, weight=20.0)
    at = (np.ones(groups, dtype=np.int64),)
    scatter.learn(at, shares, of=np.full(groups, float(of)), rate=np.full(groups, rate))
    assert scatter.correlation[0] == pytest.approx(0.1)  # the other thing is left alone
    return float(scatter.correlation[1])


@pytest.mark.parametrize("alike", [0.05, 0.3, 0.8])
def test_the_correlation_within_groups_is_found(alike: float) -> None:
    assert learned(alike) == pytest.approx(alike, rel=0.15)


def test_independent_members_are_hardly_alike() -> None:
    assert learned(0.0) == LEAST


def test_what_was_seen_long_ago_counts_less() -> None:
    scatter = Scatter((1,), correlation=0.1, weight=20.0)
    groups = int(MEMORY)
    of, rate = np.full(groups, 10.0), np.full(groups, 0.5)
    at = (np.zeros(groups, dtype=np.int64),)
    scatter.learn(at, np.where(np.arange(groups) % 2, 1.0, 0.0), of=of, rate=rate)
    assert scatter.correlation[0] > 0.9
    for _ in range(3):
        scatter.learn(at, np.full(groups, 0.5), of=of, rate=rate)
    assert scatter.correlation[0] < 0.2


def test_what_was_learned_comes_back() -> None:
    scatter, other = (Scatter((2, 3), correlation=0.1, weight=5.0) for _ in range(2))
    at = (np.array([1]), np.array([2]))
    scatter.learn(at, np.array([0.9]), of=np.array([7.0]), rate=np.array([0.1]))
    other.restore(scatter.snapshot())
    assert other.correlation.tolist() == scatter.correlation.tolist()
