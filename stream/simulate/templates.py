"""Templates: prompts of fixed words with a few slots, as products and campaigns send them."""

from typing import Final

from stream.simulate import frames
from stream.simulate.chance import Chance
from stream.simulate.grammar import shape
from stream.simulate.texts import Prompt

_SHAPES: Final = {
    name: (
        [shape(sentence) for sentence in sentences],
        [shape(each) for each in frames.FILLINGS[name]],
    )
    for name, sentences in frames.FRAMES.items()
}
#: Of a thousand, a paraphrase's chance that two of its sentences change places.
_SWAPPED: Final = 400


def template(kind: str, *, seed: int, variant: int = 0, paraphrase: float = 0.0) -> Prompt:
    """Make a template of a kind, a key of `FRAMES`: fixed words and a few slots.

    >>> ask = template("product", seed=4)
    >>> ask(Chance(1)) == ask(Chance(1)), ask(Chance(1)) == ask(Chance(2))
    (True, False)

    Variants of a template, from 1 on, say each phrase in another way with the chance `paraphrase`.
    """
    chance = Chance(seed)
    sentences, fillings = _SHAPES[kind]
    left = list(sentences)
    chosen = [left.pop(chance.below(len(left))) for _ in range(3 + chance.below(2))]
    filled = [each.draw(chance) for each in chosen]
    slots = chance.pick(fillings)
    if variant:
        other = Chance(seed * 4_099 + variant)
        thousandths = round(1_000 * paraphrase)
        filled = [
            each.redraw(words, other, thousandths=thousandths)
            for each, words in zip(chosen, filled, strict=True)
        ]
        if other.below(1_000) < paraphrase * _SWAPPED:
            place = 1 + other.below(len(chosen) - 1)
            chosen[place - 1 : place + 1] = chosen[place], chosen[place - 1]
            filled[place - 1 : place + 1] = filled[place], filled[place - 1]
    opening = " ".join(each.write(words) for each, words in zip(chosen, filled, strict=True))

    def fill(chance: Chance) -> str:
        return f"{opening}\n{slots.write(slots.draw(chance))}"

    return fill
