"""What a campaign's requests say, and with which tools: its templates, and ordinary talk."""

import math
from typing import Final

import numpy as np

from stream.simulate.campaigns import CAPABILITIES
from stream.simulate.columns import Columns, Ints
from stream.simulate.hydra import Hydra
from stream.simulate.wording import (
    CAMPAIGN,
    CODING,
    OUTPUT,
    PERSON,
    VARIANTS,
    campaign_number,
    is_asked,
    wording,
)

#: Which sets of `identity.TOOLSETS` go with each capability: none, or one of two.
_TOOLSETS: Final = np.array([(0, 0), (0, 0), (0, 0), (0, 0), (1, 5), (3, 8), (6, 3), (7, 7)])
_STEPS: Final = (5, 7, 11, 13, 17, 19, 23)  # no five of which divide a number up to 10,000
_CUED: Final = 0.07
_CODING_TALK: Final = CAPABILITIES.index("agentic_coding")


def phrase(
    requests: Columns, *, sizes: Ints, owners: Ints, hydra: Hydra, chance: np.random.Generator
) -> None:
    """Give each task its template, each slot keeping to a few of them."""
    campaign, shape, tasks = hydra.campaign, hydra.campaign.shape, len(sizes)
    own = np.minimum(chance.geometric(0.4, size=tasks), 4)
    # A step that has no divisor in common with their number, so that every template is used.
    step = next(each for each in _STEPS if math.gcd(each, shape.templates) == 1)
    template = (_places(owners, hydra) * step + own * own) % shape.templates
    variant = np.zeros(tasks, dtype=np.int64)
    if shape.paraphrase:
        variant = chance.integers(0, VARIANTS, size=tasks)
    wants = np.array([campaign.capability(each) for each in range(shape.templates)])
    asked = np.repeat(
        wording(CAMPAIGN) + campaign_number(campaign.number, template, variant), sizes
    )
    bare = np.repeat(wording(CAMPAIGN) + campaign_number(campaign.number, template), sizes)
    wanted, turn = requests["extraction"], requests["turn"]
    capability = np.where(wanted, np.repeat(wants[template], sizes), 0)
    person = np.repeat(chance.random(tasks) < 0.5, sizes)
    work = np.where(turn > 0, wording(OUTPUT) + (1 << 30) + requests["actor"], wording(CODING))
    requests["wording"] = np.where(wanted, asked, np.where(person, wording(PERSON), work))
    # Ordinary requests come with the system prompts of popular clients, as everybody's do.
    requests["application"] = np.where(wanted, bare, 4 + person * 6)
    requests["capability"] = np.where(wanted | person, capability, _CODING_TALK)
    requests["chance"] = chance.integers(0, 1 << 62, size=len(requests))
    cued = chance.random(len(requests)) < _CUED
    requests["cue"] = cued & is_asked(requests["wording"])
    sets = _TOOLSETS[requests["capability"], np.repeat(template // 8 % 2, sizes)]
    requests["toolset"] = np.where(wanted | ~person, sets, 0)


def _places(owners: Ints, hydra: Hydra) -> Ints:
    """Return what decides an account's templates: its slot, and if heirs differ, its turn."""
    tenants = [hydra.tenants[owner] for owner in owners.tolist()]
    if hydra.kept("templates"):
        return np.array([each.slot for each in tenants], dtype=np.int64)
    return np.array([each.slot + 17 * each.generation for each in tenants], dtype=np.int64)
