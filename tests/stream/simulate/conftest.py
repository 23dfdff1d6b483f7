import msgspec
import numpy as np
import pytest

from stream.simulate import World, labels, records
from stream.simulate.columns import Columns
from stream.simulate.traffic import Traffic


class Run:
    """One world, drawn once for all tests that look at it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines = list(records(world))
        self.records = [msgspec.json.decode(line) for line in self.lines]
        self.requests = [each for each in self.records if "kind" not in each]
        self.events = [each for each in self.records if each.get("kind") == "lifecycle"]
        self.labels = labels(world)
        self.campaign = self.labels["campaigns"][0] if self.labels["campaigns"] else {}


@pytest.fixture(scope="session")
def attacked() -> Run:
    return Run(
        World(
            seed=11,
            accounts=400,
            hours=0.5,
            campaign="minimax",
            campaign_accounts=120,
            proxies=8,
            ban_rate=30.0,
            release_at=900.0,
            churn=1.0,
            departures=1.0,
        )
    )


@pytest.fixture(scope="session")
def quiet() -> Traffic:
    """An afternoon hour of many accounts without a campaign."""
    afternoon = 1_767_225_600.0 + 15 * 3_600
    return Traffic(World(seed=3, accounts=4_000, start=afternoon, release_at=0.0))


@pytest.fixture(scope="session")
def quiet_requests(quiet: Traffic) -> Columns:
    return np.concatenate(list(quiet.requests()))
