"""Sees that a house came to what a replay of the same records comes to."""

import functools
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectors.core.records import Alert
from stream.config import Config, load
from tests.integration import oracle
from tests.integration.house import CONFIG, House
from tests.integration.world import Record, World


def settle_and_compare(house: House, made: World, *, paused: bool = False) -> None:
    """Wait for the last checkpoint, end the workers, and compare."""
    house.settled()
    for worker in house.workers:
        if worker.code is None:
            assert worker.stop() == 0, worker.output
    compare(house, made, paused=paused)


def compare(house: House, made: World, *, paused: bool = False) -> None:
    """See that every request counts once and that no alert is missing.

    Args:
        house: at rest.
        made: what was sent.
        paused: it was not read in one go: in a pause the second in progress is closed, and what
            still comes of it is counted in the next.  What is looked at now and then is looked at
            in other seconds, so that an entity may be told of by another detector, and one that
            was just above the limit may lie just below.
    """
    levels, alerts = _replayed(tuple(made.records))
    kept = oracle.kept(house)
    assert _apart(kept.requests(), made.requests) == {}
    assert _apart(kept.by_group(), levels.by_group()) == {}
    assert _apart(kept.by_member(), levels.by_member()) == {}
    assert sum(kept.by_group().values()) > 0.9 * sum(made.requests.values())
    found, expected = oracle.raised(house), oracle.told(alerts)
    assert expected
    if paused:
        plain = {name: alert for name, alert in expected.items() if alert["severity"] != "low"}
        assert plain
        assert _entities(found) >= _entities(plain)
    else:
        assert found == expected


def configuration() -> Config:
    """Return what the workers of a house are told."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "weir.toml"
        path.write_text(CONFIG)
        return load(path)


@functools.lru_cache(maxsize=4)
def _replayed(records: Sequence[Record]) -> tuple[oracle.Levels, list[Alert]]:
    return oracle.replayed(configuration(), records)


def _entities(alerts: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    return {(a["entity"]["scope"], a["entity"]["value"]) for a in alerts.values()}


def _apart(found: Counter[str], expected: Counter[str]) -> dict[str, tuple[int, int]]:
    """Return what differs: what was found, and what should have been."""
    names = found.keys() | expected.keys()
    return {n: (found[n], expected[n]) for n in sorted(names) if found[n] != expected[n]}
