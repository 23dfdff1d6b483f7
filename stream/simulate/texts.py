"""Prompts from generative grammars: what people ask, and what agents and their tools say."""

from collections.abc import Callable
from typing import Final

from stream.simulate import words
from stream.simulate.chance import Chance
from stream.simulate.grammar import Shape, shape

Prompt = Callable[[Chance], str]

# A word in capitals is a slot; at most three words in a row are fixed, so that two strangers
# rarely share five words.
_PERSON: Final = (
    "How to VERBS a QUALITIES THINGS?",
    "What is THINGS QUALITIES versus QUALITIES for PEOPLE?",
    "VERBS my QUALITIES THINGS MANNERS before PEOPLE visits PLACES",
    "Write a QUALITIES FORMS about THINGS for my PEOPLE",
    "My PEOPLE from PLACES wants QUALITIES THINGS, how to VERBS MANNERS",
    "why did QUALITIES THINGS matter to PEOPLE in PLACES?",
    "Is THINGS or THINGS better with NUMBER QUALITIES PEOPLE",
    "FORMS: QUALITIES THINGS, PLACES, NUMBER days",
    "give me NUMBER QUALITIES THINGS ideas, MANNERS",
    "can you VERBS this FORMS so my PEOPLE would VERBS it",
    "Difference between THINGS and QUALITIES THINGS when PEOPLE VERBS",
    "Might VERBS THINGS near PLACES with NUMBER PEOPLE",
    "translate 'QUALITIES THINGS' and 'VERBS MANNERS' for PEOPLE in PLACES",
    "Should PEOPLE VERBS the THINGS NUMBER times, QUALITIES or not?",
)
_PERSON_DETAIL: Final = (
    "",
    "",
    "",
    "NUMBER years QUALITIES; PEOPLE would VERBS it.",
    "Budget NUMBER euros; PLACES; mostly QUALITIES THINGS.",
    "Last THINGS was QUALITIES, PEOPLE had to VERBS MANNERS.",
    "PEOPLE said THINGS could VERBS, PEOPLE disagrees.",
    "Context: QUALITIES FORMS, NUMBER pages, THINGS and THINGS.",
    "NUMBER PEOPLE, one QUALITIES, in THINGS, PLACES.",
)
_CODING: Final = (
    "CODE_VERBS the CODE_QUALITIES PARTS in MODULE using LIBRARIES",
    "FAULTS in MODULE when PARTS meets LIBRARIES; CODE_VERBS it",
    "TICKET: CODE_QUALITIES PARTS shows FAULTS under LIBRARIES NUMBER in LANGUAGES",
    "add NUMBER tests for MODULE, PARTS is CODE_QUALITIES",
    "Why does LIBRARIES PARTS FAULTS under LANGUAGES NUMBER?",
    "Please CODE_VERBS MODULE so PARTS stays CODE_QUALITIES, then CODE_VERBS PARTS",
    "move PARTS out of MODULE into a CODE_QUALITIES LANGUAGES PARTS",
    "review MODULE for FAULTS, FAULTS and CODE_QUALITIES PARTS",
    "bump LIBRARIES to NUMBER, fix FAULTS in PARTS",
)
_OUTPUT: Final = (
    "MODULE:NUMBER: FAULTS in PARTS (LIBRARIES NUMBER)",
    "ok MODULE NUMBER passed, NUMBER skipped; PARTS CODE_QUALITIES",
    "diff MODULE -PARTS +PARTS CODE_QUALITIES NUMBER lines",
    "error: PARTS expected CODE_QUALITIES PARTS, got FAULTS at NUMBER",
    "def PARTS_NUMBER(PARTS): # CODE_QUALITIES LIBRARIES",
    "NUMBER matches in MODULE: PARTS, PARTS, FAULTS",
    "warning LIBRARIES PARTS is CODE_QUALITIES since NUMBER.NUMBER",
)


def person(chance: Chance) -> str:
    """Write what a person asks: no two alike."""
    parts = (
        chance.pick(words.OPENERS),
        _write(chance.pick(_PERSON_SHAPES), chance),
        _write(chance.pick(_DETAIL_SHAPES), chance),
        chance.pick(words.CLOSERS),
    )
    return " ".join(part for part in parts if part)


def coding(chance: Chance) -> str:
    """Write what a developer tells a coding agent."""
    first = _write(chance.pick(_CODING_SHAPES), chance)
    if chance.below(3):
        return first
    return f"{first}. {_write(chance.pick(_CODING_SHAPES), chance)}"


def output(chance: Chance) -> str:
    """Write what a tool answers to an agent."""
    return "\n".join(
        _write(chance.pick(_OUTPUT_SHAPES), chance) for _ in range(2 + chance.below(5))
    )


def cued(text: str, chance: Chance) -> str:
    """Add one of the many ways in which ordinary people ask for steps."""
    return f"{text} {chance.pick(words.CUES)}"


def _write(shape: Shape, chance: Chance) -> str:
    return shape.write(shape.draw(chance))


_PERSON_SHAPES: Final = [shape(sentence) for sentence in _PERSON]
_DETAIL_SHAPES: Final = [shape(sentence) for sentence in _PERSON_DETAIL]
_CODING_SHAPES: Final = [shape(sentence) for sentence in _CODING]
_OUTPUT_SHAPES: Final = [shape(sentence) for sentence in _OUTPUT]
