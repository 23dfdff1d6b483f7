"""What all accounts together do, as counts that fade."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.core.beat import Beat
from detectors.core.capabilities import KINDS, fade_mix
from detectors.core.clients import Organisations
from detectors.sketches.crowding import Crowding
from detectors.sketches.decayed import Floats, presence
from detectors.sketches.mixture import SLOTS

#: Seconds within which an account counts as active; as there at all; and as there now.
HORIZON, HOUR, NOW, DAY = 300.0, 3600.0, 15.0, 86_400.0
HORIZONS = np.array([HORIZON, HOUR, NOW])
#: Age under which an account counts as young.
YOUNG = 86_400
#: Releases remembered.
RELEASES = 64


@dataclass(slots=True, kw_only=True)
class Lone:
    """Accounts that share nothing with anybody, at one scope: customers whom no group moves."""

    active: Floats = field(
        default_factory=lambda: np.zeros(len(HORIZONS))
    )  # for each of `HORIZONS`
    moved: Floats = field(default_factory=lambda: np.zeros((len(HORIZONS), SLOTS)))
    company: float = 0.0  # accounts that do share, within an hour
    #: Lone accounts within a day, and those of them younger than a day.
    today: Floats = field(default_factory=lambda: np.zeros(2))
    crowding: Crowding = field(default_factory=Crowding)

    @property
    def shared(self) -> float:
        """The part of all accounts that shares with another."""
        return (self.company + 1.0) / (self.company + float(self.active[1]) + 10.0)

    def add(
        self, away: NDArray[np.int64], young: NDArray[np.bool_], moved_to: NDArray[np.int64]
    ) -> None:
        """Count accounts that were away for so many seconds, the young, and moves to models."""
        today = presence(away, horizon=DAY)
        self.today += (float(today.sum()), float(today[young].sum()))
        self.active += presence(away, horizon=HORIZONS[:, None]).sum(axis=1)
        if len(moved_to):
            for moved in self.moved:
                np.add.at(moved, moved_to, 1.0)


@dataclass(slots=True, kw_only=True)
class Population:
    """What all accounts together did within the horizon."""

    active: float = 0.0
    moved: Floats = field(default_factory=lambda: np.zeros(SLOTS))
    models: list[str] = field(default_factory=list)  # name of each model slot
    lone: dict[str, Lone] = field(default_factory=dict)  # by scope
    partitions: int = 1  # of the groups: a level counts those without company in its own only
    released: dict[str, float] = field(default_factory=dict)  # event time of each release
    faded_at: int = 0
    beat: Beat = field(default_factory=Beat)
    newcomers: Floats = field(default_factory=lambda: np.full(3, 5e-7))  # see `Heirs`
    denials: float = 0.0  # denied requests of conversations within a day
    mix: Floats = field(default_factory=lambda: np.zeros(KINDS))  # accounts by what they are after
    clients: Organisations = field(default_factory=Organisations)
    echoes: float = 0.0  # conversations that went on under another account after one

    def count(self, away: NDArray[np.int64], *, elapsed: int) -> None:
        """Count the accounts of a tick, after so many seconds without any.

        Args:
            away: seconds since each was seen before.
            elapsed: seconds since the last tick.
        """
        fading = float(np.exp(-elapsed / HORIZON))
        self.active = self.active * fading + float(presence(away, horizon=HORIZON).sum())
        self.moved = self.moved * fading

    def sum(
        self,
        said: Mapping[int, tuple[int, float, list[float]]],
        mixes: Mapping[int, tuple[int, list[float]]],
        *,
        tick: int,
    ) -> None:
        """Sum up what each source of accounts said last: when, and its counts."""
        self.active = 0.0
        self.moved = np.zeros(SLOTS)
        for _, (at, active, moved) in sorted(said.items()):
            fading = float(np.exp(-(tick - at) / HORIZON))
            self.active += active * fading
            self.moved += np.array(moved) * fading
        self.mix = np.zeros(KINDS)
        for _, (at, mix) in sorted(mixes.items()):
            self.mix += fade_mix(np.array(mix), elapsed=tick - at)

    def release(self, model: str, time: float) -> None:
        """Take in that a model became available."""
        self.released[model] = time
        while len(self.released) > RELEASES:
            del self.released[min(self.released, key=lambda name: (self.released[name], name))]

    def fade_lone(self, tick: int) -> None:
        """Let the counts of lone accounts fade until a tick."""
        fading = np.exp(-(tick - self.faded_at) / HORIZONS)
        day = float(np.exp(-(tick - self.faded_at) / DAY))
        self.faded_at = tick
        for lone in self.lone.values():
            lone.active *= fading
            lone.moved *= fading[:, None]
            lone.company *= float(fading[1])
            lone.today *= day

    def snapshot(self) -> dict[str, Any]:
        """Return what does not come anew with every tick."""
        return {
            "released": self.released,
            "faded_at": self.faded_at,
            "beat": self.beat.snapshot(),
            "clients": self.clients.snapshot(),
            "lone": {
                scope: [
                    lone.active.tolist(),
                    lone.moved.tolist(),
                    lone.company,
                    lone.today.tolist(),
                    lone.crowding.snapshot(),
                ]
                for scope, lone in self.lone.items()
            },
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self.released, self.faded_at = state["released"], state["faded_at"]
        self.beat.restore(state["beat"])
        self.clients.restore(state["clients"])
        for scope, (active, moved, company, today, crowding) in state["lone"].items():
            self.lone[scope] = Lone(
                active=np.array(active),
                moved=np.array(moved),
                company=company,
                today=np.array(today),
            )
            self.lone[scope].crowding.restore(crowding)
