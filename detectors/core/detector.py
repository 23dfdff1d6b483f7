"""What each detector must do."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from detectors.core.members import Members
from detectors.core.population import Population
from detectors.core.profiles import Column, Profiles, Rows
from detectors.core.records import Evidence, Scope, Severity, Signal

Floats = NDArray[np.float64]


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """One second of event time at one level: the rows that changed, and by how much.

    All arrays have the length of ``rows`` (k), each row standing once, in ascending order.
    """

    number: int
    rows: Rows
    requests: NDArray[np.int64]
    tokens: NDArray[np.int64]
    models: NDArray[np.int64]  # (k, models): requests by model slot
    capabilities: NDArray[np.int64]  # (k, capabilities): requests by what they are after, if told
    suspect: NDArray[np.bool_]  # under suspicion: nothing may be learned of them
    scopes: NDArray[np.int8]  # position of each row's scope among those of the level
    population: Population
    members: Members | None = None  # who belongs to the rows, at the level of groups
    #: There, (k, 2): members that came after a pause, accounts never seen anywhere left out; and of
    #: them those that never were in this group.
    arrivals: NDArray[np.int64] | None = None

    def take(self, positions: NDArray[np.int64]) -> "Tick":
        """Return the tick as if only the rows at these positions had changed."""
        return structs.replace(
            self,
            rows=self.rows[positions],
            requests=self.requests[positions],
            tokens=self.tokens[positions],
            models=self.models[positions],
            capabilities=self.capabilities[positions],
            suspect=self.suspect[positions],
            scopes=self.scopes[positions],
            arrivals=None if self.arrivals is None else self.arrivals[positions],
        )

    def only(self, position: int) -> "Tick":
        """Return the tick as if one row alone had changed."""
        return self.take(np.array([position]))

    def accounts(
        self, profiles: Profiles, position: int, *, since: int, **which: int | None
    ) -> list[str]:
        """Return the accounts that the row at a position speaks of, as `Members.accounts`."""
        row = int(self.rows[position])
        name = profiles.names[row]
        return (
            [name]
            if self.members is None
            else self.members.accounts(row, name, since=since, **which)
        )


class Finding(msgspec.Struct, frozen=True):
    """A detector's explanation of one row."""

    summary: str
    evidence: list[Evidence]
    onset: float
    accounts: list[str]
    severity: Severity | None = None  # where how many accounts take part does not tell it


class Detector:
    """Says how odd each entity that changed in a tick is.

    A detector lives on the levels whose scopes it names.  What it learns of one entity stays in
    that entity's row (``columns``), what it learns of the population in itself; both leave and
    come back as bytes.  It never sees a label, a clock, or another level.
    """

    name: ClassVar[str]
    signal: ClassVar[Signal]
    scopes: ClassVar[frozenset[Scope]]
    #: What it finds is only ever evidence beside others': a candidate, never an alert by itself.
    supports: ClassVar[bool] = False
    #: What it looks at: what accounts and groups ask for, who goes on with whose conversation, or
    #: what Weir sees of the service, as shares and as series.
    reads: ClassVar[Literal["requests", "echoes", "service", "series"]] = "requests"
    #: The highest severity of what it says alone.
    ceiling: ClassVar[Severity] = "critical"

    @property
    def columns(self) -> Mapping[str, Column]:
        """What the detector adds to the profiles of its levels."""
        return {}

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return how odd each row of the tick is, in nats: -ln of the chance under the model.

        Called once a tick, before `learn`; must change nothing.  Zero means "as expected" or
        "too little known".
        """
        raise NotImplementedError

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Take the tick in.  Called once a tick, after `score`; the only method that changes."""
        raise NotImplementedError

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Explain the row at ``position`` of the tick.  Called after `score`, before `learn`."""
        raise NotImplementedError

    def withholds(self, profiles: Profiles, tick: Tick) -> NDArray[np.bool_]:
        """Say of which rows nothing is to be taken for ordinary, though none is under suspicion.

        Asked of a detector that `supports`: what it finds puts nobody under suspicion.
        """
        return np.zeros(len(tick.rows), dtype=bool)

    def snapshot(self) -> bytes:
        """Return what was learned of the population."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`; scores are then the same as before it."""


def share(values: Mapping[str, float]) -> dict[str, float]:
    """Return each value's part of the sum, to be shown as an evidence's contribution.

    >>> share({"a": 3.0, "b": 1.0})
    {'a': 0.75, 'b': 0.25}
    """
    total = sum(values.values())
    return {key: value / total if total > 0 else 0.0 for key, value in values.items()}


def pack(state: Mapping[str, Any]) -> bytes:
    """Encode plain numbers, lists and dictionaries."""
    return msgspec.msgpack.encode(state)


def unpack(state: bytes) -> dict[str, Any]:
    """Undo `pack`."""
    decoded: dict[str, Any] = msgspec.msgpack.decode(state)
    return decoded
