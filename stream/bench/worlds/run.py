"""One world through all contenders in one pass, and their scores."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from stream.bench.worlds.baselines import BASELINES
from stream.bench.worlds.grid import Cell
from stream.bench.worlds.product import Weir
from stream.bench.worlds.raised import Contender, Raised
from stream.bench.worlds.scoring import Score, score
from stream.bench.worlds.truth import truth_of
from stream.formats import native
from stream.simulate import records

#: Bytes of records taken in at a time: memory does not grow with the world.
BLOCK_BYTES = 1_048_576
CONTENDERS: Mapping[str, type[Weir] | type[Contender]] = {Weir.name: Weir, **BASELINES}
#: Alerts kept as they are for the page; all count.
SHOWN = 200


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one world under one contender."""

    cell: Cell
    contender: str
    note: str
    requests: int
    seconds: float  # of processor time
    score: Score
    raised: list[Raised]  # the first ones, without their accounts


def run(cell: Cell, *, contenders: Sequence[str]) -> list[Outcome]:
    """Simulate a world once, show it to every contender, and score what they say."""
    world = cell.world()
    entrants = [CONTENDERS[name]() for name in contenders]
    said: list[list[Raised]] = [[] for _ in entrants]
    seconds = [0.0] * len(entrants)
    seen: dict[str, int] = {}
    for decoded in native.read(blocks(records(world)), name="world"):
        for request in decoded.requests:
            seen[request.account] = seen.get(request.account, 0) + 1
        for number, entrant in enumerate(entrants):
            began = time.process_time()
            said[number] += entrant.take(decoded)
            seconds[number] += time.process_time() - began
    for number, entrant in enumerate(entrants):
        began = time.process_time()
        said[number] += entrant.finish()
        seconds[number] += time.process_time() - began
    truth = truth_of(world, seen=set(seen))
    return [
        Outcome(
            cell=cell,
            contender=entrant.name,
            note=entrant.note,
            requests=sum(seen.values()),
            seconds=round(took, 2),
            score=score(raised, truth, covers=entrant.covers),
            raised=[msgspec.structs.replace(each, accounts=each.accounts[:5]) for each in raised][
                :SHOWN
            ],
        )
        for entrant, raised, took in zip(entrants, said, seconds, strict=True)
    ]


def blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines to blocks of whole lines."""
    kept: list[bytes] = []
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line) + 1
        if size >= BLOCK_BYTES:
            yield b"\n".join(kept) + b"\n"
            kept, size = [], 0
    if kept:
        yield b"\n".join(kept) + b"\n"
