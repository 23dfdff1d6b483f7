"""The records of a simulated world, in event-time order, a slice of time at a time."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import orjson

from stream.simulate.accounts import Accounts
from stream.simulate.background import WARM_UP, Background
from stream.simulate.columns import Columns, blank
from stream.simulate.encode import Encoder
from stream.simulate.extraction import Extraction
from stream.simulate.hydra import Hydra, plan
from stream.simulate.identity import MODELS, NEW_MODEL
from stream.simulate.population import Population, draw
from stream.simulate.world import World

_AT_A_TIME: Final = 4_096  # requests that a slice should hold
_SHORTEST, _LONGEST = 5.0, 300.0  # seconds of a slice


class Traffic:
    """One run through a world; its state does not grow with the hours."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.population = draw(world)
        self.hydra = plan(world, self.population)
        self.accounts = Accounts(world=world, population=self.population, hydra=self.hydra)

    def requests(self) -> Iterator[Columns]:
        """Yield slices of requests as sorted columns."""
        world = self._world
        sources: list[Background | Extraction] = [
            Background(world=world, population=self.population)
        ]
        return self._slices([*sources, *self._campaign()])

    def extraction(self) -> Iterator[Columns]:
        """Yield the campaign's requests alone, the very ones that `requests` mixes in."""
        return self._slices(list(self._campaign()))

    def _campaign(self) -> Iterator[Extraction]:
        if self._world.campaign is not None:
            yield Extraction(
                world=self._world,
                hydra=self.hydra,
                first_actor=self.accounts.first_campaign_actor,
            )

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


def records(world: World) -> Iterator[bytes]:
    """Yield a world's records as JSON lines without their newline, in event-time order.

    A request carries no `kind`; the others are `lifecycle` and `release` records.
    """
    traffic = Traffic(world)
    encoder = Encoder(world=world, accounts=traffic.accounts)
    events = _events(world, traffic)
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
    if world.campaign is not None:
        shape = world.shape()
        rate += shape.accounts * shape.requests_per_account_day / 86_400
    return float(np.clip(_AT_A_TIME / max(rate, 1e-9), _SHORTEST, _LONGEST))


def _events(world: World, traffic: Traffic) -> Iterator[dict[str, Any]]:
    """Yield all that is not a request, in order."""
    found = [*_births(world, traffic.population), *_campaign_births(world, traffic.hydra, traffic)]
    events = [
        _lifecycle(traffic.accounts, ts=ts, actor=actor, event=event)
        for ts, actor, event in sorted(found)
        if world.start <= ts < world.end
    ]
    if world.released is not None and world.released < world.end:
        events.append({"kind": "release", "ts": world.released, "model": MODELS[NEW_MODEL]})
    return iter(sorted(events, key=lambda event: float(event["ts"])))


def _births(world: World, population: Population) -> Iterator[tuple[float, int, str]]:
    for actor in np.flatnonzero(np.isfinite(population.born)).tolist():
        born = float(population.born[actor])
        yield born, actor, "created"
        yield born + 20, actor, "verified"
        if population.payment[actor] >= 0:
            yield born + 40, actor, "payment"


def _campaign_births(
    world: World, hydra: Hydra, traffic: Traffic
) -> Iterator[tuple[float, int, str]]:
    for actor, tenant in enumerate(hydra.tenants, start=traffic.accounts.first_campaign_actor):
        if np.isfinite(tenant.created):
            yield tenant.created, actor, "created"
            yield (tenant.created + tenant.begins) / 2, actor, "payment"
        if np.isfinite(tenant.banned):
            yield tenant.banned, actor, "banned"


def _lifecycle(accounts: Accounts, *, ts: float, actor: int, event: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": "lifecycle",
        "ts": round(ts, 3),
        "account": accounts.name(actor),
        "event": event,
    }
    if event == "payment":
        record["payment"] = accounts.payment(actor)
    if event == "created":
        record |= {"plan": accounts.plan(actor), "ip": accounts.address(actor, 0)}
    if event == "banned":
        record["reason"] = "breach of terms"
    return record
