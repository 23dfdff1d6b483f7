"""How many verdicts the capability model takes to know a wording that passed as ordinary."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from statistics import median

import numpy as np

from detectors.text.capability import CAPABILITIES, ORDINARY, Capability
from detectors.text.features import Asked, Ints
from detectors.text.wording import wording
from detectors.text.words import words
from stream.simulate.chance import Chance
from stream.simulate.templates import template
from tests.bench.capability_prompts import data
from tests.bench.capability_sets import BENIGN, UnseenSet, public, simulated

#: Other fillings of a template, on which it is judged whether it is known; and when it is.
OTHERS, KNOWN = 60, 0.9
#: Verdicts at most.
MOST = 30
#: Filling numbers that no verdict uses.
_ELSEWHERE = 1_000_000


def main() -> None:
    """Print how many verdicts each capability takes, and what they do to ordinary prompts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=20, help="behind each verdict")
    parser.add_argument("--templates", type=int, default=12, help="of each capability")
    options = parser.parse_args()
    folder = data()
    ordinary = [
        each
        for each in [*(public(folder) if folder is not None else []), *simulated(prompts=300)]
        if each.right == {"ordinary"}
    ]
    print(f"ordinary, as shipped: {mistaken(Capability.shipped(), ordinary):.2%} mistaken")
    everything, given = Capability.shipped(), 0
    for kind in CAPABILITIES[1:]:
        code, taken = CAPABILITIES.index(kind), []
        for ask in passing(kind, code=ORDINARY, count=options.templates):
            taken.append(teach(Capability.shipped(), ask, code, prompts=options.prompts))
            given += teach(everything, ask, code, prompts=options.prompts) or 0
        print(f"{kind}: {len(taken)} templates, verdicts {_spread(taken)}")
    print(f"ordinary, after {given} verdicts on all: {mistaken(everything, ordinary):.2%} mistaken")
    for kind in BENIGN:
        taken = [
            teach(Capability.shipped(), ask, ORDINARY, prompts=options.prompts)
            for ask in passing(kind, code=None, count=options.templates)
        ]
        print(f"{kind}, mistaken, now ordinary: {len(taken)} templates, verdicts {_spread(taken)}")


def passing(kind: str, *, code: int | None, count: int) -> Iterator[Callable[[Chance], str]]:
    """Yield paraphrased templates that the shipped model nearly always takes for a code.

    Args:
        kind: of the simulator's templates.
        code: of the capability; None for any but the ordinary.
        count: at most.
    """
    shipped = Capability.shipped()
    for seed in range(5000, 6000):
        ask = template(kind, seed=seed, variant=1, paraphrase=1.0)
        codes = shipped.predict_many(fillings(ask, first=_ELSEWHERE, count=OTHERS)).codes
        if ((codes != ORDINARY) if code is None else (codes == code)).mean() >= 0.95:
            yield ask
            count -= 1
            if not count:
                return


def teach(
    model: Capability, ask: Callable[[Chance], str], code: int, *, prompts: int = 20
) -> int | None:
    """Give verdicts until other fillings of a template are known; return how many, or None."""
    others = fillings(ask, first=_ELSEWHERE, count=OTHERS)
    for number in range(MOST):
        if (model.predict_many(others).codes == code).mean() >= KNOWN:
            return number
        model.learn(shared(model, fillings(ask, first=prompts * number, count=prompts)), code)
    return None


def fillings(ask: Callable[[Chance], str], *, first: int, count: int) -> list[Asked]:
    """Return prompts of a template."""
    return [Asked(words(ask(Chance(number)))) for number in range(first, first + count)]


def shared(model: Capability, asked: Sequence[Asked]) -> Ints:
    """Return the features that a verdict on these prompts would carry."""
    return np.concatenate([np.array(n) for n in wording([model.features(a) for a in asked])])


def mistaken(model: Capability, sets: Sequence[UnseenSet]) -> float:
    """Return which part of ordinary prompts is taken for something else."""
    codes = np.concatenate([model.predict_many(each.asked).codes for each in sets])
    return float((codes != ORDINARY).mean())


def _spread(taken: Sequence[int | None]) -> str:
    found = sorted(number for number in taken if number is not None)
    rest = f", {len(taken) - len(found)} not within {MOST}" if len(found) < len(taken) else ""
    return f"{found[0]} to {found[-1]}, median {median(found)}{rest}" if found else "-" + rest


if __name__ == "__main__":
    main()
