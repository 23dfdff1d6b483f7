"""What a prompt is drawn from, and the words or the sketch that come of it."""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from stream.simulate.columns import Flags, Ints
from stream.simulate.texts import Chance, Prompt, coding, cued, output, person, template

# A request names its wording by family and number: the number is the account that the words belong
# to, or which of several shared templates it is.
PERSON, CODING, OUTPUT, CUSTOMER, PRODUCT, RUBRIC, POPULAR, CAMPAIGN = range(8)
POPULAR_TEMPLATES: Final = 3

_FAMILY_BITS: Final = 40
_GRAMMARS: Final = {PERSON: person, CODING: coding, OUTPUT: output, CUSTOMER: person}
_NEVER_THE_SAME: Final = {PERSON, CODING}
_KEPT: Final = 20_000
_SKETCHES_KEPT: Final = 200_000
# In sketches, the dearest part of a record, wordings come again: an agent reads the same files, the
# customers of a product ask the same questions, and a template's slots hardly change its sketch.
_FILLINGS: Final = {OUTPUT: 32, CUSTOMER: 64}
_TEMPLATE_FILLINGS: Final = 16
_MOST_FILLINGS: Final = 64


def wording(family: int, number: int = 0) -> int:
    """Return the number that stands for a wording in a request's columns."""
    return (family << _FAMILY_BITS) + number


def is_asked(which: Ints) -> Flags:
    """Say which wordings are a person's own, and may so ask for steps."""
    return np.isin(which >> _FAMILY_BITS, (PERSON, CODING, CUSTOMER))


class Wording:
    """Write prompts, or sketch them; templates are made when first asked for."""

    def __init__(self, *, seed: int, campaign: str, text: Literal["prompt", "sketch"]) -> None:
        self._seed = seed
        self._kinds = {PRODUCT: "product", POPULAR: "product", RUBRIC: "rubric", CAMPAIGN: campaign}
        self._templates: dict[int, Prompt] = {}
        self._sketches: dict[tuple[int, int], str] = {}
        self._sketched = _sketcher() if text == "sketch" else str

    def text(self, *, which: int, chance: int, cue: bool) -> str:
        """Return the prompt's words."""
        draw = Chance(chance)
        written = self._prompt(which)(draw)
        return cued(written, draw) if cue else written

    def sketch(self, *, which: int, chance: int, cue: bool) -> str:
        """Return the prompt's sketch, or nothing for a prompt too short to have one."""
        family = which >> _FAMILY_BITS
        if family in _NEVER_THE_SAME:
            return self._sketched(self.text(which=which, chance=chance, cue=cue))
        filling = chance % _FILLINGS.get(family, _TEMPLATE_FILLINGS)
        key = (which, filling * 2 + cue)
        known = self._sketches.get(key)
        if known is None:
            if len(self._sketches) >= _SKETCHES_KEPT:
                self._sketches.clear()
            # Mixed with the wording, or all accounts would draw the same fillings.
            text = self.text(which=which, chance=which * _MOST_FILLINGS + filling, cue=cue)
            known = self._sketches[key] = self._sketched(text)
        return known

    def _prompt(self, which: int) -> Prompt:
        family = which >> _FAMILY_BITS
        grammar = _GRAMMARS.get(family)
        if grammar is not None:
            return grammar
        prompt = self._templates.get(which)
        if prompt is None:
            if len(self._templates) >= _KEPT:
                self._templates.clear()
            seed = self._seed * 1_000_003 + which
            prompt = self._templates[which] = template(self._kinds[family], seed=seed)
        return prompt


def _sketcher() -> Callable[[str], str]:
    # Worlds without sketches need not pay for the import.
    from detectors.text.template import sketch

    return lambda text: sketch(text, seed=0)
