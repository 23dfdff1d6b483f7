import numpy as np

from detectors.sketches.pairs import together

BINS = 30


def test_independent_accounts_share_bins_as_often_as_expected() -> None:
    chance = np.random.default_rng(1)
    own = chance.poisson(0.3, size=(2000, BINS))
    others = chance.poisson(2.0, size=(2000, BINS))
    shared, expected = together(own, others)
    assert 0.95 < shared.sum() / expected.sum() < 1.05


def test_a_rate_that_differs_from_block_to_block_is_no_coincidence() -> None:
    chance = np.random.default_rng(2)
    rates = np.exp(chance.normal(-1.0, 1.5, size=(2000, 1)))
    own = chance.poisson(np.broadcast_to(rates, (2000, BINS)))
    shared, expected = together(own, np.zeros_like(own))
    assert 0.95 < shared.sum() / expected.sum() < 1.05


def test_what_moves_everybody_within_a_block_is_expected_of_the_group_too() -> None:
    chance = np.random.default_rng(3)
    shape = np.ones(BINS)
    shape[4] = 20.0
    own = chance.poisson(0.2 * shape, size=(500, BINS))
    others = chance.poisson(3.0 * shape, size=(500, BINS))
    shared, expected = together(own, others)
    assert 0.9 < shared.sum() / expected.sum() < 1.1
    _, alone = together(own, np.zeros_like(own))
    assert shared.sum() > 4 * alone.sum()


def test_where_nobody_else_comes_time_is_taken_for_even() -> None:
    own = np.zeros((1, BINS), dtype=np.int64)
    own[0, 3] = 4
    shared, expected = together(own, np.zeros_like(own))
    assert shared[0] == 6
    assert np.isclose(expected[0], 6 / BINS)
