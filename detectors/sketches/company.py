"""Do the accounts of a template share egresses more than accounts do anyway?"""

import numpy as np

from detectors.core.detector import Floats, Tick
from detectors.core.profiles import Profiles
from detectors.sketches.distinct import estimate

#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: Places beyond which the sketch cannot count them.
MOST_PLACES = 2000.0


def spread(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
    """Return each row's accounts within the hour, their egresses, and how many share theirs.

    Egresses are those of an hour or two.  Of the places that accounts were seen at, an account and
    an egress each, those beyond one for every egress are shared.
    """
    accounts = np.maximum(profiles["present"][tick.rows], 1.0)
    egresses, places = (
        estimate(np.bitwise_or.reduce(profiles[column][tick.rows], axis=1))
        for column in ("egress_bits", "pair_bits")
    )
    places = np.clip(places, 1.0, MOST_PLACES)
    egresses = np.maximum(egresses, 1.0)
    return accounts, egresses, accounts * np.maximum(1.0 - egresses / places, 0.0)


def usual_sharing(tick: Tick, accounts: Floats, egresses: Floats, sharing: Floats) -> Floats:
    """Return the part that would share, were the accounts any others taken at random."""
    lone = tick.population.lone.get("proxy")
    if lone is None:
        return np.full(len(accounts), 0.95)
    # The template's own places, as evenly over its egresses as they are at least.
    places = egresses / np.maximum(1.0 - sharing / accounts, 1e-3)
    own = places * (places / egresses - 1.0)
    chance = lone.collision(but_for=places, pairs=own)
    return np.clip(1.0 - np.exp(-chance * np.maximum(accounts - 1.0, 0.0)), 0.05, 0.95)


def excess(profiles: Profiles, tick: Tick) -> Floats:
    """Return how far each row's accounts share egresses beyond the usual, 0 to 1.

    It is 0 for one organisation, and for people who have nothing but the template in common.
    """
    accounts, egresses, sharing = spread(profiles, tick)
    usual = usual_sharing(tick, accounts, egresses, sharing)
    beyond = np.clip((sharing / accounts - usual) / (1.0 - usual), 0.0, 1.0)
    return np.where(egresses >= LEAST_EGRESSES, beyond, 0.0)
