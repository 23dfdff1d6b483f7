"""Sentences with slots: words in capitals stand for lists, and braces for ways to say a thing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stream.simulate import words
from stream.simulate.chance import Chance

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
_PART: Final = re.compile(rf"(\{{[^}}]*\}}|{'|'.join(sorted(_SLOTS, key=len, reverse=True))})")


@dataclass(frozen=True, slots=True)
class Shape:
    """A sentence as fixed text and what may fill its gaps.

    >>> from stream.simulate.grammar import shape
    >>> one = shape("{Write|Draft} a QUALITIES FORMS")
    >>> one.write(one.draw(Chance(1))) == one.write(one.draw(Chance(1)))
    True

    Args:
        ways: for each gap, whether it stands in braces: another way to say the same.
    """

    fixed: str
    slots: tuple[Sequence[str], ...]
    ways: tuple[bool, ...]

    def draw(self, chance: Chance) -> list[str]:
        """Choose what fills the gaps."""
        return [chance.pick(slot) for slot in self.slots]

    def redraw(self, filled: list[str], chance: Chance, *, thousandths: int) -> list[str]:
        """Choose other ways to say the same, each with this chance."""
        return [
            chance.pick(slot) if way and chance.below(1_000) < thousandths else old
            for old, slot, way in zip(filled, self.slots, self.ways, strict=True)
        ]

    def write(self, filled: list[str]) -> str:
        """Return the sentence."""
        return self.fixed % tuple(filled)


def shape(sentence: str) -> Shape:
    """Read a sentence."""
    fixed: list[str] = []
    slots: list[Sequence[str]] = []
    ways: list[bool] = []
    for part in _PART.split(sentence):
        braced = part.startswith("{")
        if braced or part in _SLOTS:
            slots.append(part[1:-1].split("|") if braced else _SLOTS[part])
            ways.append(braced)
        fixed.append("%s" if braced or part in _SLOTS else part.replace("%", "%%"))
    return Shape("".join(fixed), tuple(slots), tuple(ways))
