"""Which template a prompt was made from: a few hashes that survive the filling of slots."""

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise, repeat

import numpy as np
import xxhash

from detectors.text.words import words

#: Words in a run; a shared run of five words is rare between people who did not copy.  System
#: prompts begin with "You are a helpful assistant that" everywhere.
RUN, RUN_OF_SYSTEM = 5, 10
#: So many words more than a run must a text have: greetings are everybody's.
LEAST_MORE = 3
#: Hashes kept of a prompt, and of a system prompt.  Two prompts of one template share the
#: template's own lowest runs; system prompts are shared as a whole, or in their longest parts.
KEPT, KEPT_OF_SYSTEM = 4, 2
MOST = KEPT + KEPT_OF_SYSTEM


def sketch(text: str, *, system: str = "", seed: int = 0) -> str:
    """Return the template sketch of a prompt: up to six 64-bit hashes in hex.

    Every run of five words (lower case, digits and signs dropped) is hashed with a keyed hash;
    the lowest four are kept, and the lowest two of the system prompt's runs of ten.  Prompts that
    share most of their wording share most of the runs and so, most likely, hashes of the sketch:
    it stands up to slots that are filled differently, to moved parts and to light rewording.  The
    two are kept apart, so that a popular system prompt does not hide the template behind it.  A
    prompt shorter than eight words has no sketch, nor has a system prompt shorter than thirteen.

    Args:
        text: the prompt; see `words` for how much of it is read.
        system: the system prompt, likewise.
        seed: key of the hash; all parts of one deployment must use the same.

    Returns:
        A multiple of 16 hexadecimal digits, 96 at most, or ``""``.

    References:
        Broder (1997), On the resemblance and containment of documents.

    >>> one = sketch("Rewrite the function below so that it runs in linear time: sort(a)")
    >>> two = sketch("Rewrite the function below so that it runs in linear time: find(b, c)")
    >>> len(set(keys(one)) & set(keys(two))) >= 2
    True
    """
    return of_prompts([words(text)], seed=seed)[0] + of_system(words(system), seed=seed)


def of_prompts(texts: Sequence[Sequence[str]], *, seed: int = 0) -> list[str]:
    """Return the parts of sketches that prompts' `words` make: many at once cost half as much."""
    return _lowest(texts, run=RUN, count=KEPT, seed=seed)


def of_system(found: Sequence[str], *, seed: int = 0) -> str:
    """Return the part of a sketch that a system prompt's `words` make."""
    return _lowest([found], run=RUN_OF_SYSTEM, count=KEPT_OF_SYSTEM, seed=seed)[0]


def keys(value: str) -> list[str]:
    """Split a sketch into the names of the template groups it belongs to.

    >>> keys("00000000000000010000000000000002")
    ['0000000000000001', '0000000000000002']
    """
    return [value[i : i + 16] for i in range(0, min(len(value) - 15, 16 * MOST), 16)]


def _lowest(texts: Sequence[Sequence[str]], *, run: int, count: int, seed: int) -> list[str]:
    long = [found for found in texts if len(found) >= run + LEAST_MORE]
    runs = chain.from_iterable(map(" ".join, _runs(found, run)) for found in long)
    ends = list(accumulate((len(found) - run + 1 for found in long), initial=0))
    # Nothing is done word by word in Python: iterators written in C hand each run on to the hash.
    digests = map(xxhash.xxh3_64_intdigest, map(str.encode, runs), repeat(seed))
    hashes = np.fromiter(digests, np.uint64, ends[-1])
    made = []
    for start, end in pairwise(ends):
        own = hashes[start:end]
        own.sort()
        lowest = own[:count].tolist()
        if len(set(lowest)) < count:  # a run that comes twice counts once
            lowest = np.unique(own)[:count].tolist()
        made.append(("%016x" * len(lowest)) % tuple(lowest))
    sketches = iter(made)
    return [next(sketches) if len(found) >= run + LEAST_MORE else "" for found in texts]


def _runs(found: Sequence[str], run: int) -> "zip[tuple[str, ...]]":
    return zip(*(found[first:] for first in range(run)), strict=False)
