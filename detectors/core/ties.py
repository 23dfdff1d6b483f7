"""Which suspects hang together: those that share accounts, or egresses, beyond chance."""

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from scipy.special import gammainc

from detectors.core.agreed import agreed
from detectors.core.mesh import Mesh
from detectors.core.suspects import Suspect
from detectors.sketches.crowding import Crowd
from detectors.sketches.proportion import at_least

#: Two suspects are tied by at least so many common members, as large a part of the smaller one, and
#: where that many would be common by chance with a probability of e to the minus so many nats.
LEAST_COMMON, LEAST_PART, TIE = 3, 0.2, 20.0
#: Nats for what belongs to several that are tied already, by the accounts that alerts named; and
#: for an alert by itself, as two of them at a time that have nothing to do with each other are
#: seldom: the budget is a few false alerts a day.
JOIN, JOIN_ALERT = 8.0, 2.5
#: How alike members of one group are in belonging to another group, or in where they are.
CORRELATION = 0.01
#: Accounts are at a core when so many parts as they are in would be those of a fifth as many by
#: chance; and they must be as large a part of what they make one.
CORE_CHANCE, CORE_PART = 0.2, 0.5


@dataclass(slots=True)
class Part:
    """Suspects that are one already, and the accounts by which they are compared."""

    suspects: list[Suspect]
    accounts: set[str]


def components(
    suspects: Iterable[Suspect], *, accounts: int, crowd: Crowd | None
) -> list[list[Suspect]]:
    """Return the suspects that hang together, those alone left out.

    Two are tied when they have more members in common than by chance: as the members of the larger
    one are that part of all accounts, how surprising is it to find so many of them in the smaller
    one?  An exit or a reseller that half the world uses is tied to nothing by that.  Next, those
    are one whose accounts are in far more suspects than accounts usually are (`_cores`).  What is
    tied then draws in others by the accounts that the alerts named, all taken together: a
    campaign's payments, egresses and templates cross each other, and two of them may have few in
    common.  So may two parts of one campaign, as long as an account has asked little; but their
    templates come through the same egresses (`_at_the_same`).

    Args:
        suspects: what to compare, in order.
        accounts: how many there are in all.
        crowd: at which egresses accounts at random would be.
    """
    parts = [Part([suspect], set(suspect.members)) for suspect in suspects]
    parts = _tied(parts, accounts=accounts, nats=TIE, suspects=1)
    parts = _cores(parts, accounts=accounts)
    before = -1
    while len(parts) != before:
        before = len(parts)
        for part in parts:
            part.accounts = set(agreed(part.suspects))
        parts = _tied(parts, accounts=accounts, nats=JOIN, suspects=2)
        if crowd is not None:
            parts = _at_the_same(parts, crowd)
    return [part.suspects for part in parts if len(part.suspects) > 1]


def _cores(parts: list[Part], *, accounts: int) -> list[Part]:
    """Return the parts with those made one whose accounts are in far more of them than others are.

    Two templates of a campaign may have hardly an account in common, while each of its accounts is
    in many of them.  Parts with few such accounts, and accounts with few such parts, are taken
    away until none is left; what then shares an account is one.

    References:
        Benjamini, Hochberg (1995), Controlling the false discovery rate (how many parts are many).
        Seidman (1983), Network structure and minimum degree (k-cores).
    """
    having: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        for account in part.accounts:
            having.setdefault(account, []).append(number)
    everybody = max(accounts, len(having))
    by_chance = sum(len(part.accounts) for part in parts) / max(everybody, 1)
    counts = Counter(len(those) for those in having.values())
    found, least = 0, math.inf
    for count in sorted(counts, reverse=True):
        found += counts[count]
        expected = everybody * float(gammainc(count, by_chance))
        if count >= LEAST_COMMON and expected <= CORE_CHANCE * found:
            least = count
    core = {account: set(those) for account, those in having.items() if len(those) >= least}
    inside: dict[int, set[str]] = {}
    for account, those in core.items():
        for number in those:
            inside.setdefault(number, set()).add(account)
    needed = [max(LEAST_COMMON, CORE_PART * len(part.accounts)) for part in parts]
    weak = [number for number, those in inside.items() if len(those) < needed[number]]
    while weak:
        for account in inside.pop(weak.pop(), ()):
            core[account] = {number for number in core[account] if number in inside}
            if len(core[account]) < LEAST_COMMON:
                for number in core.pop(account):
                    inside[number].discard(account)
                    if len(inside[number]) < needed[number]:
                        weak.append(number)
    joined = DisjointSet(range(len(parts)))
    for first, *others in core.values():
        for other in others:
            joined.merge(first, other)
    return _merged(parts, joined)


