"""Fixed limits: so many requests and tokens a minute, the same for everyone."""

from collections.abc import Iterable, Sequence

from stream.bench.worlds.baselines.windows import Window, Windows
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded


class FixedLimits:
    """Names an account at the end of the first minute in which it did more than allowed.

    What a rate limit at a gateway sees; the defaults are of the order of the entry tiers that
    public model APIs publish.

    Args:
        requests: a minute.
        tokens: a minute, in and out.
    """

    name = "fixed limits"
    note = ""

    def __init__(self, *, requests: int = 50, tokens: int = 400_000) -> None:
        self._requests, self._tokens = requests, tokens
        self._windows = Windows(seconds=60.0, texts=False)
        self._named: set[str] = set()

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Count a block."""
        return self._over(self._windows.take(decoded))

    def finish(self) -> Sequence[Raised]:
        """Judge the last minute."""
        return self._over(self._windows.finish())

    def covers(self, account: str) -> bool:
        """Every account is counted."""
        return True

    def _over(self, windows: Iterable[Window]) -> list[Raised]:
        raised = []
        for window in windows:
            for account, its in window.doings.items():
                over = (
                    its.requests > self._requests
                    or its.input_tokens + its.output_tokens > self._tokens
                )
                if over and account not in self._named:
                    self._named.add(account)
                    raised.append(Raised(ts=window.end, accounts=[account], detector=self.name))
        return raised
