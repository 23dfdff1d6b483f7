"""The benign accounts of a world, drawn once, as columns with one row an account."""

from dataclasses import dataclass

import numpy as np

from stream.simulate import identity
from stream.simulate.adoption import Adoption
from stream.simulate.benign_class import BenignClass
from stream.simulate.classes import CLASSES
from stream.simulate.columns import Flags, Floats, Ints
from stream.simulate.departures import Departures
from stream.simulate.rhythm import RHYTHMS
from stream.simulate.world import DAY, World

_MOVING = 0.3  # share of the homes whose address changes by the day or week
_BATCH_SPEED = 4.0  # median requests per second of a nightly batch
_ZONES = np.array([-8, -5, -3, 0, 1, 2, 5.5, 8, 9]) * 3_600.0
_ZONE_SHARES = np.array([0.12, 0.2, 0.06, 0.12, 0.2, 0.06, 0.12, 0.06, 0.06])


@dataclass(frozen=True, slots=True)
class Population:
    """What distinguishes each benign account."""

    names: tuple[str, ...]
    kind: Ints  # index into `names`
    zone: Floats  # seconds that local time is ahead of UTC
    rhythm: Ints
    born: Floats  # event time; minus infinity for those who were there before
    burst_gap: Floats  # mean seconds between bursts, in the account's own time
    burst: Floats  # mean requests of a burst
    spacing: Floats  # seconds between requests for those who space them evenly
    input_tokens: Floats  # median at the opening of a conversation
    input_spread: Floats
    output_tokens: Floats
    constant: Flags
    cue: Floats  # chance that a prompt asks for steps
    model: Ints
    place: Ints
    places: Ints  # how many egresses the account has
    payment: Ints  # -1: pays nothing
    client: Ints
    sibling: Ints  # whom the owner of several accounts tries next; the account itself for others
    moves: Floats  # seconds after which a home is given another address; 0: it keeps it
    adoption: Adoption
    leaving: Departures

    def of(self, name: str) -> Ints:
        """Return the rows of a class."""
        return np.flatnonzero(self.kind == self.names.index(name))


def draw(world: World) -> Population:
    """Draw the population of a world; a campaign in it changes nothing here."""
    chance = np.random.default_rng([world.seed, 1])
    count = world.accounts
    names = tuple(CLASSES)
    shares = np.array([each.share for each in CLASSES.values()])
    kind = np.sort(chance.choice(len(names), size=count, p=shares / shares.sum())).astype(np.int64)
    classes = list(CLASSES.values())

    def of_class(field: str) -> Floats:
        return np.array([getattr(each, field) for each in classes], dtype=np.float64)[kind]

    rate = of_class("requests_day") * np.exp(
        of_class("requests_spread") * chance.normal(size=count)
    )
    rate = np.clip(rate, 1.0, of_class("ceiling"))
    batch = of_class("burst") == 0
    burst = np.where(batch, rate * world.intensity, of_class("burst"))
    born = np.full(count, -np.inf)
    newborn = chance.random(count) < min(1.0, world.churn * world.hours / 24)
    born[newborn] = world.start + chance.random(int(newborn.sum())) * world.hours * 3600
    constant = chance.random(count) < of_class("constant")
    within = np.where(constant, 0.01 + 0.03 * chance.random(count), 0.5)
    model = chance.choice(3, size=count, p=[0.55, 0.3, 0.15]).astype(np.int64)
    zone = chance.choice(_ZONES, size=count, p=_ZONE_SHARES)
    place, places = _places(kind, classes, chance)
    payment = _payments(kind, classes, chance)
    later = np.random.default_rng([world.seed, 5])
    moves = np.where(later.random(count) < _MOVING, later.choice([DAY, 7 * DAY], size=count), 0.0)
    return Population(
        names=names,
        kind=kind,
        zone=zone,
        rhythm=np.array([RHYTHMS.index(each.rhythm) for each in classes], dtype=np.int64)[kind],
        born=born,
        burst_gap=np.where(batch, DAY, DAY * burst / (rate * world.intensity)),
        burst=burst,
        spacing=np.where(batch, np.exp(0.5 * chance.normal(size=count)) / _BATCH_SPEED, 0.0),
        input_tokens=of_class("input_tokens")
        * np.exp(of_class("input_spread") * 0.6 * chance.normal(size=count)),
        input_spread=within,
        output_tokens=of_class("output_tokens") * np.exp(0.4 * chance.normal(size=count)),
        constant=constant,
        cue=0.02 + 0.10 * chance.random(count),
        model=model,
        place=place,
        places=places,
        payment=payment,
        client=_clients(kind, classes, chance),
        sibling=_siblings(payment),
        moves=moves,
        adoption=Adoption.draw(haste=of_class("haste"), chance=chance),
        leaving=Departures.draw(
            born=born, start=world.start, end=world.end, share=world.departures, chance=later
        ),
    )


def _places(
    kind: Ints, classes: list[BenignClass], chance: np.random.Generator
) -> tuple[Ints, Ints]:
    place = np.arange(len(kind), dtype=np.int64)
    places = np.ones(len(kind), dtype=np.int64)
    next_free = dict.fromkeys(("office", "exit", "carrier", "datacenter"), 0)
    for number, each in enumerate(classes):
        rows = np.flatnonzero(kind == number)
        if each.block == "home":
            places[rows] = 1 + (chance.random(len(rows)) < 0.25)
            continue
        crowds = _crowds(len(rows), mean=each.crowd, chance=chance)
        block = getattr(identity, each.block.upper())
        place[rows] = identity.site(block=block, number=next_free[each.block]) + crowds
        next_free[each.block] += len(rows)
        if each.block == "exit":
            places[rows] = 2
    return place, places


def _payments(kind: Ints, classes: list[BenignClass], chance: np.random.Generator) -> Ints:
    payment = np.arange(len(kind), dtype=np.int64)
    for number, each in enumerate(classes):
        rows = np.flatnonzero(kind == number)
        if each.payment_crowd == 0:
            payment[rows[chance.random(len(rows)) < 0.6]] = -1
        elif each.payment_crowd > 1 and len(rows):
            # The first account of a crowd lends the number, so that no two crowds share one.
            crowds = _crowds(len(rows), mean=each.payment_crowd, chance=chance)
            first = np.unique(crowds, return_index=True)[1]
            payment[rows] = rows[first[crowds]]
    return payment


def _siblings(payment: Ints) -> Ints:
    """Return for each account the next that pays with the same instrument, or itself."""
    rows = np.arange(len(payment), dtype=np.int64)
    order = np.argsort(payment, kind="stable")
    following = np.roll(order, -1)
    same = (payment[order] == payment[following]) & (payment[order] >= 0)
    sibling = rows.copy()
    sibling[order[same]] = following[same]
    return sibling


def _crowds(count: int, *, mean: int, chance: np.random.Generator) -> Ints:
    """Number the crowds that `count` accounts in a row fall into; their sizes are log-normal."""
    if mean == 1:
        return np.arange(count, dtype=np.int64)
    sizes = np.ceil(mean * np.exp(0.7 * chance.normal(size=count) - 0.245)).astype(np.int64)
    return np.repeat(np.arange(count, dtype=np.int64), sizes)[:count]


def _clients(kind: Ints, classes: list[BenignClass], chance: np.random.Generator) -> Ints:
    client = np.zeros(len(kind), dtype=np.int64)
    for number, each in enumerate(classes):
        rows = np.flatnonzero(kind == number)
        client[rows] = chance.choice(np.array(each.clients, dtype=np.int64), size=len(rows))
    return client
