"""Each folder of `scenarios/` is a world with something that must be caught, or must not be."""

import gzip
import tomllib
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors import CATALOG
from detectors.core.batch import batch_of
from detectors.core.engine import Engine
from detectors.core.records import Alert, Lifecycle, Release, Request, event_time
from detectors.core.settings import Settings
from detectors.text.capability import Capability
from tests.scenarios.build import SCENARIOS, build

HERE = Path(__file__).parent / "scenarios"
FOLDERS = sorted(path.parent for path in HERE.glob("*/expected.json"))
KINDS = {"request": Request, "lifecycle": Lifecycle, "release": Release}
SEED = 1
CAPABILITY = Capability.shipped()


def records(folder: Path) -> Iterator[Request | Lifecycle | Release]:
    kind = msgspec.json.Decoder(dict[str, Any])
    for line in gzip.decompress((folder / "events.jsonl.gz").read_bytes()).splitlines():
        yield msgspec.json.decode(line, type=KINDS[kind.decode(line).get("kind", "request")])


def run(folder: Path, *, partitions: int) -> list[Alert]:
    settings = tomllib.loads((folder / "scenario.toml").read_text())
    engine = Engine(
        partitions=partitions,
        settings=Settings(
            alerts_per_day=settings["false_alerts_per_day"],
            capacity=20_000,
            seed=SEED,
            version="test",
        ),
        detectors=lambda: [kind() for kind in CATALOG],
        remember=50_000,
        members=50_000,
        groups=20_000,
    )
    alerts: list[Alert] = []
    waiting: list[list[Request]] = [[] for _ in range(partitions)]
    offsets = [0] * partitions

    def flush() -> None:
        for partition, requests in enumerate(waiting):
            if requests:
                first = offsets[partition]
                offsets[partition] += len(requests)
                batch = batch_of(
                    requests,
                    [event_time(request.ts) for request in requests],
                    range(first, offsets[partition]),
                    seed=SEED,
                    capability=CAPABILITY,
                )
                alerts.extend(engine.process(batch, partition=partition))
                requests.clear()

    for number, record in enumerate(records(folder)):
        if isinstance(record, Release):
            engine.release(record.model, event_time(record.ts))
            continue
        partition = zlib.crc32(record.account.encode()) % partitions
        if isinstance(record, Lifecycle):
            engine.live(record, event_time(record.ts), number, partition=partition)
        else:
            waiting[partition].append(record)
        if number % 1000 == 0:
            flush()
    flush()
    return alerts + engine.finish()


def fits(alert: Alert, expected: dict[str, Any]) -> bool:
    after = expected.get("after", 0)
    wanted = expected["detector"], expected.get("scope", "*"), expected.get("value", "*")
    return (
        any(all(map(fnmatchcase, one, wanted)) for one in told_of(alert))
        and len(alert.accounts) >= expected.get("accounts_at_least", 0)
        and alert.capability == expected.get("capability", alert.capability)
        and after <= alert.ts <= after + expected.get("within", float("inf"))
        and alert.ts < expected.get("before", float("inf"))
    )


def told_of(alert: Alert) -> Iterator[tuple[str, str, str]]:
    """Return detector, scope and value: of the alert, or of what a campaign's evidence names."""
    yield alert.detector, alert.entity.scope, alert.entity.value
    if alert.detector == "campaign":
        for evidence in alert.evidence:
            detector, _, entity = (evidence.note or "").partition(" on ")
            scope, _, value = entity.partition(" ")
            yield detector, scope, value.partition(" and ")[0].partition(":")[0]


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_scenario_is_told_as_expected(folder: Path, partitions: int) -> None:
    expected = msgspec.json.decode((folder / "expected.json").read_bytes())
    alerts = run(folder, partitions=partitions)
    shown = "\n".join(f"{alert.ts:.0f} {alert.detector}: {alert.summary}" for alert in alerts)
    for one in expected["must"]:
        assert any(fits(alert, one) for alert in alerts), f"missed {one}; raised:\n{shown}"
    for one in expected["must_not"]:
        assert not any(fits(alert, one) for alert in alerts), f"{one} was not spared:\n{shown}"


def test_the_scenarios_are_what_their_builder_makes(tmp_path: Path) -> None:
    build(tmp_path)
    assert [folder.name for folder in FOLDERS] == sorted(one.__name__ for one in SCENARIOS)
    for path in sorted(tmp_path.glob("*/*")):
        kept = HERE / path.relative_to(tmp_path)
        if path.suffix == ".gz":
            assert gzip.decompress(kept.read_bytes()) == gzip.decompress(path.read_bytes())
            assert kept.stat().st_size < 250_000, f"{kept} is large"
        else:
            assert kept.read_text() == path.read_text()
