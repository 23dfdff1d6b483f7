"""What happens to accounts and models in a world: all records but the requests."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from stream.simulate.accounts import Accounts
from stream.simulate.hydra import Hydra
from stream.simulate.identity import MODELS, NEW_MODEL
from stream.simulate.population import Population
from stream.simulate.world import World

#: When, to whom, what, and how many payment instruments the account had had before.
_Event = tuple[float, int, str, int]
_REASONS = ("breach of terms", "chargeback", "automated review", "owner's wish")


def happenings(
    world: World, population: Population, hydras: Sequence[Hydra], accounts: Accounts
) -> Iterator[dict[str, Any]]:
    """Yield lifecycle and release records in order; those of benign accounts look no different."""
    found: list[_Event] = [*_births(population), *_departures(population)]
    for number, hydra in enumerate(hydras):
        first = accounts.first_actor(number)
        found += _campaign_births(hydra, first)
        found += _campaign_payments(world, hydra, first)
    events = [
        _lifecycle(accounts, ts=ts, actor=actor, event=event, purse=purse)
        for ts, actor, event, purse in sorted(found)
        if world.start <= ts < world.end
    ]
    if world.released is not None and world.released < world.end:
        events.append({"kind": "release", "ts": world.released, "model": MODELS[NEW_MODEL]})
    return iter(sorted(events, key=lambda event: float(event["ts"])))


def _births(population: Population) -> Iterator[_Event]:
    for actor in np.flatnonzero(np.isfinite(population.born)).tolist():
        born = float(population.born[actor])
        yield born, actor, "created", 0
        yield born + 20, actor, "verified", 0
        if population.payment[actor] >= 0:
            yield born + 40, actor, "payment", 0


def _departures(population: Population) -> Iterator[_Event]:
    leaving = population.leaving
    for actor in np.flatnonzero(np.isfinite(leaving.gone)).tolist():
        gone, back = float(leaving.gone[actor]), float(leaving.back[actor])
        if leaving.own_wish[actor]:
            yield gone, actor, "deleted", 0
            continue
        yield gone, actor, "banned", 0
        if np.isfinite(back):
            yield gone + 0.4 * (back - gone), actor, "appealed", 0
            yield back, actor, "restored", 0
    for actor in np.flatnonzero(np.isfinite(leaving.new_card)).tolist():
        if population.payment[actor] >= 0:
            yield float(leaving.new_card[actor]), actor, "payment", 1


def _campaign_births(hydra: Hydra, first: int) -> Iterator[_Event]:
    for actor, tenant in enumerate(hydra.tenants, start=first):
        if np.isfinite(tenant.created):
            opened, begins = tenant.created, tenant.begins
            yield opened, actor, "created", 0
            yield opened + (begins - opened) / 4, actor, "verified", 0
            at = np.array([opened])
            yield (opened + begins) / 2, actor, "payment", int(_purses(hydra, actor - first, at)[0])
        if np.isfinite(tenant.banned):
            yield tenant.banned, actor, "banned", 0


def _campaign_payments(world: World, hydra: Hydra, first: int) -> Iterator[_Event]:
    """Yield each change of an account's payment, where the campaign rotates them."""
    every = hydra.campaign.shape.rotate_payment
    if not every:
        return
    ends = np.array([world.start, world.end])
    for place, tenant in enumerate(hydra.tenants):
        low, high = _purses(hydra, place, ends).tolist()
        phase = tenant.slot * 7_919 % 1_000 / 1_000
        for changes in range(low + 1, high + 1):
            at = world.start + (changes - phase) * every
            if tenant.begins < at < tenant.banned:
                yield at, first + place, "payment", changes


def _purses(hydra: Hydra, tenant: int, at: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    tenants = np.full(len(at), tenant, dtype=np.int64)
    return hydra.rotations(tenants=tenants, at=at, every=hydra.campaign.shape.rotate_payment)


def _lifecycle(
    accounts: Accounts, *, ts: float, actor: int, event: str, purse: int
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": "lifecycle",
        "ts": round(ts, 3),
        "account": accounts.name(actor),
        "event": event,
    }
    if event == "payment":
        record["payment"] = accounts.payment(actor, purse)
    if event == "created":
        record |= {"plan": accounts.plan(actor), "ip": accounts.address(actor, 0)}
    if event in ("banned", "deleted"):
        # Drawn from the name, so that the reason says nothing about who it is.
        number = 3 if event == "deleted" else int(record["account"][-2:], 16) % 3
        record["reason"] = _REASONS[number]
    return record
