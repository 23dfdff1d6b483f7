"""Prompts from generative grammars: what people, agents, products and campaigns write."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from stream.simulate import words

Item = TypeVar("Item")


class Chance:
    """A short stream of choices drawn from one number: the same number, the same choices."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 up to but without `bound`."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self._state >> 33) % bound

    def pick(self, items: Sequence[Item]) -> Item:
        """Draw one of the items."""
        return items[self.below(len(items))]


Prompt = Callable[[Chance], str]

# A word in capitals is a slot; at most three words in a row are fixed, so that two strangers
# rarely share five words.
_SLOTS: Final[dict[str, Sequence[str]]] = {
    name: value for name, value in vars(words).items() if name.isupper()
} | {
    "NUMBER": [str(number) for number in range(2, 98)],
    "MODULE": [
        f"{part}_{kind}" for part in words.PARTS for kind in ("core", "test", "v2", "io", "api")
    ],
    "TICKET": [
        f"{team}-{number}" for team in ("OPS", "WEB", "DATA", "PAY") for number in range(100, 999)
    ],
}
_SLOT: Final = re.compile(f"({'|'.join(sorted(_SLOTS, key=len, reverse=True))})")
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
_PRODUCT: Final = (
    "You VERBS FIELDS for a QUALITIES SHOPS.",
    "Return ASPECTS, ASPECTS and ASPECTS as JSON.",
    "Classify these FIELDS by ASPECTS; answer MANNERS.",
    "The SHOPS in PLACES needs the ASPECTS of all FIELDS.",
    "If ASPECTS is missing, write unknown and VERBS the ASPECTS.",
    "Never mention PEOPLE or ASPECTS to the PEOPLE.",
    "Give a QUALITIES FORMS of NUMBER words with ASPECTS first.",
)
_RUBRIC: Final = (
    "Grade the answer for CRITERIA and CRITERIA from 1 to NUMBER.",
    "You are a MANNERS strict judge of FIELDS.",
    "Score CRITERIA first, then CRITERIA, then total.",
    "Compare both answers by CRITERIA; say which one a PEOPLE would prefer.",
    "Give NUMBER points at most and one QUALITIES sentence on CRITERIA.",
)
_AGENTIC: Final = (
    "You are an expert LANGUAGES ROLES working in a CODE_QUALITIES repository.",
    "Use the tools to CODE_VERBS the PARTS, then run all tests.",
    "Plan the tool calls before you CODE_VERBS any PARTS.",
    "Return the complete patch and the CODE_QUALITIES PARTS.",
    "Call LIBRARIES only through the tools; record each call with its PARTS.",
    "For every FAULTS write the command, its output and the next step.",
    "Act as a CODE_QUALITIES ROLES who must CODE_VERBS NUMBER files.",
    "Finish with the final state of each PARTS and LIBRARIES.",
)
_FILLINGS: Final[dict[str, tuple[str, ...]]] = {
    "product": (
        "Item: QUALITIES THINGS, PEOPLE, PLACES, NUMBER",
        "PEOPLE wrote: QUALITIES THINGS VERBS NUMBER",
    ),
    "rubric": ("Question: VERBS QUALITIES THINGS? Answer: THINGS QUALITIES MANNERS NUMBER",),
    "agentic": ("Task TICKET: MODULE PARTS FAULTS", "Goal: CODE_VERBS MODULE in LANGUAGES, TICKET"),
}
_FRAMES: Final = {"product": _PRODUCT, "rubric": _RUBRIC, "agentic": _AGENTIC}


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


def template(kind: str, *, seed: int) -> Prompt:
    """Make a template of a kind (`product`, `rubric` or `agentic`): fixed words and a few slots.

    >>> ask = template("product", seed=4)
    >>> ask(Chance(1)) == ask(Chance(1)), ask(Chance(1)) == ask(Chance(2))
    (True, False)
    """
    chance = Chance(seed)
    frames = list(_FRAMES[kind])
    fixed = [
        _write(_shape(frames.pop(chance.below(len(frames)))), chance)
        for _ in range(3 + chance.below(2))
    ]
    opening = " ".join(fixed)
    slots = _shape(chance.pick(_FILLINGS[kind]))

    def fill(chance: Chance) -> str:
        return f"{opening}\n{_write(slots, chance)}"

    return fill


def cued(text: str, chance: Chance) -> str:
    """Add one of the many ways in which ordinary people ask for steps."""
    return f"{text} {chance.pick(words.CUES)}"


def _write(shape: tuple[str, tuple[Sequence[str], ...]], chance: Chance) -> str:
    return shape[0] % tuple([chance.pick(slot) for slot in shape[1]])


def _shape(sentence: str) -> tuple[str, tuple[Sequence[str], ...]]:
    fixed: list[str] = []
    slots: list[Sequence[str]] = []
    for part in _SLOT.split(sentence):
        if part in _SLOTS:
            slots.append(_SLOTS[part])
        fixed.append("%s" if part in _SLOTS else part.replace("%", "%%"))
    return "".join(fixed), tuple(slots)


_PERSON_SHAPES: Final = [_shape(sentence) for sentence in _PERSON]
_DETAIL_SHAPES: Final = [_shape(sentence) for sentence in _PERSON_DETAIL]
_CODING_SHAPES: Final = [_shape(sentence) for sentence in _CODING]
_OUTPUT_SHAPES: Final = [_shape(sentence) for sentence in _OUTPUT]
