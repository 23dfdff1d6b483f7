"""Fit the capability model: River's softmax regression, one example after another."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from river.optim.schedulers import InverseScaling

from detectors.text.capability import ORDINARY, Capability, Fit
from detectors.text.features import FEATURES, Asked, Hasher
from tests.bench.capability_prompts import FOLDS, Example, cued, public_ordinary, written

EPOCHS = 6
RATE, SLOWING = 15.0, 0.25
#: So many of a prompt's features are hidden whenever it is learned, others each time: a wording
#: that shares only some of them with those learned is told the better for it.
HIDDEN = 0.3
#: A feature counts once it stands in so many different wordings: no weight tells of one prompt.
WORDINGS = 3
#: Of the public ordinary prompts, each judged by a model that was not fitted on it, so many may
#: be taken for something else: this sets the confidence.  Sources of which nothing was fitted on
#: are mistaken more often.
MISTAKEN = 0.01
#: A feature is common that so many of the public ordinary prompts have.
COMMON = 0.02


class HeldOut(NamedTuple):
    """Examples with the probabilities that a model gave them which was not fitted on their kind."""

    examples: list[Example]
    likely: npt.NDArray[np.float64]

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """Return what each was after."""
        return np.array([example.capability for example in self.examples])


def train(examples: Sequence[Example], *, seed: int = 1) -> Capability:
    """Return a model that has learned the examples."""
    hasher = Hasher()
    features = [hasher.features([example.asked]).numbers for example in examples]
    kept = _widespread(zip(features, examples, strict=True))
    model = Capability.blank(rate=InverseScaling(RATE, SLOWING))
    chance = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        for index in chance.permutation(len(examples)):
            numbers = features[index]
            numbers = numbers[kept[numbers] & (chance.random(len(numbers)) >= HIDDEN)]
            if len(numbers):
                model.learn(numbers, examples[index].capability)
    return model


def held_out(folder: Path) -> HeldOut:
    """Fit on three quarters and judge the fourth, four times."""
    public = public_ordinary(folder)
    examples: list[Example] = []
    likely = []
    for fold in range(FOLDS):
        seen = written(fold=fold) + [one for i, one in enumerate(public) if i % FOLDS != fold]
        model = train(seen + cued(seen))
        unseen = written(fold=fold, held_out=True) + public[fold::FOLDS]
        examples += unseen
        likely.append(likelihoods(model, [example.asked for example in unseen]))
    return HeldOut(examples, np.concatenate(likely))


def calibrated(model: Capability, judged: HeldOut, *, examples: int) -> Capability:
    """Return the model with the temperature and the confidence that fit what it never saw."""
    truth = judged.truth
    logs = np.log(np.maximum(judged.likely, 1e-12))

    def loss(temperature: float) -> float:
        return -float(np.log(cooled(logs, temperature)[np.arange(len(truth)), truth]).mean())

    temperature = min(np.arange(0.3, 3.01, 0.05).round(2).tolist(), key=loss)
    public = np.array([example.source != "written" for example in judged.examples])
    unlike = 1.0 - cooled(logs, temperature)[public & (truth == ORDINARY), ORDINARY]
    confidence = round(float(np.quantile(unlike, 1.0 - MISTAKEN)), 3)
    ordinary = [example for example in judged.examples if example.source != "written"]
    return model.fitted(
        Fit(
            temperature=temperature,
            confidence=confidence,
            examples=examples,
            common=common(ordinary),
        )
    )


def common(ordinary: Sequence[Example]) -> tuple[int, ...]:
    """Return the features that so many ordinary prompts have that they tell nothing of them."""
    numbers = Hasher().features([example.asked for example in ordinary]).numbers
    share = np.bincount(numbers, minlength=FEATURES) / len(ordinary)
    return tuple(np.flatnonzero(share >= COMMON).tolist())


def cooled(logs: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """Return probabilities at another temperature."""
    scaled = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def likelihoods(model: Capability, asked: Sequence[Asked]) -> npt.NDArray[np.float64]:
    """Return the calibrated probabilities, one row a request."""
    return model.likelihoods(Hasher().features(asked)).astype(np.float64)


def _widespread(pairs: Iterable[tuple[npt.NDArray[np.int64], Example]]) -> npt.NDArray[np.bool_]:
    where: dict[int, set[str]] = defaultdict(set)
    for numbers, example in pairs:
        for number in numbers.tolist():
            where[number].add(example.group)
    kept = np.zeros(FEATURES, bool)
    kept[[number for number, groups in where.items() if len(groups) >= WORDINGS]] = True
    return kept
