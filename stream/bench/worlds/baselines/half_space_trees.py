"""Half-space trees over what accounts do in ten minutes, as River has them."""

from collections.abc import Iterable, Sequence
from typing import Any

from river import anomaly

from stream.bench.worlds.baselines.sample import Sample
from stream.bench.worlds.baselines.windows import FEATURES, Window, Windows
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded


class HalfSpaceTrees:
    """Names an account whose ten minutes lie where few others' do.

    One forest for all, since one an account would need hundreds of kilobytes each; every account is
    scored by itself. The limit is River's own quantile filter, whose forest does not learn from
    what it flags.

    Args:
        quantile: share of the windows held to be ordinary.
        most_accounts: looked at; 40 µs a window make more unaffordable.

    References:
        Tan, Ting and Liu (2011), Fast anomaly detection for streaming data.
    """

    name = "half-space trees"

    def __init__(self, *, quantile: float = 0.999, most_accounts: int = 20_000) -> None:
        self._filter: Any = anomaly.QuantileFilter(anomaly.HalfSpaceTrees(seed=1), q=quantile)
        self._windows = Windows(seconds=600.0)
        self._sample = Sample(most=most_accounts)
        self._named: set[str] = set()
        self._learned = 0

    @property
    def note(self) -> str:
        """What was left out."""
        return self._sample.note

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Score the windows that a block ends."""
        return self._odd(self._windows.take(decoded))

    def finish(self) -> Sequence[Raised]:
        """Score the last window."""
        return self._odd(self._windows.finish())

    def covers(self, account: str) -> bool:
        """Say whether the account is in the sample."""
        return self._sample.takes(account)

    def _odd(self, windows: Iterable[Window]) -> list[Raised]:
        raised = []
        for window in windows:
            rows = window.features().tolist()
            for account, row in zip(window.doings, rows, strict=True):
                if not self._sample.takes(account):
                    continue
                features = dict(zip(FEATURES, row, strict=True))
                value = self._filter.score_one(features)
                # Until its first window of 250 is full the forest calls everything the same.
                warm = self._learned > 2 * 250
                if warm and self._filter.classify(value) and account not in self._named:
                    self._named.add(account)
                    raised.append(Raised(ts=window.end, accounts=[account], detector=self.name))
                self._filter.learn_one(features)
                self._learned += 1
        return raised
