"""A kernel two-sample test: whether this window's accounts are drawn from the usual ones."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from stream.bench.worlds.baselines.sample import Sample
from stream.bench.worlds.baselines.windows import Window, Windows
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded

Floats = NDArray[np.float64]
_TEXT = 16  # columns of hashed templates beside those of behaviour
_PERMUTATIONS = 1_000


class TwoSample:
    """Names the accounts that make a window differ from the reference.

    Each account's ten minutes are a point: what it did, and the hashed templates of its prompts.
    The squared maximum mean discrepancy (Gaussian kernel, median distance as its width) between
    the window's points and a reference is held against its distribution under permutation. A
    window that fails names those accounts whose witness function is higher than that of all but a
    thousandth of the reference. The first twenty minutes are the reference; windows that pass
    refresh it.

    Args:
        alpha: chance that a window of usual accounts fails.
        points: of the window and of the reference, drawn at random when there are more.
        most_accounts: looked at.

    References:
        Gretton et al. (2012), A kernel two-sample test, JMLR 13.
    """

    name = "kernel two-sample test"

    def __init__(
        self, *, alpha: float = 0.003, points: int = 400, most_accounts: int = 20_000
    ) -> None:
        self._alpha, self._points = alpha, points
        self._windows = Windows(seconds=600.0)
        self._sample = Sample(most=most_accounts)
        self._chance = np.random.default_rng(1)
        self._reference: Floats | None = None
        self._learned = 0
        self._named: set[str] = set()

    @property
    def note(self) -> str:
        """What was left out."""
        return self._sample.note

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Test the windows that a block ends."""
        return self._tested(self._windows.take(decoded))

    def finish(self) -> Sequence[Raised]:
        """Test the last window."""
        return self._tested(self._windows.finish())

    def covers(self, account: str) -> bool:
        """Say whether the account is in the sample."""
        return self._sample.takes(account)

    def _tested(self, windows: Iterable[Window]) -> list[Raised]:
        raised = []
        for window in windows:
            names = list(window.doings)
            which = [place for place, name in enumerate(names) if self._sample.takes(name)]
            if not which:
                continue
            points = np.hstack([window.features(), _texts(window)])[which]
            if self._reference is None or self._learned < 2:
                self._learn(points)
                continue
            odd = self._odd(points, self._reference)
            if odd is None:
                self._learn(points)
                continue
            accounts = [names[which[place]] for place in np.flatnonzero(odd)]
            accounts = [name for name in accounts if name not in self._named]
            self._named.update(accounts)
            if accounts:
                raised.append(Raised(ts=window.end, accounts=accounts, detector=self.name))
        return raised

    def _odd(self, points: Floats, reference: Floats) -> NDArray[np.bool_] | None:
        """Return which points stand out, or None when the window passes the test."""
        some = points
        if len(points) > self._points:
            some = points[self._chance.choice(len(points), self._points, replace=False)]
        pooled = np.vstack([some, reference])
        apart = _squares(pooled, pooled)
        width = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
        kernel = np.exp(-apart / width)
        sides = np.concatenate(
            [np.full(len(some), 1 / len(some)), np.full(len(reference), -1 / len(reference))]
        )
        shuffled = np.array([self._chance.permutation(sides) for _ in range(_PERMUTATIONS)])
        drawn = np.einsum("ij,ij->i", shuffled @ kernel, shuffled)
        observed = float(sides @ kernel @ sides)
        p_value = (1 + int((drawn >= observed).sum())) / (1 + _PERMUTATIONS)
        if p_value > self._alpha:
            return None
        witness = _witness(points, some, reference, width)
        usual = np.quantile(_witness(reference, some, reference, width), 0.999)
        return np.asarray(witness > usual)

    def _learn(self, points: Floats) -> None:
        self._learned += 1
        both = points if self._reference is None else np.vstack([self._reference, points])
        most = min(len(both), self._points)
        self._reference = both[self._chance.choice(len(both), most, replace=False)]


def _texts(window: Window) -> Floats:
    """Return for each account the directions of its templates, by signed hashing."""
    rows = np.zeros((len(window.doings), _TEXT))
    for row, its in zip(rows, window.doings.values(), strict=True):
        for key in its.templates:
            if key:
                row[int(key[-1], 16)] += 1.0 if int(key[-2], 16) & 1 else -1.0
        row /= max(len(its.templates), 1)
    return rows


def _squares(one: Floats, other: Floats) -> Floats:
    lengths = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(lengths - 2 * one @ other.T, 0.0))


def _witness(points: Floats, window: Floats, reference: Floats, width: float) -> Floats:
    near = np.exp(-_squares(points, window) / width).mean(axis=1)
    usual = np.exp(-_squares(points, reference) / width).mean(axis=1)
    return np.asarray(near - usual)
