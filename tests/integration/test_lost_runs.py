"""Runs of records that were fetched and never reached an agent."""

from tests.integration.comparison import settle_and_compare
from tests.integration.house import House
from tests.integration.waiting import until
from tests.integration.world import World


def test_runs_that_are_lost_on_the_way_to_an_agent_are_fetched_again(
    house: House, campaign: World
) -> None:
    half = len(campaign.records) // 2
    house.send(campaign.records[:half])
    worker = house.worker(module="tests.integration.lossy_worker")
    until(lambda: worker.output.count("lost") >= 3, what="runs to be lost")
    house.send(campaign.records[half:])

    settle_and_compare(house, campaign, paused=True)
    assert f"records of {house.full_name('requests')}" in worker.output
    assert f"records of {house.full_name('deltas')}" in worker.output
