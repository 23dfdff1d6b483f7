"""A worker that stands still longer than its session; on Kafka, where another takes over."""

import time

import pytest

from tests.integration.comparison import compare
from tests.integration.house import SESSION, House
from tests.integration.waiting import until
from tests.integration.world import World


@pytest.mark.slow
def test_a_frozen_worker_whose_partitions_went_to_another_ends_itself(
    kafka_house: House, campaign: World
) -> None:
    house = kafka_house
    house.send(campaign.records)
    frozen = house.worker(checkpoint_seconds=0.02)
    frozen.reaches(0.2 * len(campaign.records))
    frozen.freeze()
    since = time.monotonic()
    other = house.worker()
    other.reaches(0.1 * len(campaign.records))
    until(
        lambda: time.monotonic() - since > SESSION + 3, what="the end of the session, and some more"
    )

    frozen.thaw()

    assert frozen.wait() == 75, frozen.output
    assert "stood still" in frozen.output
    house.settled()
    assert other.stop() == 0
    compare(house, campaign)