def _tied(parts: list[Part], *, accounts: int, nats: float, suspects: int) -> list[Part]:
    """Return the parts with those made one that are tied, of which one has so many suspects."""
    joined = DisjointSet(range(len(parts)))
    for number, common in _shared(part.accounts for part in parts):
        part = parts[number]
        others = [
            other
            for other, count in common.items()
            if count >= _least(part, parts[other], suspects)
            and max(len(part.suspects), len(parts[other].suspects)) >= suspects
        ]
        if not others:
            continue
        counts = np.array([common[other] for other in others], dtype=np.float64)
        sizes = np.array([len(parts[other].accounts) for other in others], dtype=np.float64)
        small, large = np.minimum(sizes, len(part.accounts)), np.maximum(sizes, len(part.accounts))
        rate = large / np.maximum(accounts, large + 1.0)
        chance = at_least(counts, of=small, rate=rate, correlation=CORRELATION)
        needed = np.array([_needed(part, parts[other], nats) for other in others])
        tied = (counts >= LEAST_PART * small) & (chance >= needed)
        for position in np.flatnonzero(tied).tolist():
            joined.merge(number, others[position])
    return _merged(parts, joined)


def _least(one: Part, other: Part, suspects: int) -> int:
    """Return how many accounts must be common; of a payment of two both, once others are tied."""
    if suspects == 1:
        return LEAST_COMMON
    return max(2, min(LEAST_COMMON, len(one.accounts), len(other.accounts)))


def _at_the_same(parts: list[Part], crowd: Crowd) -> list[Part]:
    """Return the parts with those made one whose templates' accounts are at the same egresses.

    How many egresses two parts would have in common by accident is known from how accounts crowd:
    at those that half the world uses they would all be.
    """
    meshes = [Mesh.of(part.suspects) for part in parts]
    joined = DisjointSet(range(len(parts)))
    for number, near in _shared(mesh.at for mesh in meshes):
        own = meshes[number]
        others = [
            other
            for other, count in near.items()
            if count >= LEAST_COMMON
            and max(len(parts[number].suspects), len(parts[other].suspects)) > 1
        ]
        if not others:
            continue
        common = np.array([own.common(meshes[other]) for other in others], dtype=np.float64)
        egresses = np.array([len(meshes[other].at) for other in others], dtype=np.float64)
        places = np.array([meshes[other].places for other in others], dtype=np.float64)
        small = np.minimum(egresses, len(own.at))
        rate = np.clip(crowd.common(places, own.places) / small, 0.0, 1.0)
        chance = at_least(common, of=small, rate=rate, correlation=CORRELATION)
        both = np.array([min(own.part(meshes[o]), meshes[o].part(own)) for o in others])
        tied = (common >= LEAST_COMMON) & (both >= LEAST_PART) & (chance >= JOIN)
        for position in np.flatnonzero(tied).tolist():
            joined.merge(number, others[position])
    return _merged(parts, joined)


def _shared(groups: Iterable[Collection[Hashable]]) -> Iterator[tuple[int, Counter[int]]]:
    """Yield each group's number, and how much it has in common with each before it, if anything."""
    having: dict[Hashable, list[int]] = {}
    for number, own in enumerate(groups):
        yield number, Counter(chain.from_iterable(having.get(each, ()) for each in own))
        for each in own:
            having.setdefault(each, []).append(number)


def _merged(parts: list[Part], joined: DisjointSet) -> list[Part]:
    """Return the parts with those of each subset made one, in the order of their first."""
    merged: dict[int, Part] = {}
    for number, part in enumerate(parts):
        whole = merged.setdefault(joined[number], Part([], set()))
        whole.suspects += part.suspects
        whole.accounts |= part.accounts
    return list(merged.values())


def _needed(one: Part, other: Part, nats: float) -> float:
    """Return the nats that tie two parts, of which one may be an alert by itself."""
    alone = min(one, other, key=lambda part: len(part.suspects)).suspects
    alert = any(claim.severity != "info" for s in alone for claim in s.claims.values())
    return JOIN_ALERT if nats == JOIN and alert else nats
