"""Simulated requests as columns: one structured array, one row a request."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Columns = npt.NDArray[np.void]

REQUEST: Final = np.dtype(
    [
        ("ts", np.float64),
        ("actor", np.int64),  # row of the account; campaign accounts follow the benign ones
        ("number", np.int64),  # what the id is made of; distinct
        ("egress", np.int32),  # which of the account's egresses, and 8 for each time it moved
        ("purse", np.int32),  # how often the account has changed its payment
        ("model", np.int8),
        ("input_tokens", np.int32),
        ("output_tokens", np.int32),
        ("cached_tokens", np.int32),
        ("latency", np.int32),  # milliseconds
        ("status", np.int16),
        ("conversation", np.int64),  # 0: none
        ("end_user", np.int64),  # of an account that serves others; 0: none
        ("turn", np.int16),
        ("application", np.int64),  # whose system prompt opens the conversation; 0: none
        ("wording", np.int64),  # what the prompt is drawn from, see `wording`
        ("chance", np.int64),  # what the prompt is drawn with
        ("cue", np.bool_),  # whether it asks for steps
        ("toolset", np.int8),
        ("extraction", np.bool_),  # for the labels only, never written, as is what follows
        ("capability", np.int8),
    ]
)

_SOON: Final = 60.0  # seconds


def blank(count: int) -> Columns:
    """Return `count` requests that are all zero but for their status."""
    columns = np.zeros(count, dtype=REQUEST)
    columns["status"] = 200
    return columns


class Pool:
    """Requests already drawn whose time has not come.

    What is due soon is kept apart, so that a slice does not sift through all that waits.
    """

    def __init__(self) -> None:
        self._soon = blank(0)
        self._later: list[Columns] = []
        self._horizon = -np.inf

    def exchange(self, *, drawn: list[Columns], until: float) -> Columns:
        """Take in what was drawn and give out, in no order, what is due before `until`."""
        new = np.concatenate([self._soon, *drawn])
        if until > self._horizon:
            self._horizon = until + _SOON
            new = np.concatenate([new, *self._later])
            self._later = []
        later = new["ts"] >= self._horizon
        if later.any():
            self._later.append(new[later])
            new = new[~later]
        due = new["ts"] < until
        self._soon = new[~due]
        return new[due]
