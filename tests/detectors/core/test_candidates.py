from typing import Any

import msgspec

from detectors.core import candidates
from detectors.core.parts import PART_BYTES

HEAD: dict[str, Any] = {"source": 0, "sources": 1, "tick": 9, "tracked": 5}


def test_a_tick_with_nothing_to_tell_is_one_record() -> None:
    (record,) = candidates.of([], [], **HEAD)
    assert (record.tick, record.part, record.parts) == (9, 0, 1)


def test_many_moves_travel_in_parts_each_once() -> None:
    moves = [(f"a{number:0200}", "opus") for number in range(12_000)]
    records = candidates.of([], [], moves=moves, **HEAD)
    assert [(record.part, record.parts) for record in records] == [(0, 3), (1, 3), (2, 3)]
    assert [move for record in records for move in record.moves] == moves
    assert max(len(msgspec.msgpack.encode(record)) for record in records) < 1.1 * PART_BYTES
