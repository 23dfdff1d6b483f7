"""Workers that are killed under load, and one that is not, to compare with."""

import random

import pytest

from tests.integration.comparison import settle_and_compare
from tests.integration.house import House
from tests.integration.world import World


def test_an_undisturbed_worker_comes_to_what_a_replay_comes_to(
    house: House, campaign: World
) -> None:
    house.send(campaign.records)
    house.worker()

    settle_and_compare(house, campaign)


# With hardly a pause between checkpoints, a kill strikes within one.
@pytest.mark.slow
@pytest.mark.parametrize("checkpoint_seconds", [0.5, 0.02])
def test_a_worker_killed_three_times_under_load_goes_on_where_it_was(
    house: House, campaign: World, checkpoint_seconds: float
) -> None:
    house.send(campaign.records)
    chance = random.Random(checkpoint_seconds)

    for _ in range(3):
        worker = house.worker(checkpoint_seconds=checkpoint_seconds)
        worker.reaches(chance.uniform(0.05, 0.25) * len(campaign.records))
        worker.kill()
        assert house.behind("requests") > 0
    house.worker()

    settle_and_compare(house, campaign)
