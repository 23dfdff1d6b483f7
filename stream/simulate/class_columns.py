"""The parameters of each benign account's class as columns, so that no step asks for the class."""

from typing import Final

import numpy as np

from stream.simulate.campaigns import CAPABILITIES
from stream.simulate.classes import CLASSES
from stream.simulate.columns import Floats, Ints
from stream.simulate.population import Population
from stream.simulate.wording import (
    ANALYSIS,
    CODING,
    COMPUTER,
    CUSTOMER,
    NEWSROOM,
    OUTPUT,
    PERSON,
    POPULAR,
    POPULAR_TEMPLATES,
    PRODUCT,
    RUBRIC,
    TOOLS,
    TUTOR,
    wording,
)

_FAMILIES: Final = {
    "person": PERSON,
    "coding": CODING,
    "output": OUTPUT,
    "customer": CUSTOMER,
    "product": PRODUCT,
    "rubric": RUBRIC,
    "popular": POPULAR,
    "tutor": TUTOR,
    "newsroom": NEWSROOM,
    "analysis": ANALYSIS,
    "tools": TOOLS,
    "computer": COMPUTER,
}
_SHARED: Final = {"person", "coding"}


class ClassColumns:
    """One row an account, one column a parameter."""

    def __init__(self, population: Population) -> None:
        classes = [CLASSES[name] for name in population.names]
        kind = population.kind

        def column(field: str) -> Floats:
            return np.array([getattr(each, field) for each in classes], dtype=np.float64)[kind]

        self.burst_spread = np.where(column("burst") == 0, 0.25, column("burst_spread"))
        self.gap_shape = column("gap_shape")
        self.think = column("think")
        self.think_spread = column("think_spread")
        self.parallel = column("parallel")
        self.turns = column("turns")
        self.growth = column("growth")
        self.output_spread = column("output_spread")
        self.serves = column("serves") > 0
        rows = np.arange(len(kind), dtype=np.int64)
        sets = np.array([-1 if each.toolset is None else each.toolset for each in classes])[kind]
        self.toolset = np.where(sets < 0, 1 + rows % 2, sets)
        self.capability = np.array([CAPABILITIES.index(each.capability) for each in classes])[kind]
        self.opening = _wordings([each.wordings[0] for each in classes], kind, rows)
        self.following = _wordings([each.wordings[1] for each in classes], kind, rows)
        # Those who write a template bring their own system prompt; others use their client's.
        own = self.opening >= wording(PRODUCT)
        self.application = np.where(own, rows + 1_000, 1 + population.client)


def _wordings(words: list[str], kind: Ints, rows: Ints) -> Ints:
    """Return what each account draws its prompts from: a grammar, or a template of its own."""
    family = np.array([wording(_FAMILIES[word]) for word in words], dtype=np.int64)[kind]
    shared = np.array([word in _SHARED for word in words])[kind]
    popular = np.array([word == "popular" for word in words])[kind]
    # Squares are uneven modulo 3: one popular template is more popular than the next.
    number = np.where(popular, rows * rows % POPULAR_TEMPLATES, rows)
    return np.where(shared, family, family + number)
