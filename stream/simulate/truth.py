"""The labels of a simulated world: who is who, what happened when."""

from typing import Any

import numpy as np

from stream.simulate.campaign_truth import CampaignTruth
from stream.simulate.classes import CLASSES
from stream.simulate.identity import MODELS, NEW_MODEL
from stream.simulate.traffic import Traffic
from stream.simulate.world import World


def labels(world: World) -> dict[str, Any]:
    """Return what is true of a world, ready for JSON; draws the campaigns' requests once."""
    traffic = Traffic(world)
    population, accounts = traffic.population, traffic.accounts
    benign = {
        name: [accounts.name(actor) for actor in population.of(name).tolist()]
        for name in population.names
    }
    release = None
    if world.released is not None:
        release = {"ts": world.released, "model": MODELS[NEW_MODEL]}
    truths = [CampaignTruth(world, traffic, number) for number in range(len(traffic.hydras))]
    if truths:
        for requests in traffic.extraction():
            for truth in truths:
                truth.see(requests)
    return {
        "seed": world.seed,
        "start": world.start,
        "end": world.end,
        "release": release,
        "benign": benign,
        "benign_capabilities": {name: each.capability for name, each in CLASSES.items()},
        "benign_departures": _departures(world, traffic),
        "organic_adoption": _adoption(world, traffic),
        "campaigns": [truth.told() for truth in truths],
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


def _departures(world: World, traffic: Traffic) -> list[dict[str, Any]]:
    """Return which benign accounts were banned or closed, and which of them came back."""
    leaving = traffic.population.leaving
    found = []
    for actor in np.flatnonzero(leaving.gone < world.end).tolist():
        back = float(leaving.back[actor])
        found.append(
            {
                "ts": float(leaving.gone[actor]),
                "account": traffic.accounts.name(actor),
                "event": "deleted" if leaving.own_wish[actor] else "banned",
                "restored": back if back < world.end else None,
            }
        )
    return sorted(found, key=lambda each: (each["ts"], each["account"]))
