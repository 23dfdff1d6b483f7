"""MIDAS-F over the edges from accounts to egresses."""

from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray
from river import stats

from detectors.core.batch import DENIED, egress_of
from detectors.core.records import Request
from stream.bench.edges import Edges
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded

_WARM_TICKS = 20  # minutes in which nothing is named


class EdgeStream:
    """Names the account of an edge that comes in a burst at its ends.

    Each request is an edge from its account to its egress, scored a minute at a time by Weir's own
    sketch of edge streams, which is made in the manner of MIDAS-F: what is odd does not teach it.
    The method gives scores and leaves the limit to the user; here it is a running quantile of all
    scores.

    Args:
        quantile: share of the edges held to be ordinary.

    References:
        Bhatia et al. (2022), Real-time anomaly detection in edge streams.
    """

    name = "MIDAS-F-like"
    note = ""

    def __init__(self, *, quantile: float = 0.999) -> None:
        self._edges = Edges(seed=1)
        self._limit = stats.Quantile(quantile)
        self._named: set[str] = set()
        self._tick: int | None = None
        self._first = 0
        self._waiting: list[Request] = []

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Score the minutes that a block ends."""
        raised: list[Raised] = []
        for request, ts in zip(decoded.requests, decoded.times.tolist(), strict=True):
            tick = int(ts // 60)
            if self._tick is None:
                self._tick = self._first = tick
            elif tick > self._tick:
                raised += self.finish()
                self._tick = tick
            if request.status not in DENIED:
                self._waiting.append(request)
        return raised

    def finish(self) -> Sequence[Raised]:
        """Score the minute in progress."""
        waiting, self._waiting = self._waiting, []
        if not waiting or self._tick is None:
            return []
        accounts = [request.account for request in waiting]
        egresses = [egress_of(request.proxy or request.ip or "") or "" for request in waiting]
        scores = self._edges.judge(
            _hashes(accounts, seed=1), _hashes(egresses, seed=2), tick=self._tick
        ).tolist()
        raised = []
        for account, score in zip(accounts, scores, strict=True):
            limit = self._limit.get() if self._tick - self._first >= _WARM_TICKS else None
            if limit is not None and score > limit and account not in self._named:
                self._named.add(account)
                end = (self._tick + 1) * 60.0
                raised.append(Raised(ts=end, accounts=[account], detector=self.name))
            self._limit.update(score)
        return raised

    def covers(self, account: str) -> bool:
        """Every account is looked at."""
        return True


def _hashes(names: Sequence[str], *, seed: int) -> NDArray[np.uint64]:
    digests = [xxhash.xxh3_64_intdigest(name.encode(), seed) for name in names]
    return np.array(digests, dtype=np.uint64)
