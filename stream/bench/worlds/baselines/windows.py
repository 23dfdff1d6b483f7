"""What each account did in each stretch of event time, as a few numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.core.records import Request
from detectors.text import template
from stream.decoded import Decoded

#: What the columns of `Window.features` are; all lie between 0 and 1.
FEATURES = (
    "requests",
    "mean input tokens",
    "mean output tokens",
    "spread of input tokens",
    "distinct templates a request",
    "egresses",
    "mean gap",
    "part that came in conversations",
)
#: Where each feature's logarithm ends.
_CEILINGS = np.log1p([10_000.0, 200_000.0, 32_000.0, 3.0, 1.0, 64.0, 600.0, 1.0])


@dataclass(slots=True)
class Doings:
    """What one account did in one window."""

    requests: int = 0
    input_tokens: float = 0.0
    input_squares: float = 0.0
    output_tokens: float = 0.0
    conversations: int = 0
    first: float = 0.0
    last: float = 0.0
    templates: set[str] = field(default_factory=set)
    egresses: set[str | None] = field(default_factory=set)

    def vector(self) -> list[float]:
        """Return the account's numbers in the order of `FEATURES`, not yet scaled."""
        mean = self.input_tokens / self.requests
        spread = max(self.input_squares / self.requests - mean * mean, 0.0) ** 0.5
        gap = (self.last - self.first) / max(self.requests - 1, 1)
        return [
            self.requests,
            mean,
            self.output_tokens / self.requests,
            spread / max(mean, 1.0),
            len(self.templates) / self.requests,
            len(self.egresses),
            gap,
            self.conversations / self.requests,
        ]


@dataclass(frozen=True, slots=True)
class Window:
    """All accounts that did something between two moments."""

    end: float
    doings: dict[str, Doings]

    def features(self) -> NDArray[np.float64]:
        """Return a row of scaled numbers for each account, in the order of `doings`."""
        rows = np.array([each.vector() for each in self.doings.values()])
        return np.asarray(np.clip(np.log1p(rows) / _CEILINGS, 0.0, 1.0))


class Windows:
    """Cuts requests into windows of event time; denied ones count for nothing.

    Args:
        seconds: how long a window is.
        texts: whether templates are wanted.
    """

    def __init__(self, *, seconds: float, texts: bool = True) -> None:
        self._seconds, self._texts = seconds, texts
        self._number: int | None = None
        self._doings: dict[str, Doings] = {}

    def take(self, decoded: Decoded) -> Iterator[Window]:
        """Take in a block; yields every window that it ends."""
        numbers = (decoded.times // self._seconds).astype(np.int64).tolist()
        for request, ts, number in zip(
            decoded.requests, decoded.times.tolist(), numbers, strict=True
        ):
            if self._number is None:
                self._number = number
            elif number > self._number:
                yield from self.finish()
                self._number = number
            if request.status not in (401, 403, 429):
                self._add(request, ts)

    def finish(self) -> Iterator[Window]:
        """Yield the window in progress, if anything happened in it."""
        if self._number is not None and self._doings:
            yield Window((self._number + 1) * self._seconds, self._doings)
            self._doings = {}

    def _add(self, request: Request, ts: float) -> None:
        its = self._doings.get(request.account)
        if its is None:
            its = self._doings[request.account] = Doings(first=ts)
        its.requests += 1
        its.input_tokens += request.input_tokens
        its.input_squares += float(request.input_tokens) ** 2
        its.output_tokens += request.output_tokens
        its.conversations += request.conversation is not None
        its.last = ts
        if self._texts:
            its.egresses.add(request.proxy or request.ip)
            # The lowest hash stands for the template.
            its.templates.add(sketch_of(request)[:16])


def sketch_of(request: Request) -> str:
    """Return the template sketch of a request's prompt, as the engine would see it."""
    if request.prompt is None:
        return request.prompt_sketch or ""
    return template.sketch(request.prompt)
