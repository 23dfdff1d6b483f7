"""What a request says, as hashed numbers: all that the capability model ever sees of a text."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from detectors.text.words import words

Ints = npt.NDArray[np.int64]

#: Hashed features have numbers below this.
FEATURES = 1 << 16
#: Features that one request has at most, and of which one verdict teaches.
LEARNED_FEATURES = 1024
#: Of a longer prompt the beginning and the end are read: what is wanted stands there.
PROMPT_HEAD, PROMPT_TAIL = 128, 64
SYSTEM_HEAD, SYSTEM_TAIL = 64, 32
#: The first words of a text count once more as its opening: what is wanted mostly stands there.
OPENING = 16
#: So many tool names are read, and so many characters of each.
TOOLS, TOOL_CHARACTERS, TOOL_PARTS = 32, 64, 64

_REMEMBERED = 1 << 16
_REMEMBERED_CHARACTERS = 32
_SHIFT = np.uint64(64 - 16)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xC2B2AE3D27D4EB4F)
_SECOND = np.uint64(0x165667B19E3779F9)
_OPENING = np.uint64(0x27D4EB2F165667C5)
_ENDINGS = ("ations", "ation", "ingly", "ings", "ing", "edly", "ed", "ers", "er", "ors", "or",
            "ies", "ely", "ly", "es", "ss", "s", "e", "y")  # fmt: skip
_SHORTEST_STEM = 4
_BORDER = ""  # no text holds it: it stands where a text begins and ends


class Asked(NamedTuple):
    """What one request says: the `words` of its texts, the tools it declares, its operation."""

    words: Sequence[str]
    system: Sequence[str] = ()
    tools: Sequence[str] = ()
    operation: str | None = None


class Features(NamedTuple):
    """Feature numbers of several requests, sorted and without repeats within each."""

    numbers: Ints
    starts: Ints
    counts: Ints


class Hasher:
    """Turn words, openings, pairs of neighbouring words and tool names into feature numbers.

    The hash has no secret key: weights learned elsewhere could not be shipped otherwise.  A word
    that comes twice counts once, so repeating it gains nothing.  What is remembered between calls
    only saves time and has a ceiling.

    >>> hasher = Hasher()
    >>> once, twice = Asked(["grade", "it"]), Asked(["grade", "it", "grade", "it"])
    >>> hasher.features([once, twice]).counts.tolist()  # the second has "it grade" too
    [8, 9]

    References:
        Weinberger et al. (2009), Feature hashing for large scale multitask learning.
    """

    def __init__(self) -> None:
        self._hashes = _Hashes()
        self._tools: dict[tuple[str, ...], tuple[int, ...]] = {}

    def features(self, asked: Sequence[Asked]) -> Features:
        """Return the features of each request; there is at least one for each."""
        rows = len(asked)
        texts = [_joined(one) for one in asked]
        lengths = np.fromiter(map(len, texts), np.int64, rows)
        hashes = np.fromiter(
            map(self._hashes.__getitem__, chain.from_iterable(texts)), np.uint64, lengths.sum()
        )
        row = np.arange(rows).repeat(lengths)
        opening = _opening(hashes)
        # A pair that begins with one request's last border is no pair.
        paired = row[1:] == row[:-1]
        pairs = (hashes[:-1] * _FIRST ^ hashes[1:] * _SECOND)[paired]
        keys = [
            _numbers(hashes) | row << 16,
            _numbers(hashes[opening] * _OPENING) | row[opening] << 16,
            _numbers(pairs) | row[1:][paired] << 16,
        ]
        for index, one in enumerate(asked):
            if one.tools:
                keys.append(np.array(self._tool_numbers(one.tools), np.int64) | index << 16)
        key = np.concatenate(keys)
        key.sort()
        fresh = np.ones(len(key), bool)
        np.not_equal(key[1:], key[:-1], out=fresh[1:])
        key = key[fresh]
        counts = np.bincount(key >> 16, minlength=rows)
        return Features(key & FEATURES - 1, counts.cumsum() - counts, counts)

    def _tool_numbers(self, tools: Sequence[str]) -> tuple[int, ...]:
        names = tuple(name[:TOOL_CHARACTERS] for name in tools[:TOOLS])
        known = self._tools.get(names)
        if known is None:
            if len(self._tools) >= _REMEMBERED >> 6:
                self._tools.clear()
            parts = {"tools " + _amount(len(tools))}
            for name in names:
                parts.update("tool " + part for part in words(name))
            hashed = (_hash(part) >> 47 for part in sorted(parts)[:TOOL_PARTS])
            known = self._tools[names] = tuple(hashed)
        return known


def stem(word: str) -> str:
    """Return a word without its inflection, roughly: *grades*, *graded* and *grading* are one.

    >>> [stem(word) for word in ("grades", "graded", "grading", "is", "less")]
    ['grad', 'grad', 'grad', 'is', 'less']
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


class _Hashes(dict[str, int]):
    def __missing__(self, word: str) -> int:
        # Full-width letters and ligatures are another way to write the same word.
        value = _hash(stem(word if word.isascii() else unicodedata.normalize("NFKC", word)))
        if len(word) <= _REMEMBERED_CHARACTERS:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[word] = value
        return value


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "replace")) >> 1


_BORDER_HASH = np.uint64(_hash(_BORDER))


def _numbers(hashes: npt.NDArray[np.uint64]) -> Ints:
    return (hashes * _MIX >> _SHIFT).view(np.int64)


def _opening(hashes: npt.NDArray[np.uint64]) -> Ints:
    borders = np.flatnonzero(hashes == _BORDER_HASH)
    words_each = np.minimum(np.diff(borders) - 1, OPENING)
    upto = words_each.cumsum()
    first = borders[:-1] + 1 - (upto - words_each)
    places: Ints = first.repeat(words_each) + np.arange(words_each.sum())
    return places


def _joined(asked: Asked) -> list[str]:
    prompt = _ends(asked.words, PROMPT_HEAD, PROMPT_TAIL)
    if not asked.system:
        return [_BORDER, *prompt, _BORDER]
    system = _ends(asked.system, SYSTEM_HEAD, SYSTEM_TAIL)
    return [_BORDER, *system, _BORDER, *prompt, _BORDER]


def _ends(found: Sequence[str], head: int, tail: int) -> Iterable[str]:
    return found if len(found) <= head + tail else [*found[:head], *found[-tail:]]


def _amount(tools: int) -> str:
    return "few" if tools < 4 else "some" if tools < 12 else "many"
