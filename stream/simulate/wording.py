"""What a prompt is drawn from, and the words or the sketch that come of it."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

import numpy as np

from stream.simulate.campaign import Campaign
from stream.simulate.campaigns import CAPABILITIES
from stream.simulate.chance import Chance
from stream.simulate.columns import Flags, Ints
from stream.simulate.templates import template
from stream.simulate.texts import Prompt, coding, cued, output, person

# A request names its wording by family and number: the number is the account that the words belong
# to, or which of several shared templates it is.
PERSON, CODING, OUTPUT, CUSTOMER, PRODUCT, RUBRIC, POPULAR, CAMPAIGN = range(8)
TUTOR, NEWSROOM, ANALYSIS, TOOLS, COMPUTER = range(8, 13)
VARIANTS: Final = 64  # of a template that is paraphrased
POPULAR_TEMPLATES: Final = 3

_FAMILY_BITS: Final = 40
_CAMPAIGN_BITS, _VARIANT_BITS = 34, 16  # where these stand in the number of a campaign's template
_KINDS: Final = {
    PRODUCT: "product",
    POPULAR: "product",
    RUBRIC: "rubric_grading",
    TUTOR: "tutor",
    NEWSROOM: "newsroom",
    ANALYSIS: "data_analysis",
    TOOLS: "tool_use",
    COMPUTER: "computer_use",
}
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


def campaign_number(campaign: int, template: Ints, variant: Ints | int = 0) -> Ints:
    """Return the numbers within their family of a campaign's templates."""
    number: Ints = (campaign << _CAMPAIGN_BITS) + (np.asarray(variant) << _VARIANT_BITS) + template
    return number


class Wording:
    """Write prompts, or sketch them; templates are made when first asked for."""

    def __init__(
        self, *, seed: int, campaigns: Sequence[Campaign], text: Literal["prompt", "sketch"]
    ) -> None:
        self._seed = seed
        self._campaigns = campaigns
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
            prompt = self._templates[which] = self._template(which)
        return prompt

    def _template(self, which: int) -> Prompt:
        family, number = which >> _FAMILY_BITS, which & (1 << _FAMILY_BITS) - 1
        if family != CAMPAIGN:
            return template(_KINDS[family], seed=self._seed * 1_000_003 + which)
        campaign = self._campaigns[number >> _CAMPAIGN_BITS]
        variant = number >> _VARIANT_BITS & (1 << _CAMPAIGN_BITS - _VARIANT_BITS) - 1
        place = number & (1 << _VARIANT_BITS) - 1
        return template(
            CAPABILITIES[campaign.capability(place)],
            seed=self._seed * 1_000_003 + wording(CAMPAIGN, number - (variant << _VARIANT_BITS)),
            variant=variant,
            paraphrase=campaign.shape.paraphrase,
        )


def _sketcher() -> Callable[[str], str]:
    # Worlds without sketches need not pay for the import.
    from detectors.text.template import sketch

    return lambda text: sketch(text, seed=0)
