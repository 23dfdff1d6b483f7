"""PRADA: whether the distances between an account's queries look natural."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detectors.core.records import Request
from stream.bench.worlds.baselines.sample import Sample
from stream.bench.worlds.baselines.windows import sketch_of
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded

Floats = NDArray[np.float64]
#: Queries that an account's growing set holds at most, and distances judged at most.
_SET, _JUDGED = 200, 2_000
_WIDTH = 18  # sixteen for the template, two for lengths


@dataclass(slots=True)
class _Client:
    """One account's growing set, and the distance of each query from it."""

    rows: Floats = field(default_factory=lambda: np.zeros((_SET, _WIDTH)))
    size: int = 0
    spread: list[float] = field(default_factory=list)  # distances of the set's own members
    threshold: float = 0.0
    distances: list[float] = field(default_factory=list)
    judged: int = 0


class Prada:
    """Names an account whose distances between queries are not distributed as a normal law.

    Of each query the least distance to the account's growing set is kept; a query that lies
    further than the set's mean less one deviation joins the set. With a hundred distances, and
    whenever there are a tenth more, those within three deviations are put to the Shapiro-Wilk
    test, and its W is compared with `delta`. Images there, prompts here: a query is the hashed
    directions of its template sketch and the logarithms of its lengths.

    Args:
        delta: W below which to alert; the paper chose it by model, near this.
        most_accounts: looked at; 30 µs a request make more unaffordable.

    References:
        Juuti, Szyller, Marchal and Asokan (2019), PRADA: Protecting against DNN model stealing
        attacks, EuroS&P.
    """

    name = "PRADA-like"

    def __init__(self, *, delta: float = 0.9, most_accounts: int = 4_000) -> None:
        self._delta = delta
        self._sample = Sample(most=most_accounts)
        self._clients: dict[str, _Client] = {}
        self._named: set[str] = set()

    @property
    def note(self) -> str:
        """What was left out."""
        return self._sample.note

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Measure a block's queries."""
        raised = []
        for request, ts in zip(decoded.requests, decoded.times.tolist(), strict=True):
            account = request.account
            if account in self._named or not self._sample.takes(account):
                self._clients.pop(account, None)
                continue
            client = self._clients.setdefault(account, _Client())
            self._measure(client, self._query(request))
            if self._unnatural(client):
                self._named.add(account)
                raised.append(Raised(ts=ts, accounts=[account], detector=self.name))
        return raised

    def finish(self) -> Sequence[Raised]:
        """Nothing is held back."""
        return []

    def covers(self, account: str) -> bool:
        """Say whether the account is in the sample."""
        return self._sample.takes(account)

    def _query(self, request: Request) -> Floats:
        sketch = sketch_of(request)
        parts = [sketch[place : place + 16] for place in range(0, len(sketch), 16)]
        row = np.zeros(_WIDTH)
        for part in parts:
            row[int(part[-1], 16)] += 1.0 if int(part[-2], 16) & 1 else -1.0
        row[16:] = np.log1p([request.input_tokens, request.output_tokens])
        return row

    def _measure(self, client: _Client, query: Floats) -> None:
        if client.size:
            apart = client.rows[: client.size] - query
            least = float(np.sqrt(np.einsum("ij,ij->i", apart, apart).min()))
            client.distances.append(least)
        else:
            least = np.inf
        if least > client.threshold and client.size < _SET:
            client.rows[client.size] = query
            client.size += 1
            if np.isfinite(least):
                client.spread.append(least)
                usual = float(np.mean(client.spread) - np.std(client.spread))
                client.threshold = max(client.threshold, usual)

    def _unnatural(self, client: _Client) -> bool:
        count = len(client.distances)
        if count < 100 or count < client.judged * 1.1:
            return False
        client.judged = count
        recent = np.array(client.distances[-_JUDGED:])
        middle, deviation = recent.mean(), recent.std()
        kept = recent[np.abs(recent - middle) <= 3 * deviation]
        if np.ptp(kept) == 0:  # W is not defined; nothing natural is so even
            return True
        return float(stats.shapiro(kept).statistic) < self._delta
