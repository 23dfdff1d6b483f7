"""What a request is after, told from its wording and its tools."""

import math
import zlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt
from river.linear_model import SoftmaxRegression
from river.optim import SGD
from river.optim.base import Scheduler

from detectors.text.features import (
    FEATURES,
    LEARNED_FEATURES,
    Asked,
    Features,
    Hasher,
    Ints,
)

CAPABILITIES = (
    "ordinary",
    "reasoning_trace",
    "rubric_grading",
    "safe_rewrite",
    "agentic_coding",
    "tool_use",
    "data_analysis",
    "computer_use",
)
ORDINARY = 0
#: Operations whose answer is no text: there is nothing in it to be after.
WITHOUT_ANSWER = frozenset({"embedding", "embeddings", "moderation", "moderations", "rerank"})
#: The weights that one verdict changes move the scores of no request by more than this: several
#: verdicts turn a clear case.
VERDICT_RATE = 4.0

_CLASSES = len(CAPABILITIES)
_INTERCEPT = FEATURES
_INTERCEPT_VALUE = 0.3
_ROWS_AT_ONCE = 256
_GRID = 32.0  # finer weights tell no better and double the file
_MAGIC = b"weir-capability-1\n"

Floats = npt.NDArray[np.float32]


class Guess(NamedTuple):
    """What a request is after, and how likely that is."""

    code: int
    probability: float


class Guesses(NamedTuple):
    """The same for many requests, as columns."""

    codes: npt.NDArray[np.int8]
    probabilities: Floats


class Fit(msgspec.Struct, frozen=True):
    """What the shipped weights are used with: found on wordings that they were not fitted on."""

    temperature: float = 1.0
    confidence: float = 0.5
    examples: int = 0
    common: tuple[int, ...] = ()  # features that many ordinary prompts have: no verdict moves them


