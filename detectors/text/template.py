"""Which template a prompt was made from: a few hashes that survive the filling of slots."""

from collections.abc import Sequence

import xxhash

from detectors.text.words import words

#: Words in a run; a shared run of five words is rare between people who did not copy.
RUN = 5
#: Hashes kept.  Two prompts of one template share the template's own lowest runs.
KEPT = 4


def sketch(text: str, *, seed: int = 0) -> str:
    """Return the template sketch of a prompt: up to four 64-bit hashes in hex, lowest first.

    Every run of five words (lower case, digits and signs dropped) is hashed with a keyed hash;
    the lowest four are kept.  Prompts that share most of their wording share most of the runs and
    so, most likely, hashes of the sketch: it stands up to slots that are filled differently, to
    moved parts and to light rewording.  A text shorter than eight words has no sketch: greetings
    are everybody's.

    Args:
        text: the prompt; only its first 4,096 characters are read.
        seed: key of the hash; all parts of one deployment must use the same.

    Returns:
        16, 32, 48 or 64 hexadecimal digits, or ``""``.

    References:
        Broder (1997), On the resemblance and containment of documents.

    >>> one = sketch("Rewrite the function below so that it runs in linear time: sort(a)")
    >>> two = sketch("Rewrite the function below so that it runs in linear time: find(b, c)")
    >>> len(set(keys(one)) & set(keys(two))) >= 2
    True
    """
    return sketch_of(words(text), seed=seed)


def sketch_of(found: Sequence[str], *, seed: int = 0) -> str:
    """Return the sketch of a prompt whose `words` have been found already."""
    if len(found) < RUN + 3:
        return ""
    runs = {" ".join(found[i : i + RUN]) for i in range(len(found) - RUN + 1)}
    lowest = sorted(xxhash.xxh3_64_intdigest(run.encode(), seed) for run in runs)[:KEPT]
    return "".join(f"{value:016x}" for value in lowest)


def keys(value: str) -> list[str]:
    """Split a sketch into the names of the template groups it belongs to.

    >>> keys("00000000000000010000000000000002")
    ['0000000000000001', '0000000000000002']
    """
    return [value[i : i + 16] for i in range(0, min(len(value) - 15, 16 * KEPT), 16)]
