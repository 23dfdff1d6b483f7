"""How fast a campaign's accounts move to another model, against customers without company."""

from collections.abc import Callable, Sequence
from itertools import chain, takewhile
from typing import Any, NamedTuple

import numpy as np
from msgspec import convert, to_builtins

from detectors.core.links import Links
from detectors.core.population import HORIZONS, HOUR, Population
from detectors.core.records import Adoption, Candidates
from detectors.sketches.adoption import (
    LEAST_ADOPTION,
    LEAST_LONE,
    LEAST_MOVERS,
    Floats,
    adopting,
    surprise,
)
from detectors.sketches.mixture import SLOTS


class Pivot(NamedTuple):
    """That accounts of a campaign moved to a model."""

    model: str
    released: float | None  # when it became available
    accounts: list[str]  # that moved within an hour, in order
    since: int  # second in which the first did
    expected: float  # how many would have, within the time that is oddest
    nats: float


def said(parts: Sequence[Links], population: Population) -> dict[str, Any]:
    """Return what a tick of the groups says to the campaigns of who moved, as fields of its record.

    Args:
        parts: the tick's links to groups of several accounts.
        population: what everybody did.
    """
    moves = dict.fromkeys(
        (links.accounts[at], int(links.models[at]))
        for links in parts
        for at in np.flatnonzero(links.moved & (links.models > 0)).tolist()
    )
    if not moves:
        return {}
    names = population.models
    slots = {slot: names[slot] for slot in sorted({slot for _, slot in moves})}
    lone = list(population.lone.values())
    released = population.released
    return {
        "moves": [(account, slots[slot]) for account, slot in moves],
        "adoption": Adoption(
            active=[scope.active.tolist() for scope in lone],
            moved={
                name: [scope.moved[:, slot].tolist() for scope in lone]
                for slot, name in slots.items()
            },
            released={name: released[name] for name in slots.values() if name in released},
        ),
    }


class Moves:
    """Keeps who of the campaigns moved to which model within an hour.

    A campaign's moves are those of all its groups together: three of each egress say little, and
    fifteen of all five of them much.
    """

    def __init__(self) -> None:
        self._moved: dict[str, dict[str, int]] = {}  # model to account to second, in order
        self._adoption: dict[int, tuple[int, Adoption]] = {}  # by partition, with its second
        self._now: set[tuple[str, str]] = set()  # account and model of the tick's moves

    def take(
        self, part: Candidates, *, tick: int, campaign_of: Callable[[str], str | None]
    ) -> bool:
        """Take in what one partition of the groups says; tell whether a campaign moved."""
        if part.adoption is not None:
            self._adoption[part.source] = tick, part.adoption
        for account, model in part.moves:
            if campaign_of(account) is not None:
                moved = self._moved.setdefault(model, {})
                moved.pop(account, None)
                moved[account] = tick
                self._now.add((account, model))
        return bool(self._now)

    def pivots(
        self, tick: int, *, sizes: dict[str, int], campaign_of: Callable[[str], str | None]
    ) -> dict[str, Pivot]:
        """Return, of the campaigns that moved in this tick, each one's oddest move.

        Args:
            tick: second that is closed.
            sizes: accounts of each campaign.
            campaign_of: the campaign of an account by now, whichever it was in when it moved.
        """
        now, self._now = self._now, set()
        for model, moved in list(self._moved.items()):
            over = list(takewhile(lambda known: tick - known[1] > HOUR, moved.items()))
            for account, _ in over:
                del moved[account]
            if not moved:
                del self._moved[model]
        found: dict[str, Pivot] = {}
        for model in sorted({model for _, model in now}):
            moved = self._moved[model]
            rates = self._rates(model, tick)
            names = {campaign_of(account) for account, to in now if to == model}
            movers: dict[str, list[str]] = {name: [] for name in sizes if name in names}
            for account in moved:
                name = campaign_of(account)
                if name in movers:
                    movers[name].append(account)
            for name, accounts in movers.items():
                pivot = self._pivot(model, accounts, rates, of=sizes[name], tick=tick)
                if pivot.nats > (found[name].nats if name in found else 0.0):
                    found[name] = pivot
        return found

    def snapshot(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "moved": {model: list(moved.items()) for model, moved in self._moved.items()},
            "adoption": to_builtins(list(self._adoption.items())),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self._moved = {model: dict(moved) for model, moved in state["moved"].items()}
        known = convert(state["adoption"], list[tuple[int, tuple[int, Adoption]]])
        self._adoption = dict(known)

    def _rates(self, model: str, tick: int) -> Floats:
        """Return the part of customers that moves there, for each of `HORIZONS`."""
        active = moved = np.zeros((1, len(HORIZONS)))
        for at, adoption in self._adoption.values():
            fading = np.exp(-(tick - at) / HORIZONS)
            active = active + np.array(adoption.active) * fading
            if model in adoption.moved:
                moved = moved + np.array(adoption.moved[model]) * fading
        rates = np.where(active >= LEAST_LONE, adopting(moved, active), 1.0).min(axis=0)
        likely: Floats = np.maximum(rates, LEAST_ADOPTION)
        return likely

    def _pivot(
        self,
        model: str,
        accounts: list[str],
        rates: Floats,
        *,
        of: int,
        tick: int,
    ) -> Pivot:
        at = np.array([self._moved[model][account] for account in accounts], dtype=np.float64)
        counts = np.exp((at - tick)[:, None] / HORIZONS).sum(axis=0)
        many = np.full(len(HORIZONS), max(float(of), len(accounts)))
        choices = SLOTS * len(HORIZONS)
        nats = surprise(counts, of=many, rate=rates, choices=choices)
        nats[(counts < LEAST_MOVERS - 0.05) | (rates >= 1.0)] = 0.0
        best = int(nats.argmax())
        told = chain(*(a.released.items() for _, a in self._adoption.values()))
        return Pivot(
            model=model,
            released=dict(told).get(model),
            accounts=accounts,
            since=int(at.min()),
            expected=float(rates[best] * many[best]),
            nats=float(nats[best]),
        )
