"""The load balancer of a hydra: which slot takes the next task."""

from heapq import heapify, heapreplace

import numpy as np

from stream.simulate.columns import Floats
from stream.simulate.hydra import Hydra

_TRIES = 64


class Balancer:
    """Give tasks to the least loaded slot, or by uneven weights, as `even_share` says."""

    def __init__(self, *, hydra: Hydra, even_share: float, chance: np.random.Generator) -> None:
        self._hydra = hydra
        self._even_share = even_share
        self._chance = chance
        self._load = [0] * len(hydra.turns)
        order = chance.permutation(len(hydra.turns)).tolist()
        self._heap = [(0, rank, slot) for rank, slot in enumerate(order)]
        heapify(self._heap)
        self._bounds = np.cumsum(hydra.weight)
        self._denials = [tenant.denials for tenant in hydra.tenants]
        self._begins = np.sort([tenant.begins for tenant in hydra.tenants])
        self._bans = np.sort([tenant.banned for tenant in hydra.tenants])

    def alive_share(self, at: Floats) -> Floats:
        """Return which share of the slots has a working account at these times."""
        begun = np.searchsorted(self._begins, at, side="right")
        banned = np.searchsorted(self._bans, at, side="right")
        return (begun - banned) / len(self._load)

    def denials_left(self, tenant: int) -> int:
        """Return how many requests a banned account will still send."""
        return self._denials[tenant]

    def deny(self, tenant: int) -> None:
        """Count a request that a banned account sent."""
        self._denials[tenant] -= 1

    def assign(self, *, starts: list[float], sizes: list[int]) -> list[int | None]:
        """Return the tenant that takes each task; `None` where no account is left to take it."""
        count = len(starts)
        even = (self._chance.random(count) < self._even_share).tolist()
        drawn = np.searchsorted(self._bounds, self._chance.random(count) * self._bounds[-1])
        weighted = np.minimum(drawn, len(self._load) - 1).tolist()
        return [
            self._least_loaded(start, size) if one_of_all else self._take(slot, start, size)
            for start, size, one_of_all, slot in zip(starts, sizes, even, weighted, strict=True)
        ]

    def any_alive(self, *, at: float, other_than: int) -> int | None:
        """Return some account that works at this time, to go on where another had to stop."""
        for slot in self._chance.integers(0, len(self._load), size=_TRIES).tolist():
            tenant = self._hydra.alive(slot, at)
            if tenant is not None and tenant != other_than:
                return tenant
        return None

    def _least_loaded(self, start: float, size: int) -> int | None:
        for _ in range(_TRIES):
            load, rank, slot = self._heap[0]
            if load < self._load[slot]:
                heapreplace(self._heap, (self._load[slot], rank, slot))
                continue
            # A slot without an account is counted as if it had served, or its heir would be
            # flooded with all that was missed.
            heapreplace(self._heap, (load + size, rank, slot))
            tenant = self._take(slot, start, size)
            if tenant is not None:
                return tenant
        return None

    def _take(self, slot: int, start: float, size: int) -> int | None:
        self._load[slot] += size
        tenant = self._hydra.tenant(slot, start)
        if tenant is None:
            return None
        its = self._hydra.tenants[tenant]
        return tenant if start < its.banned or self._denials[tenant] > 0 else None
