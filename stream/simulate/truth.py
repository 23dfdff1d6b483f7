"""The labels of a simulated world: who is who, what happened when."""

from typing import Any

import numpy as np

from stream.simulate.identity import MODELS, NEW_MODEL
from stream.simulate.traffic import Traffic
from stream.simulate.wording import CAMPAIGN, Wording, wording
from stream.simulate.world import World

_EXAMPLES = 2


def labels(world: World) -> dict[str, Any]:
    """Return what is true of a world, ready for JSON; draws the campaign's requests once."""
    traffic = Traffic(world)
    population, accounts = traffic.population, traffic.accounts
    benign = {
        name: [accounts.name(actor) for actor in population.of(name).tolist()]
        for name in population.names
    }
    release = None
    if world.released is not None:
        release = {"ts": world.released, "model": MODELS[NEW_MODEL]}
    return {
        "seed": world.seed,
        "start": world.start,
        "end": world.end,
        "release": release,
        "benign": benign,
        "organic_adoption": _adoption(world, traffic),
        "campaigns": [] if world.campaign is None else [_campaign(world, traffic)],
    }


def _adoption(world: World, traffic: Traffic) -> dict[str, float]:
    """Return from when on each benign account uses the new model, if it does in this world."""
    if world.released is None:
        return {}
    at = world.released + traffic.population.adoption.delay
    return {
        traffic.accounts.name(actor): round(float(at[actor]), 3)
        for actor in np.flatnonzero(at < world.end).tolist()
    }


def _campaign(world: World, traffic: Traffic) -> dict[str, Any]:
    accounts, hydra, shape = traffic.accounts, traffic.hydra, world.shape()
    seen = _seen(traffic)
    members: dict[str, dict[str, Any]] = {}
    bans: list[dict[str, Any]] = []
    heirs: dict[str, str] = {}
    for place, tenant in enumerate(hydra.tenants):
        actor = accounts.first_campaign_actor + place
        name = accounts.name(actor)
        banned = round(tenant.banned, 3) if np.isfinite(tenant.banned) else None
        members[name] = {
            "role": "founder" if tenant.heir_of is None else "heir",
            "slot": tenant.slot,
            "payment": accounts.payment(actor),
            "proxies": [accounts.range_of_proxy(proxy) for proxy in accounts.proxies(actor)],
            "created": round(tenant.created, 3) if np.isfinite(tenant.created) else None,
            "banned": banned,
            **seen.get(actor, _UNSEEN),
        }
        if banned is not None:
            bans.append({"ts": banned, "account": name})
        if tenant.heir_of is not None:
            heirs[accounts.name(accounts.first_campaign_actor + tenant.heir_of)] = name
    return {
        "name": world.campaign,
        "accounts": members,
        "bans": sorted(bans, key=lambda ban: (float(ban["ts"]), str(ban["account"]))),
        "heirs": heirs,
        "proxies": _proxies(traffic, count=shape.proxies),
        "payments": sorted({str(each["payment"]) for each in members.values()}),
        "templates": _templates(world, count=shape.templates),
        "first_extraction": min(
            (each["first_extraction"] for each in members.values() if each["extraction"]),
            default=None,
        ),
        "pivot": _pivot(world),
    }


_UNSEEN: dict[str, Any] = {
    "first": None,
    "last": None,
    "first_extraction": None,
    "requests": 0,
    "extraction": 0,
    "denied": 0,
    "moved": 0,
}


def _seen(traffic: Traffic) -> dict[int, dict[str, Any]]:
    """Sum up the campaign's requests by account."""
    seen: dict[int, dict[str, Any]] = {}
    for requests in traffic.extraction():
        columns = [
            requests[name].tolist() for name in ("actor", "ts", "extraction", "status", "model")
        ]
        for actor, ts, wanted, status, model in zip(*columns, strict=True):
            its = seen.setdefault(actor, dict(_UNSEEN, first=ts))
            its["last"] = ts
            its["requests"] += 1
            its["extraction"] += wanted
            its["denied"] += status == 403
            its["moved"] += model == NEW_MODEL
            if wanted and its["first_extraction"] is None:
                its["first_extraction"] = ts
    return seen


def _proxies(traffic: Traffic, *, count: int) -> dict[str, dict[str, list[str]]]:
    accounts = traffic.accounts
    proxies: list[dict[str, list[str]]] = [{"accounts": [], "customers": []} for _ in range(count)]
    for place in range(len(traffic.hydra.tenants)):
        actor = accounts.first_campaign_actor + place
        for proxy in accounts.proxies(actor):
            proxies[proxy]["accounts"].append(accounts.name(actor))
    for row, proxy in traffic.hydra.customers.items():
        proxies[proxy]["customers"].append(accounts.name(row))
    return {accounts.range_of_proxy(proxy): its for proxy, its in enumerate(proxies)}


def _templates(world: World, *, count: int) -> list[dict[str, Any]]:
    words = Wording(seed=world.seed, campaign=world.shape().wording, text="prompt")
    return [
        {
            "id": number,
            "examples": [
                words.text(which=wording(CAMPAIGN, number), chance=example, cue=False)
                for example in range(_EXAMPLES)
            ],
        }
        for number in range(count)
    ]


def _pivot(world: World) -> dict[str, Any] | None:
    begins = world.pivot_begins
    if begins is None or begins >= world.end or not world.pivot_share:
        return None
    return {
        "start": begins,
        "end": begins + world.pivot_seconds,
        "share": world.pivot_share,
        "model": MODELS[NEW_MODEL],
    }
