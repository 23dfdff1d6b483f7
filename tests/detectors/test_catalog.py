"""What every detector in the catalogue holds, and that none is left out of it."""

import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

import detectors
from detectors import CATALOG
from detectors.core.checks import CHECKS, Check, Course, world
from detectors.core.detector import Detector
from detectors.core.records import SUPPORTING, Request
from tests.detectors.traffic import worlds

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_a_detector_holds(kind: type[Detector], check: Check) -> None:
    check(kind)


def test_every_detector_has_its_line_in_the_catalogue() -> None:
    (folder,) = detectors.__path__
    files = {path.stem for path in Path(folder).glob("*.py") if path.stem != "__init__"}
    assert files == {kind.name for kind in CATALOG}
    for name in files:
        assert getattr(importlib.import_module(f"detectors.{name}"), name.title().replace("_", ""))


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_a_detector_supports_others_where_its_signal_is_never_told_alone(
    kind: type[Detector],
) -> None:
    assert kind.supports == (kind.signal in SUPPORTING)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [(kind, scope) for kind in CATALOG for scope in sorted(kind.scopes)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_scenarios_name_what_a_detector_must_catch_at_each_scope_and_what_it_must_not(
    kind: type[Detector], scope: str
) -> None:
    expected = [
        msgspec.json.decode(path.read_bytes()) for path in SCENARIOS.glob("*/expected.json")
    ]
    # What is never told alone is told with the group whose other signals are strongest.
    caught = {scope, "*"} if kind.supports else {scope}
    for word, scopes in (("must", caught), ("must_not", {scope, "*"})):
        named = [
            one
            for world in expected
            for one in world[word]
            if one["detector"] == kind.name and one.get("scope", "*") in scopes
        ]
        assert named, f"no scenario says what {kind.name} {word} of a {scope}"


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
@effort(max_examples=20)
@given(requests=worlds(most=30), size=st.integers(1, 30))
def test_any_events_are_scored(kind: type[Detector], requests: list[Request], size: int) -> None:
    course = Course(kind)
    course.read(requests, size=size)
    assert all(score >= 0 for _, _, score in course.scores)


def digest(path: Path, *, save: bool) -> str:
    """The scores of every detector over a second world, after a first one here or elsewhere."""
    found = hashlib.sha256()
    for kind in CATALOG:
        course, kept = Course(kind), path / kind.name
        if save:
            course.read(world(requests=300, seed=1))
            kept.write_bytes(msgspec.msgpack.encode(course.saved()))
        else:
            course.take_back(*msgspec.msgpack.decode(kept.read_bytes()))
        start = course.accounts.clock
        course.read([msgspec.structs.replace(r, ts=start + 60.0) for r in world(requests=50)])
        course.read([msgspec.structs.replace(r, ts=start + 4000.0) for r in world(seed=2)])
        found.update(repr([s for s in course.scores if s[1] > start]).encode())
    return found.hexdigest()


def test_all_go_on_after_a_restart_under_another_hash_seed(tmp_path: Path) -> None:
    here = digest(tmp_path, save=True)
    script = (
        "import pathlib, sys; from tests.detectors.test_catalog import digest; "
        "print(digest(pathlib.Path(sys.argv[1]), save=False))"
    )
    there = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert there.stdout.strip() == here
