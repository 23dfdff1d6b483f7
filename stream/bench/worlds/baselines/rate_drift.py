"""River's drift detectors, one an account, on its requests a minute."""

from collections.abc import Iterable, Sequence
from typing import Any

from river import drift

from stream.bench.worlds.baselines.sample import Sample
from stream.bench.worlds.baselines.windows import Window, Windows
from stream.bench.worlds.raised import Raised
from stream.decoded import Decoded


class _RateDrift:
    """Names an account at the end of the first minute in which its rate is told to have risen.

    Minutes without requests count as zero from an account's first on.
    """

    name = ""

    def __init__(self, *, most_accounts: int = 20_000) -> None:
        self._windows = Windows(seconds=60.0, texts=False)
        self._sample = Sample(most=most_accounts)
        self._detectors: dict[str, Any] = {}
        self._named: set[str] = set()
        self._end: float | None = None

    @property
    def note(self) -> str:
        """What was left out."""
        return self._sample.note

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Tell each account's detector of the minutes that a block ends."""
        return self._drifts(self._windows.take(decoded))

    def finish(self) -> Sequence[Raised]:
        """Tell them of the last minute."""
        return self._drifts(self._windows.finish())

    def covers(self, account: str) -> bool:
        """Say whether the account is in the sample."""
        return self._sample.takes(account)

    def _made(self) -> Any:
        raise NotImplementedError

    def _rose(self, detector: Any, *, value: float) -> bool:
        raise NotImplementedError

    def _drifts(self, windows: Iterable[Window]) -> list[Raised]:
        raised = []
        for window in windows:
            for account in window.doings:
                if account not in self._named and self._sample.takes(account):
                    self._detectors.setdefault(account, None)
            for account in list(self._detectors):
                if account in self._named or not self._sample.takes(account):
                    del self._detectors[account]
                    continue
                detector = self._detectors[account]
                if detector is None:
                    detector = self._detectors[account] = self._made()
                its = window.doings.get(account)
                if self._rose(detector, value=its.requests if its else 0.0):
                    self._named.add(account)
                    raised.append(Raised(ts=window.end, accounts=[account], detector=self.name))
        return raised


class Adwin(_RateDrift):
    """Splits an adaptive window where its parts' means differ too much to be chance.

    References:
        Bifet and Gavaldà (2007), Learning from time-changing data with adaptive windowing.
    """

    name = "ADWIN"

    def _made(self) -> Any:
        made: Any = drift.ADWIN  # without types
        return made()

    def _rose(self, detector: Any, *, value: float) -> bool:
        before = detector.estimation
        detector.update(value)
        return bool(detector.drift_detected and detector.estimation > before)


class PageHinkley(_RateDrift):
    """Sums up what exceeds the mean so far, and tells when the sum is high.

    References:
        Page (1954), Continuous inspection schemes.
    """

    name = "Page-Hinkley"

    def _made(self) -> Any:
        return drift.PageHinkley(mode="up")

    def _rose(self, detector: Any, *, value: float) -> bool:
        detector.update(value)
        return bool(detector.drift_detected)
