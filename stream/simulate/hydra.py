"""The plan of a hydra campaign: its slots, the accounts that fill them, their egresses."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from stream.simulate.campaign import Campaign
from stream.simulate.columns import Floats, Ints
from stream.simulate.population import Population
from stream.simulate.world import DAY, World

_QUICK_TO_NOTICE = (2, 6)  # requests that a banned account still sends
_CUSTOMERS = ("person", "vpn", "reseller", "coding_agent", "open_template")
_OPENING_SECONDS = 600.0  # over which a campaign that begins opens its accounts
_KEY_REVOKED = 0.3  # chance that a banned account is told 401 and not 403
_FOREIGN = 4_096  # more than the rotations of any one account


@dataclass(frozen=True, slots=True)
class Tenant:
    """One account in its turn in a slot."""

    slot: int
    begins: float
    created: float  # minus infinity: before the simulation
    banned: float  # infinity: never
    heir_of: int | None
    denials: int  # requests that it still sends after its ban
    refusal: int  # the status of those
    generation: int  # 0 for the first of its slot


@dataclass(slots=True)
class Hydra:
    """Slots are what the operator sees: a schedule, egresses, a payment; accounts come and go."""

    campaign: Campaign
    start: float
    tenants: list[Tenant] = field(default_factory=list)
    turns: list[list[int]] = field(default_factory=list)  # of each slot, its tenants in time
    begins: list[list[float]] = field(default_factory=list)
    egresses: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    payment: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    client: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    weight: Floats = field(default_factory=lambda: np.zeros(0))
    customers: dict[int, int] = field(default_factory=dict)  # benign row → proxy

    def tenant(self, slot: int, at: float) -> int | None:
        """Return who fills a slot, banned or not, or nobody before its first account."""
        turn = bisect_right(self.begins[slot], at) - 1
        return self.turns[slot][turn] if turn >= 0 else None

    def alive(self, slot: int, at: float) -> int | None:
        """Return the account of a slot if it is there and not banned."""
        tenant = self.tenant(slot, at)
        return tenant if tenant is not None and at < self.tenants[tenant].banned else None

    def kept(self, what: str) -> bool:
        """Say whether heirs take this over."""
        return what in self.campaign.shape.heir_keeps.split("+")

    def own_client(self, slot: int) -> int | None:
        """Return the number of the campaign's own client that a slot comes with, if it has any."""
        own = self.campaign.shape.own_clients
        return slot % own if own else None

    def proxy(self, tenant: int, egress: int) -> int:
        """Return the proxy that one of an account's egresses is; 8 egresses on, it has moved."""
        its, shape = self.tenants[tenant], self.campaign.shape
        moves = egress >> 3
        if not self.kept("egress"):
            moves += its.generation
        # Each slot moves by a step of its own, so that neighbours do not move together.
        step = 1 + its.slot % max(1, shape.proxies - 1)
        return int(self.egresses[its.slot, egress & 7] + moves * step) % shape.proxies

    def purse(self, tenant: int, changes: int) -> int:
        """Return the number of the payment instrument after so many changes of it."""
        its = self.tenants[tenant]
        if not self.kept("payment"):
            changes += its.generation * _FOREIGN
        sets = int(self.payment.max()) + 1
        return int(self.payment[(its.slot + changes * 37) % len(self.payment)]) + changes * sets

    def rotations(self, *, tenants: Ints, at: Floats, every: float) -> Ints:
        """Return how often accounts that rotate something every so many seconds have done so."""
        if not every:
            return np.zeros(len(tenants), dtype=np.int64)
        slots = np.array([self.tenants[tenant].slot for tenant in tenants.tolist()])
        phase = slots * 7_919 % 1_000 / 1_000
        return np.floor((at - self.start) / every + phase).astype(np.int64)


def plan(world: World, population: Population, *, campaign: Campaign, taken: set[int]) -> Hydra:
    """Draw the plan of one of a world's campaigns.

    Benign accounts that are `taken` are customers of another campaign's proxies.
    """
    shape = campaign.shape
    chance = np.random.default_rng([world.seed, 3, campaign.number])
    hydra = Hydra(campaign=campaign, start=world.start)
    slots = shape.accounts
    proxies = min(shape.egresses_per_account, shape.proxies)
    # Consecutive steps through the proxies, so that an account never has one twice.
    first = chance.integers(0, shape.proxies, size=slots)
    step = np.arange(proxies) * max(1, shape.proxies // (proxies + 1))
    hydra.egresses = (first[:, None] + step[None, :]) % shape.proxies
    hydra.payment = chance.permutation(slots) // shape.accounts_per_payment
    hydra.client = chance.choice(np.array(shape.clients), size=slots)
    if shape.own_clients:
        # Each of them calls itself one thing.
        named = np.arange(slots) % shape.own_clients % len(shape.clients)
        hydra.client = np.array(shape.clients)[named]
    weight = np.exp(1.2 * chance.normal(size=slots))
    hydra.weight = weight / weight.sum()
    opened = chance.random(slots) * _OPENING_SECONDS
    for slot in range(slots):
        _fill(hydra, slot=slot, opened=float(opened[slot]), world=world, chance=chance)
    _adopt_customers(hydra, population=population, taken=taken, chance=chance)
    return hydra


def _fill(
    hydra: Hydra, *, slot: int, opened: float, world: World, chance: np.random.Generator
) -> None:
    shape = hydra.campaign.shape
    due = round(world.start + shape.at + opened, 3) if shape.at else -math.inf
    begins = due + 20.0
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
                created=due - shape.aged if due - shape.aged >= world.start else -math.inf,
                banned=round(banned, 3),
                heir_of=heir_of,
                denials=int(chance.integers(*_QUICK_TO_NOTICE)),
                refusal=401 if chance.random() < _KEY_REVOKED else 403,
                generation=len(turns) - 1,
            )
        )
        if not shape.heirs or not math.isfinite(banned):
            break
        delay = shape.heir_delay * math.exp(shape.heir_delay_spread * chance.normal())
        due = round(banned + delay, 3)
        begins = due + 5.0 + float(chance.exponential(30.0))
        heir_of = turns[-1]
    hydra.turns.append(turns)
    hydra.begins.append([hydra.tenants[tenant].begins for tenant in turns])


def _adopt_customers(
    hydra: Hydra, *, population: Population, taken: set[int], chance: np.random.Generator
) -> None:
    """Let each proxy carry some unrelated benign accounts too."""
    shape = hydra.campaign.shape
    kinds = [population.names.index(name) for name in _CUSTOMERS]
    rows = np.flatnonzero(np.isin(population.kind, kinds))
    # Most customers of a small world stay away from the proxies, or there would be no others.
    wanted = min(len(rows) // 4, shape.customers_per_proxy * shape.proxies)
    free = [row for row in chance.permutation(rows).tolist() if row not in taken]
    for place, row in enumerate(free[: max(0, wanted)]):
        hydra.customers[row] = place % shape.proxies
