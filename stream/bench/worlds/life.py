"""One campaign's life, from its first request to bans and heirs."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.bench.worlds.grid import Cell
from stream.bench.worlds.product import Weir
from stream.bench.worlds.raised import Raised
from stream.bench.worlds.run import blocks
from stream.bench.worlds.truth import Truth, truth_of
from stream.formats import native
from stream.simulate import World, records
from stream.simulate.traffic import Traffic

BINS = 120


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What a plot of a life shows; times are hours from the world's start."""

    cell: Cell
    hours: list[float]  # where the bins end
    active: list[int]  # campaign accounts that sent something in the bin
    denied: list[int]  # of the campaign's requests, after a ban
    campaign: list[int]  # its requests
    benign: list[int]  # everybody else's
    found: list[int]  # campaign accounts named until the end of the bin
    accounts: list[int]  # campaign accounts that had sent something until then
    begins: float | None
    released: float | None
    pivot: float | None
    bans: list[float]
    heirs: list[float]  # when each heir sent its first request
    heirs_found: list[float]
    alerts: list[tuple[float, str, bool]]  # when, which detector, right or wrong


def live(cell: Cell) -> Life:
    """Simulate and replay a world with a campaign, and return its course."""
    world = cell.world()
    weir = Weir()
    raised: list[Raised] = []
    seen: set[str] = set()
    edges = np.linspace(world.start, world.end, BINS + 1)
    sent = np.zeros(BINS, dtype=np.int64)
    for decoded in native.read(blocks(records(world)), name="world"):
        raised += weir.take(decoded)
        seen.update(request.account for request in decoded.requests)
        sent += np.histogram(decoded.times, edges)[0]
    raised += weir.finish()
    return _told(cell, world, raised, truth_of(world, seen=seen), sent=sent, edges=edges)


def _told(
    cell: Cell,
    world: World,
    raised: Sequence[Raised],
    truth: Truth,
    *,
    sent: NDArray[np.int64],
    edges: NDArray[np.float64],
) -> Life:
    own = np.concatenate([c[["ts", "actor", "status"]] for c in Traffic(world).extraction()])
    bins = np.clip(np.searchsorted(edges, own["ts"], side="right") - 1, 0, BINS - 1)
    campaign = np.bincount(bins, minlength=BINS)
    pairs = np.unique(np.stack([bins, own["actor"]]), axis=1)[0]
    found: dict[str, float] = {}
    for each in raised:
        for account in each.accounts:
            if account in truth.members:
                found[account] = min(each.ts, found.get(account, each.ts))
    firsts, finds = sorted(truth.members.values()), sorted(found.values())

    def hours(times: Sequence[float]) -> list[float]:
        return [round((time - world.start) / 3600, 5) for time in times]

    return Life(
        cell=cell,
        hours=hours(edges[1:].tolist()),
        active=np.bincount(pairs, minlength=BINS).tolist(),
        denied=np.bincount(bins[own["status"] == 403], minlength=BINS).tolist(),
        campaign=campaign.tolist(),
        benign=np.maximum(sent - campaign, 0).tolist(),
        found=np.searchsorted(finds, edges[1:], side="right").tolist(),
        accounts=np.searchsorted(firsts, edges[1:], side="right").tolist(),
        begins=None if truth.begins is None else hours([truth.begins])[0],
        released=None if world.released is None else hours([world.released])[0],
        pivot=None if truth.pivot is None else hours([truth.pivot[0]])[0],
        bans=hours(sorted(truth.bans)),
        heirs=hours(sorted(truth.members[heir] for heir in truth.heirs)),
        heirs_found=hours(sorted(found[heir] for heir in truth.heirs if heir in found)),
        alerts=[
            (hours([each.ts])[0], each.detector, truth.is_right(each.accounts))
            for each in raised
            if each.accounts
        ],
    )
