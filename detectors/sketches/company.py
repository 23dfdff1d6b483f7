"""Do the accounts of a template share egresses more than accounts do anyway?"""

import numpy as np

from detectors.core.detector import Floats, Tick
from detectors.core.profiles import Profiles
from detectors.sketches.distinct import estimate

#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: Egresses beyond which the sketch cannot count them.
MOST_EGRESSES = 2000.0


def spread(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats]:
    """Return each row's accounts within the hour, and their egresses within an hour or two.

    The egresses are rather too many than too few; where the sketch is nearly full, as many as
    accounts.
    """
    accounts = np.maximum(profiles["present"][tick.rows], 1.0)
    egresses = estimate(np.bitwise_or.reduce(profiles["egress_bits"][tick.rows], axis=1))
    return accounts, np.where(egresses < MOST_EGRESSES, egresses, accounts)


def usual_sharing(tick: Tick, accounts: Floats, egresses: Floats) -> Floats:
    """Return the part of the other accounts, for each row, that shares its egress with any."""
    lone = tick.population.lone.get("proxy")
    if lone is None:
        return np.full(len(accounts), 0.5)
    here = 1.0 / tick.population.partitions  # the part of all egresses that is counted here
    company = np.maximum(lone.company - np.maximum(accounts - egresses, 0.0) * here, 0.0)
    others = np.maximum(lone.company + float(lone.active[1]) - accounts * here, company)
    return np.clip((company + 1.0) / (others + 10.0), 0.05, 0.95)


def excess(profiles: Profiles, tick: Tick) -> Floats:
    """Return how far each row's accounts share egresses beyond the usual, 0 to 1.

    It is 0 for one organisation, and for people who have nothing but the template in common.
    """
    accounts, egresses = spread(profiles, tick)
    usual = usual_sharing(tick, accounts, egresses)
    sharing = 1.0 - egresses / accounts
    beyond = np.clip((sharing - usual) / (1.0 - usual), 0.0, 1.0)
    return np.where(egresses >= LEAST_EGRESSES, beyond, 0.0)
