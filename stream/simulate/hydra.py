"""The plan of a hydra campaign: its slots, the accounts that fill them, their egresses."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from stream.simulate.columns import Ints
from stream.simulate.population import Population
from stream.simulate.world import DAY, World

_QUICK_TO_NOTICE = (2, 6)  # requests that a banned account still sends
_CUSTOMERS = ("person", "vpn", "reseller", "coding_agent", "open_template")
_OPENING_SECONDS = 600.0  # over which a campaign that begins opens its accounts


@dataclass(frozen=True, slots=True)
class Tenant:
    """One account in its turn in a slot."""

    slot: int
    begins: float
    created: float  # minus infinity: before the simulation
    banned: float  # infinity: never
    heir_of: int | None
    denials: int  # requests that it still sends after its ban


@dataclass(slots=True)
class Hydra:
    """Slots are what the operator sees: a schedule, egresses, a payment; accounts come and go."""

    tenants: list[Tenant] = field(default_factory=list)
    turns: list[list[int]] = field(default_factory=list)  # of each slot, its tenants in time
    begins: list[list[float]] = field(default_factory=list)
    egresses: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    payment: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    client: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    weight: np.ndarray[tuple[int], np.dtype[np.float64]] = field(
        default_factory=lambda: np.zeros(0)
    )
    customers: dict[int, int] = field(default_factory=dict)  # benign row → proxy

    def tenant(self, slot: int, at: float) -> int | None:
        """Return who fills a slot, banned or not, or nobody before its first account."""
        turn = bisect_right(self.begins[slot], at) - 1
        return self.turns[slot][turn] if turn >= 0 else None

    def alive(self, slot: int, at: float) -> int | None:
        """Return the account of a slot if it is there and not banned."""
        tenant = self.tenant(slot, at)
        return tenant if tenant is not None and at < self.tenants[tenant].banned else None


def plan(world: World, population: Population) -> Hydra:
    """Draw the plan of the world's campaign; an empty one where there is none."""
    if world.campaign is None:
        return Hydra()
    shape = world.shape()
    chance = np.random.default_rng([world.seed, 3])
    hydra = Hydra()
    slots = shape.accounts
    proxies = min(shape.egresses_per_account, shape.proxies)
    # Consecutive steps through the proxies, so that an account never has one twice.
    first = chance.integers(0, shape.proxies, size=slots)
    step = np.arange(proxies) * max(1, shape.proxies // (proxies + 1))
    hydra.egresses = (first[:, None] + step[None, :]) % shape.proxies
    hydra.payment = chance.permutation(slots) // shape.payment_set
    hydra.client = chance.choice(np.array([3, 4, 7, 9]), size=slots)
    weight = np.exp(1.2 * chance.normal(size=slots))
    hydra.weight = weight / weight.sum()
    opened = chance.random(slots) * _OPENING_SECONDS
    for slot in range(slots):
        _fill(hydra, slot=slot, opened=float(opened[slot]), world=world, chance=chance)
    _adopt_customers(hydra, world=world, population=population, chance=chance)
    return hydra


def _fill(
    hydra: Hydra, *, slot: int, opened: float, world: World, chance: np.random.Generator
) -> None:
    shape = world.shape()
    created = world.start + world.campaign_at + opened if world.campaign_at else -math.inf
    begins = created + 20.0 if world.campaign_at else -math.inf
    heir_of: int | None = None
    turns: list[int] = []
    while begins < world.end:
        life = float(chance.exponential(DAY / shape.ban_rate)) if shape.ban_rate else math.inf
        banned = max(begins, world.start) + life
        if banned >= world.end:
            banned = math.inf
        turns.append(len(hydra.tenants))
        hydra.tenants.append(
            Tenant(
                slot=slot,
                begins=begins,
                created=created,
                banned=round(banned, 3),
                heir_of=heir_of,
                denials=int(chance.integers(*_QUICK_TO_NOTICE)),
            )
        )
        if not shape.heirs or not math.isfinite(banned):
            break
        delay = shape.heir_delay * math.exp(shape.heir_delay_spread * chance.normal())
        created = round(banned + delay, 3)
        begins = created + 5.0 + float(chance.exponential(30.0))
        heir_of = turns[-1]
    hydra.turns.append(turns)
    hydra.begins.append([hydra.tenants[tenant].begins for tenant in turns])


def _adopt_customers(
    hydra: Hydra, *, world: World, population: Population, chance: np.random.Generator
) -> None:
    """Let each proxy carry some unrelated benign accounts too."""
    shape = world.shape()
    kinds = [population.names.index(name) for name in _CUSTOMERS]
    rows = np.flatnonzero(np.isin(population.kind, kinds))
    # Most customers of a small world stay away from the proxies, or there would be no others.
    wanted = min(len(rows) // 4, shape.customers_per_proxy * shape.proxies)
    for place, row in enumerate(chance.permutation(rows)[:wanted].tolist()):
        hydra.customers[row] = place % shape.proxies
