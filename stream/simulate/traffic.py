"""The records of a simulated world, in event-time order, a slice of time at a time."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import orjson

from stream.simulate.accounts import Accounts
from stream.simulate.background import WARM_UP, Background
from stream.simulate.class_columns import ClassColumns
from stream.simulate.clocks import BuiltInClocks, Clocks
from stream.simulate.columns import Columns, blank
from stream.simulate.encode import Encoder
from stream.simulate.extraction import Extraction
from stream.simulate.happenings import happenings
from stream.simulate.hydra import plan
from stream.simulate.population import Population, draw
from stream.simulate.world import World

_AT_A_TIME: Final = 4_096  # requests that a slice should hold
_SHORTEST, _LONGEST = 5.0, 300.0  # seconds of a slice


class Traffic:
    """One run through a world; its state does not grow with the hours."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.population, self.clocks = _people(world)
        self.hydras = []
        taken: set[int] = set()
        for campaign in world.campaigns:
            hydra = plan(world, self.population, campaign=campaign, taken=taken)
            taken.update(hydra.customers)
            self.hydras.append(hydra)
        self.accounts = Accounts(world=world, population=self.population, hydras=self.hydras)

    def requests(self) -> Iterator[Columns]:
        """Yield slices of requests as sorted columns."""
        world = self._world
        sources: list[Background | Extraction] = [
            Background(world=world, population=self.population, clocks=self.clocks)
        ]
        return self._slices([*sources, *self._campaigns()])

    def extraction(self) -> Iterator[Columns]:
        """Yield the campaigns' requests alone, the very ones that `requests` mixes in."""
        return self._slices(list(self._campaigns()))

    def _campaigns(self) -> Iterator[Extraction]:
        for number, hydra in enumerate(self.hydras):
            first = self.accounts.first_actor(number)
            yield Extraction(world=self._world, hydra=hydra, first_actor=first)

    def _slices(self, sources: list[Background | Extraction]) -> Iterator[Columns]:
        world = self._world
        width = _width(world, self.population)
        slices = int(np.ceil((world.end - world.start + WARM_UP) / width))
        for number in range(1, slices + 1):
            end = min(world.start - WARM_UP + number * width, world.end)
            drawn = [source.until(end) for source in sources]
            requests = np.concatenate([blank(0), *drawn])
            if len(requests):
                requests["ts"] = np.round(requests["ts"], 3)
                yield requests[np.argsort(requests["ts"], kind="stable")]


def _people(world: World) -> tuple[Population, Clocks]:
    population = draw(world)
    if world.trace is None:
        classes = ClassColumns(population)
        return population, BuiltInClocks(population=population, classes=classes)
    from stream.simulate.servegen import read
    from stream.simulate.trace import Trace

    trace = Trace.draw(world=world, clients=read(world.trace), timetabled=population.spacing > 0)
    return trace.settle(population, world=world), trace


def records(world: World) -> Iterator[bytes]:
    """Yield a world's records as JSON lines without their newline, in event-time order.

    A request carries no `kind`; the others are `lifecycle` and `release` records.
    """
    traffic = Traffic(world)
    encoder = Encoder(world=world, accounts=traffic.accounts)
    events = happenings(world, traffic.population, traffic.hydras, traffic.accounts)
    following = next(events, None)
    for requests in traffic.requests():
        lines, place = encoder.encode(requests), 0
        while following is not None and following["ts"] <= requests["ts"][-1]:
            before = int(np.searchsorted(requests["ts"], following["ts"], side="left"))
            yield from lines[place:before]
            yield orjson.dumps(following)
            place, following = before, next(events, None)
        yield from lines[place:]
    while following is not None:
        yield orjson.dumps(following)
        following = next(events, None)


def simulate(world: World) -> Iterator[dict[str, Any]]:
    """Yield a world's records as dictionaries, the same ones as `records`."""
    return map(orjson.loads, records(world))


def _width(world: World, population: Population) -> float:
    rate = float(np.sum(population.burst / population.burst_gap))
    for campaign in world.campaigns:
        rate += campaign.shape.accounts * campaign.shape.requests_per_account_day / 86_400
    return float(np.clip(_AT_A_TIME / max(rate, 1e-9), _SHORTEST, _LONGEST))
