"""The clocks of benign accounts, by which they act: fast when they are busy, slow at night."""

from typing import Protocol

import numpy as np

from stream.simulate.class_columns import ClassColumns
from stream.simulate.columns import Columns, Floats, Ints
from stream.simulate.population import Population
from stream.simulate.rhythm import Rhythm


class Clocks(Protocol):
    """What decides when accounts act, and how long what they say is."""

    def own(self, *, rows: Ints, wall: Floats) -> Floats:
        """Return what the accounts' own clocks show at these moments."""

    def wall(self, *, rows: Ints, own: Floats) -> Floats:
        """Return the moments at which the accounts' own clocks show this."""

    def gaps(self, *, rows: Ints, at: Floats, chance: np.random.Generator) -> Floats:
        """Draw the times between bursts by the accounts' own clocks, as multiples of their mean."""

    def measure(self, requests: Columns, *, chance: np.random.Generator) -> None:
        """Set the lengths of prompts and answers, where they are not by class."""


class BuiltInClocks:
    """Rhythms of day and week in each account's time zone, and Gamma gaps by class."""

    def __init__(self, *, population: Population, classes: ClassColumns) -> None:
        self._people, self._classes = population, classes
        self._rhythm = Rhythm()

    def own(self, *, rows: Ints, wall: Floats) -> Floats:
        """Return what the accounts' own clocks show at these moments."""
        people = self._people
        return self._rhythm.own(rhythm=people.rhythm[rows], wall=wall + people.zone[rows])

    def wall(self, *, rows: Ints, own: Floats) -> Floats:
        """Return the moments at which the accounts' own clocks show this."""
        people = self._people
        return self._rhythm.wall(rhythm=people.rhythm[rows], own=own) - people.zone[rows]

    def gaps(self, *, rows: Ints, at: Floats, chance: np.random.Generator) -> Floats:
        """Draw Gamma gaps; the hour plays no part."""
        shape = self._classes.gap_shape[rows]
        return chance.gamma(shape, 1 / shape)

    def measure(self, requests: Columns, *, chance: np.random.Generator) -> None:
        """Leave lengths to the classes."""
