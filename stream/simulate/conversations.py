"""From bursts and tasks to single requests: times, turns and lengths, all at once."""

import numpy as np

from stream.simulate.columns import Flags, Floats, Ints
from stream.simulate.identity import mixed_columns

_END_USERS = 5_003  # at most, of one account that serves others


def spread(sizes: Ints) -> Ints:
    """Number the requests of bursts of these sizes from 0 within each burst."""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(
        ends - sizes, sizes
    )


def running(gaps: Floats, *, first: Flags) -> Floats:
    """Add up gaps from 0 within each burst, `first` marking the requests that open one."""
    total = np.cumsum(np.where(first, 0.0, gaps))
    opened = np.flatnonzero(first)
    lengths = np.diff(np.append(opened, len(gaps)))
    summed: Floats = total - np.repeat(total[opened], lengths)
    return summed


def turns(*, opening: Flags, at_once: Flags) -> Ints:
    """Count the turns since each conversation's opening; parallel calls belong to one turn.

    The first request must be an opening.
    """
    steps = np.cumsum(opening | ~at_once)
    opened = np.maximum.accumulate(np.where(opening, steps, 0))
    return (steps - opened).astype(np.int64)


def named(opening: Flags, *, base: int) -> Ints:
    """Give each conversation a number that looks like chance and is not 0."""
    return mixed_columns(np.cumsum(opening).astype(np.int64) + base)


def named_as(conversation: Ints, actor: Ints) -> Ints:
    """Return the end user of an account whose conversation this is: some come again."""
    return mixed_columns((actor << 20) + (1 << 44) + conversation % _END_USERS)


def ranks(chance: np.random.Generator, *, conversation: Ints, lean: float) -> Floats:
    """Draw ranks between 0 and 1 that are alike within each conversation, as `lean` says.

    A normal deviate of the conversation's and one of the request's own are added, so that the ranks
    stay close to even; logistic deviates stand for normal ones.
    """
    drawn = chance.random(len(conversation))
    shared = (mixed_columns(conversation) % (1 << 32) + 0.5) / (1 << 32)
    weight = np.where(conversation > 0, lean, 0.0)
    deviate = weight * np.log(shared / (1 - shared))
    deviate += np.sqrt(1 - weight**2) * np.log(drawn / (1 - drawn) + 1e-12)
    ranked: Floats = 1 / (1 + np.exp(-deviate))
    return ranked


def lengths(
    chance: np.random.Generator, *, median: Floats, spread: Floats, most: int = 190_000
) -> Ints:
    """Draw log-normal token counts."""
    drawn = median * np.exp(spread * chance.normal(size=len(median)))
    return np.clip(np.rint(drawn), 1, most).astype(np.int64)
