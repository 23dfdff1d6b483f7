import json
import os
import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import jsonschema
import msgspec
import pytest

from detectors.core.records import Lifecycle, Release, Request
from stream.simulate import World, records, simulate
from tests.stream.simulate.conftest import Run

CONTRACTS = Path(__file__).parents[2] / "contracts"
DATA = Path(os.environ.get("WEIR_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
SHARED = DATA.parent / "contracts"


def test_equal_worlds_yield_equal_bytes(attacked: Run) -> None:
    assert list(records(attacked.world)) == attacked.lines


def test_another_seed_yields_other_bytes() -> None:
    first, second = (list(islice(records(World(seed=seed)), 50)) for seed in (1, 2))

    assert not set(first) & set(second)


def test_another_hash_seed_changes_nothing() -> None:
    world = World(seed=5, accounts=60, hours=0.1, campaign="minimax", campaign_accounts=30)
    script = (
        "import hashlib, stream.simulate as s\n"
        f"lines = b'\\n'.join(s.records(s.{world!r}))\n"
        "print(hashlib.sha256(lines).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(found) == 1


def test_records_come_in_the_order_of_event_time(attacked: Run) -> None:
    times = [each["ts"] for each in attacked.records]

    assert all(earlier <= later for earlier, later in pairwise(times))
    assert attacked.world.start <= times[0]
    assert times[-1] <= attacked.world.end


def test_request_ids_are_unique(attacked: Run) -> None:
    identifiers = [each["id"] for each in attacked.requests]

    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("kind", ["request", "lifecycle", "release"])
@pytest.mark.parametrize("contracts", [CONTRACTS, SHARED], ids=["copied", "shared"])
def test_every_record_fits_its_contract(attacked: Run, kind: str, contracts: Path) -> None:
    file = contracts / f"{kind}.schema.json"
    if not file.exists():
        pytest.skip(f"there are no contracts in {contracts}")
    validator = jsonschema.Draft202012Validator(json.loads(file.read_text()))
    mine = [each for each in attacked.records if each.get("kind", "request") == kind]

    assert mine
    assert not [error.message for each in mine[:4_000] for error in validator.iter_errors(each)]


def test_every_record_decodes_as_the_detectors_read_it(attacked: Run) -> None:
    types = {"lifecycle": Lifecycle, "release": Release}

    for line, record in zip(attacked.lines, attacked.records, strict=True):
        msgspec.json.decode(line, type=types.get(record.get("kind"), Request))


@pytest.mark.parametrize(
    ("text", "field"), [("prompt", "prompt"), ("sketch", "prompt_sketch"), ("none", None)]
)
def test_text_decides_what_stands_for_the_prompt(text: str, field: str | None) -> None:
    world = World(accounts=100, hours=0.05, text=text)  # type: ignore[arg-type]
    requests = [each for each in simulate(world) if "kind" not in each]
    carried = Counter(name for each in requests for name in each if name.startswith("prompt"))

    assert set(carried) == ({field} if field else set())
    assert sum(carried.values()) >= (0.8 * len(requests) if field else 0)


def test_the_form_of_the_text_changes_nothing_else() -> None:
    bare, worded = (
        [
            {name: value for name, value in each.items() if name != "prompt"}
            for each in simulate(World(accounts=100, hours=0.05, text=text))
        ]
        for text in ("none", "prompt")
    )

    assert bare == worded


def test_a_campaign_leaves_the_benign_traffic_as_it_is() -> None:
    alone = World(seed=2, accounts=200, hours=0.1)
    joined = World(seed=2, accounts=200, hours=0.1, campaign="minimax", campaign_accounts=20)
    benign = {(each["ts"], each["account"]) for each in simulate(alone)}

    assert benign <= {(each["ts"], each["account"]) for each in simulate(joined)}


def test_the_first_records_come_without_drawing_the_year_that_follows() -> None:
    world = World(accounts=200, hours=24 * 365, campaign="minimax", text="none")

    assert len(list(islice(records(world), 1_000))) == 1_000


def test_the_release_is_one_record_at_its_time(attacked: Run) -> None:
    releases = [each for each in attacked.records if each.get("kind") == "release"]

    assert releases == [{"kind": "release", **attacked.labels["release"]}]
    assert releases[0]["ts"] == attacked.world.start + 900


def test_nobody_asks_the_new_model_before_its_release(attacked: Run) -> None:
    model, released = attacked.labels["release"]["model"], attacked.labels["release"]["ts"]

    assert min(each["ts"] for each in attacked.requests if each["model"] == model) >= released


def test_those_born_in_the_simulation_are_created_before_they_ask(attacked: Run) -> None:
    created = {
        each["account"]: each["ts"] for each in attacked.events if each["event"] == "created"
    }
    early = [each for each in attacked.requests if each["ts"] < created.get(each["account"], 0.0)]

    assert created
    assert not early


def test_a_world_without_anybody_is_empty() -> None:
    assert list(records(World(accounts=0))) == []


def test_a_campaign_needs_no_benign_accounts() -> None:
    world = World(accounts=0, campaign="minimax", campaign_accounts=1, proxies=1)

    assert len({each["account"] for each in simulate(world)}) == 1
