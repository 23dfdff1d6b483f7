"""Do the accounts of a template meet at the same egresses more than accounts do anyway?"""

from typing import NamedTuple

import numpy as np

from detectors.core.detector import Floats, Tick
from detectors.core.presence import MESH
from detectors.core.profiles import Profiles
from detectors.sketches.distinct import estimate

#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: Part of egresses that is met at again however seldom that was seen, and at most.
LEAST_RATE, MOST_RATE = 0.05, 0.95
#: Bits of which one may be set already by another egress.
_BITS = 512


class Meeting(NamedTuple):
    """Where the accounts of templates were within a day, one value a template."""

    places: Floats  # pairs of an account and an egress
    egresses: Floats
    again: Floats  # egresses to which a second account came
    usual: Floats  # part of egresses to which one comes where they have nothing in common


def meeting(profiles: Profiles, tick: Tick) -> Meeting:
    """Return where each row's accounts were, and how often they would meet by accident.

    Each egress counts once however many meet there, as half an office uses what the other half
    does; so a template is judged by at how many places its accounts met, not by how many met.
    """
    egresses, places, again = (
        estimate(np.bitwise_or.reduce(profiles[column][tick.rows], axis=1)) for column in MESH
    )
    egresses = np.maximum(egresses, 1.0)
    places = np.maximum(places, egresses)
    again = np.minimum(again, egresses)
    lone = tick.population.lone.get("proxy")
    met = lone.met(places) if lone is not None else egresses
    by_accident = met / egresses + egresses / (2 * _BITS)
    return Meeting(places, egresses, again, np.clip(by_accident, LEAST_RATE, MOST_RATE))


def excess(profiles: Profiles, tick: Tick) -> Floats:
    """Return how far each row's accounts meet beyond the usual, 0 to 1.

    It is 0 for one organisation, and for people who have nothing but the template in common.
    """
    _, egresses, again, usual = meeting(profiles, tick)
    beyond = np.clip((again / egresses - usual) / (1.0 - usual), 0.0, 1.0)
    return np.where(egresses >= LEAST_EGRESSES, beyond, 0.0)
