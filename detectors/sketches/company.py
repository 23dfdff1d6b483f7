"""Do accounts meet at the same egresses more than accounts do anyway?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core import presence
from detectors.core.detector import Floats, Tick
from detectors.core.profiles import Profiles
from detectors.sketches.distinct import estimate

#: Egresses below which the accounts may simply be one organisation.
LEAST_EGRESSES = 2.5
#: Part of egresses that is met at again however seldom that was seen, and at most.
LEAST_RATE, MOST_RATE = 0.05, 0.95
#: How alike the egresses of ordinary accounts are in whether they meet there.
CORRELATION = 0.02


class Meeting(NamedTuple):
    """Where the accounts of templates were within a day, one value a template."""

    places: Floats  # pairs of an account and an egress
    egresses: Floats
    again: Floats  # egresses to which a second account came

    def by_accident(self, met: Floats, *, mistaken: Floats) -> Floats:
        """Return the part of egresses to be expected, of which accounts at random meet at some.

        Args:
            met: part of as many egresses at which accounts at random would meet.
            mistaken: how many look met at because another egress has set their bit.
        """
        rate: Floats = met + mistaken / self.egresses
        return np.clip(rate, LEAST_RATE, MOST_RATE)


def meeting(mesh: NDArray[np.uint64]) -> Meeting:
    """Return where accounts were, from the bits of `presence.mesh`, (3, n, words).

    Each egress counts once however many meet there, as half an office uses what the other half
    does; so accounts are judged by at how many places they met, not by how many met.
    """
    egresses, places, again = (estimate(bits) for bits in mesh)
    egresses = np.maximum(egresses, 1.0)
    return Meeting(np.maximum(places, egresses), egresses, np.minimum(again, egresses))


def of_templates(profiles: Profiles, tick: Tick) -> tuple[Meeting, Floats]:
    """Return where each row's accounts were, and the part of egresses at which any would meet."""
    found = meeting(presence.mesh(profiles, tick.rows))
    lone = tick.population.lone.get("proxy")
    met = lone.crowding.crowd.part(found.places) if lone is not None else np.ones(len(tick.rows))
    mistaken = profiles["mistaken"][tick.rows].sum(axis=1)
    return found, found.by_accident(met, mistaken=mistaken)


def excess(profiles: Profiles, tick: Tick) -> Floats:
    """Return how far each row's accounts meet beyond the usual, 0 to 1.

    It is 0 for one organisation, and for people who have nothing but the template in common.
    """
    found, usual = of_templates(profiles, tick)
    beyond = np.clip((found.again / found.egresses - usual) / (1.0 - usual), 0.0, 1.0)
    return np.where(found.egresses >= LEAST_EGRESSES, beyond, 0.0)
