"""Accounts that meet nobody must not look as if they did, whatever else set bits before."""

import numpy as np
import pytest

from detectors.core import presence
from detectors.core.presence import STRETCH
from detectors.core.profiles import Profiles
from detectors.sketches.company import CORRELATION, meeting
from detectors.sketches.proportion import at_least


def nats(batches: list[tuple[int, int, int]], *, seed: int) -> float:
    """Return how odd it is where accounts met, of batches of a second, accounts and egresses."""
    chance = np.random.default_rng(seed)
    profiles = Profiles(capacity=4, columns=presence.COLUMNS)
    row = profiles.rows_of(["template:a"], tick=0)
    for tick, accounts, egresses in batches:
        at = chance.integers(0, 2**63, size=egresses, dtype=np.uint64)
        for egress in np.resize(at, accounts):  # one after the other
            presence.fold_egresses(
                profiles,
                row,
                groups=row,
                accounts=chance.integers(0, 2**63, size=1, dtype=np.uint64),
                egresses=np.array([egress]),
                tick=tick,
            )
    found = meeting(presence.mesh(profiles, row))
    mistaken = profiles["mistaken"][row].sum(axis=1)
    usual = found.by_accident(np.array([0.02]), mistaken=mistaken)
    return float(at_least(found.again, of=found.egresses, rate=usual, correlation=CORRELATION)[0])


@pytest.mark.parametrize("seed", range(20))
def test_what_looked_met_at_by_a_stretch_that_is_gone_is_no_meeting(seed: int) -> None:
    alone = [(1, 90, 90), (STRETCH + 1, 50, 50), (2 * STRETCH + 2, 1, 1)]
    assert nats(alone, seed=seed) < 4.0


@pytest.mark.parametrize("seed", range(5))
def test_accounts_that_meet_stand_out_still(seed: int) -> None:
    farm = [(1, 90, 90), (STRETCH + 1, 60, 20), (2 * STRETCH + 2, 1, 1)]
    assert nats(farm, seed=seed) > 15.0