class Capability:
    """Say what requests are after: one of `CAPABILITIES`, by its index.

    River's softmax regression over hashed words, openings, pairs of words and tool names, each
    present or not and scaled to unit length.  It ships trained and goes on learning from verdicts.
    The weights are also held as one table, so that a batch is judged in one pass; a request is
    ordinary unless the others together are likelier than the `confidence`.

    >>> from detectors.text.words import words
    >>> capability = Capability.shipped()
    >>> asked = Asked(words("Which of the two answers is better? Score both from 1 to 10."))
    >>> CAPABILITIES[capability.predict(asked).code]
    'rubric_grading'

    References:
        Guo et al. (2017), On calibration of modern neural networks (the temperature).
    """

    def __init__(
        self,
        *,
        table: Floats,
        fit: Fit,
        rate: float | Scheduler = VERDICT_RATE,
        blank: bool = False,
    ) -> None:
        self._shipped = table
        self._table = table.copy()
        # A feature without weights is no part of the length that a request is scaled to, so that
        # words nobody has met neither help nor dilute.
        self._known: Floats = np.asarray(table.any(axis=1), np.float32)
        self._fit = fit
        self._common = frozenset(fit.common)
        self._blank = blank
        self._hasher = Hasher()
        self._model: Any = SoftmaxRegression(optimizer=SGD(rate))  # River's verbs are untyped
        # Every label is there from the start, or the first verdicts would be judged among fewer.
        self._weights: list[dict[int, float]] = [
            self._model.weights[code] for code in range(_CLASSES)
        ]

    @classmethod
    def blank(cls, *, rate: float | Scheduler) -> Self:
        """Return a model that knows nothing yet, and learns how common each capability is too."""
        table = np.zeros((FEATURES + 1, _CLASSES), np.float32)
        return cls(table=table, fit=Fit(), rate=rate, blank=True)

    @classmethod
    def shipped(cls) -> Self:
        """Return the model as it ships: trained."""
        file = resources.files("detectors.text").joinpath("capability.bin")
        return cls.from_bytes(file.read_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the model that `to_bytes` wrote."""
        head, _, body = data.removeprefix(_MAGIC).partition(b"\n")
        if not data.startswith(_MAGIC):
            raise ValueError("These bytes are no capability model.")
        table = np.frombuffer(zlib.decompress(body), np.float16).reshape(_CLASSES, FEATURES + 1)
        return cls(
            table=np.ascontiguousarray(table.T.astype(np.float32)),
            fit=msgspec.json.decode(head, type=Fit),
        )

    def to_bytes(self) -> bytes:
        """Return the whole model, its weights rounded: how it is shipped."""
        rounded = (np.round(self._table.T * _GRID) / _GRID).astype(np.float16)
        body = zlib.compress(np.ascontiguousarray(rounded).tobytes(), 9)
        return _MAGIC + msgspec.json.encode(self._fit) + b"\n" + body

    def fitted(self, fit: Fit) -> Self:
        """Return a model with these weights, used in another way."""
        return type(self)(table=self._table, fit=fit)

    @property
    def fit(self) -> Fit:
        """Return what the weights are used with."""
        return self._fit

    def predict(self, asked: Asked) -> Guess:
        """Say what one request is after."""
        guesses = self.predict_many([asked])
        return Guess(int(guesses.codes[0]), float(guesses.probabilities[0]))

    def predict_many(self, asked: Sequence[Asked]) -> Guesses:
        """Say what each request is after, many at once: much cheaper than one by one."""
        codes = np.empty(len(asked), np.int8)
        probabilities = np.empty(len(asked), np.float32)
        for start in range(0, len(asked), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            likely = self.likelihoods(self._hasher.features(asked[some]))
            other = likely[:, 1:].argmax(axis=1) + 1
            sure = 1.0 - likely[:, ORDINARY] >= self._fit.confidence
            sure &= [one.operation not in WITHOUT_ANSWER for one in asked[some]]
            codes[some] = chosen = np.where(sure, other, ORDINARY)
            probabilities[some] = likely[np.arange(len(chosen)), chosen]
        return Guesses(codes, probabilities)

    def likelihoods(self, features: Features) -> Floats:
        """Return the calibrated probability of each capability, one row a request."""
        numbers, starts, _ = features
        scores = np.add.reduceat(self._table[numbers], starts, axis=0)
        known = np.add.reduceat(self._known[numbers], starts)
        scores /= np.sqrt(np.maximum(known, 1.0))[:, None]
        scores += self._table[_INTERCEPT] * np.float32(_INTERCEPT_VALUE)
        scores /= np.float32(self._fit.temperature)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def features(self, asked: Asked) -> Ints:
        """Return the feature numbers of a request: what may be kept of it for a later verdict."""
        return self._hasher.features([asked]).numbers

    def learn(self, features: Ints, capability: int) -> None:
        """Learn that a request, or several together, was after a capability.

        What comes more than once in the features of several requests counts as often.  However
        many they are, they are scaled to unit length, as one request is, so that they teach as
        much as one.  Neither how common a capability is nor what the words mean that are `common`
        is learned from verdicts: they come from alerts, and would tilt every guess towards what is
        alerted on.

        Args:
            features: of all the requests, one behind the other.
            capability: by its index.

        Raises:
            ValueError: no such capability, or no such features.
        """
        if not 0 <= capability < _CLASSES:
            raise ValueError(f"There is no capability {capability}.")
        found, times = np.unique(features, return_counts=True)
        if len(found) > LEARNED_FEATURES:
            most = np.sort(np.argsort(-times, kind="stable")[:LEARNED_FEATURES])
            found, times = found[most], times[most]
        numbers = found.tolist()
        if not numbers or numbers[0] < 0 or numbers[-1] >= FEATURES:
            raise ValueError(f"Features are numbers from 0 to {FEATURES - 1}, at least one.")
        prior = self._table[_INTERCEPT].tolist()
        self._recall([*numbers, _INTERCEPT])
        self._model.learn_one(_bag(numbers, times.tolist()), capability)
        taught = [number for number in numbers if number not in self._common]
        for code, weights in enumerate(self._weights):
            for number in self._common.intersection(numbers):
                del weights[number]
            if not self._blank:
                weights[_INTERCEPT] = prior[code]
            self._table[taught, code] = [weights[number] for number in taught]
            self._table[_INTERCEPT, code] = weights[_INTERCEPT]
        self._known[taught] = 1.0

    def snapshot(self) -> bytes:
        """Return what was learned since the model shipped: the weights that verdicts touched."""
        numbers = np.array(sorted(self._weights[0].keys() - {_INTERCEPT}), np.int64)
        values = [[weights[number] for number in numbers.tolist()] for weights in self._weights]
        return zlib.compress(numbers.tobytes() + np.array(values, np.float64).tobytes(), 1)

    def restore(self, snapshot: bytes) -> None:
        """Take up what a `snapshot` holds; under newer shipped weights it stands in their place."""
        data = zlib.decompress(snapshot)
        size = len(data) // (8 * (1 + _CLASSES))
        numbers = np.frombuffer(data, np.int64, size)
        values = np.frombuffer(data, np.float64, offset=8 * size).reshape(_CLASSES, size)
        touched = list(self._weights[0])
        self._table[touched] = self._shipped[touched]
        self._known[touched] = self._shipped[touched].any(axis=1)
        for weights, row in zip(self._weights, values, strict=True):
            weights.clear()
            weights.update(zip(numbers.tolist(), row.tolist(), strict=True))
        self._table[numbers] = values.T
        self._known[numbers] = 1.0

    def _recall(self, numbers: list[int]) -> None:
        # River holds only what verdicts touch: all weights would be 25 MB of Python floats.
        new = [number for number in numbers if number not in self._weights[0]]
        for code, weights in enumerate(self._weights):
            weights.update(zip(new, self._table[new, code].tolist(), strict=True))


def _bag(numbers: list[int], times: list[int]) -> dict[int, float]:
    length = math.sqrt(max(sum(each * each for each in times), 1))
    bag = {number: each / length for number, each in zip(numbers, times, strict=True)}
    bag[_INTERCEPT] = _INTERCEPT_VALUE
    return bag
