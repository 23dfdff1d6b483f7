"""Which template a prompt was made from: a few hashes that survive the filling of slots."""

from collections.abc import Sequence

import xxhash

from detectors.text.words import words

#: Words in a run; a shared run of five words is rare between people who did not copy.
RUN = 5
#: Hashes kept of a prompt, and of a system prompt.  Two prompts of one template share the
#: template's own lowest runs; system prompts are shared as a whole, or in their longest parts.
KEPT, KEPT_OF_SYSTEM = 4, 2
MOST = KEPT + KEPT_OF_SYSTEM


def sketch(text: str, *, system: str = "", seed: int = 0) -> str:
    """Return the template sketch of a prompt: up to six 64-bit hashes in hex.

    Every run of five words (lower case, digits and signs dropped) is hashed with a keyed hash;
    the lowest four are kept, and the lowest two of the system prompt.  Prompts that share most of
    their wording share most of the runs and so, most likely, hashes of the sketch: it stands up to
    slots that are filled differently, to moved parts and to light rewording.  The two are kept
    apart, so that a popular system prompt does not hide a template behind it, nor a template in
    the system prompt pass for what is asked of it.  A text shorter than eight words has no sketch:
    greetings are everybody's.

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
    of_system = lowest(words(system), count=KEPT_OF_SYSTEM, seed=seed)
    return lowest(words(text), count=KEPT, seed=seed) + of_system


def lowest(found: Sequence[str], *, count: int, seed: int = 0) -> str:
    """Return the lowest hashes, in hex, of the runs of a text's `words`."""
    if len(found) < RUN + 3:
        return ""
    runs = {" ".join(found[i : i + RUN]) for i in range(len(found) - RUN + 1)}
    hashes = sorted(xxhash.xxh3_64_intdigest(run.encode(), seed) for run in runs)[:count]
    return "".join(f"{value:016x}" for value in hashes)


def keys(value: str) -> list[str]:
    """Split a sketch into the names of the template groups it belongs to.

    >>> keys("00000000000000010000000000000002")
    ['0000000000000001', '0000000000000002']
    """
    return [value[i : i + 16] for i in range(0, min(len(value) - 15, 16 * MOST), 16)]
