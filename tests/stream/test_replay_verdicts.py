"""A replay that is given verdicts judges all requests by what they teach."""

import json
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from detectors.text.capability import CAPABILITIES, ORDINARY
from stream.cli import main
from stream.simulate.chance import Chance
from tests.bench.capability_verdicts import passing
from tests.stream.test_replay import CONFIG, START, outcome

AIM = "safe_rewrite"
(ASK,) = passing(AIM, code=ORDINARY, count=1)


def requests(*, first: int, count: int) -> bytes:
    """Three accounts that ask much by one template, filling it in ever new ways."""
    records = [
        {"id": f"r{n}", "ts": START + n // 50, "account": f"a{n % 3}", "model": "m"}
        | {"prompt": ASK(Chance(first + n))}
        for n in range(count)
    ]
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def verdict(*arguments: str) -> None:
    result = CliRunner().invoke(main, ["verdict", *arguments])
    assert result.exit_code == 0, result.stderr


@pytest.fixture
def world(tmp_path: Path) -> str:
    path = tmp_path / "world.jsonl"
    path.write_bytes(requests(first=100_000, count=60))
    return str(path)


@pytest.fixture
def judged(tmp_path: Path) -> str:
    """Verdicts made by the command, of prompts that the replay does not hold."""
    file, log = tmp_path / "verdicts.jsonl", tmp_path / "log.jsonl"
    for number in range(5):
        log.write_bytes(requests(first=100 * number, count=20))
        alert = ["--to", str(file), "--prompts", str(log), "--capability", AIM]
        verdict(f"{number:032x}", "true_positive", *alert)
    return str(file)


def aims(alerts: bytes) -> set[str | None]:
    return {json.loads(line).get("capability") for line in alerts.splitlines()}


def test_alerts_name_what_verdicts_taught_of_other_prompts(world: str, judged: str) -> None:
    before, _, _ = outcome([world])
    after, letters, summary = outcome([world], verdicts=judged)

    assert aims(before) == {None}
    assert AIM in aims(after)
    assert AIM in CAPABILITIES
    assert (letters, summary.verdicts, summary.requests) == (b"", 5, 60)
    assert "5 verdicts learned" in str(summary)


def test_a_replay_with_verdicts_gives_the_same_bytes_again_however_it_is_cut(
    world: str, judged: str
) -> None:
    whole, _, _ = outcome([world], verdicts=judged)
    for size in (1_000, 20_000):
        assert outcome([world], verdicts=judged, block_bytes=size)[0] == whole


def test_a_file_of_no_verdicts_changes_nothing(world: str, tmp_path: Path) -> None:
    empty = tmp_path / "none.jsonl"
    empty.write_bytes(b"\n\n")

    assert outcome([world], verdicts=str(empty))[0] == outcome([world])[0]


def test_bad_verdicts_are_dead_letters_and_the_others_are_learned(
    world: str, judged: str, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed.jsonl"
    lines = Path(judged).read_bytes().splitlines()
    bad = [b"garbage", b'{"verdict":"maybe"}', b"{" * 600_000]
    mixed.write_bytes(b"\n".join([bad[0], lines[0], b"", bad[1], *lines[1:], bad[2]]))

    alerts, letters, summary = outcome([world], verdicts=str(mixed))

    found = [json.loads(letter) for letter in letters.splitlines()]
    assert [(letter["offset"], letter["reason"]) for letter in found] == [
        (1, "not_json"),
        (4, "contract"),
        (9, "too_large"),
    ]
    assert alerts == outcome([world], verdicts=judged)[0]
    assert (summary.verdicts, summary.dead_letters, summary.records) == (5, 3, 68)


def test_the_command_takes_verdicts(
    world: str, judged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.config.load", lambda _: CONFIG)
    command = ["replay", world, "--alerts", "-"]

    before = CliRunner().invoke(main, command)
    after = CliRunner().invoke(main, [*command, "--verdicts", judged])

    assert aims(before.stdout_bytes) == {None}
    assert AIM in aims(after.stdout_bytes)


def test_requests_and_verdicts_cannot_both_come_by_the_standard_input() -> None:
    result = CliRunner().invoke(main, ["replay", "-", "--verdicts", "-"])

    assert result.exit_code == 2
    assert "requests and verdicts cannot both be the standard input" in result.stderr


def test_verdicts_that_are_not_there_stop_a_replay_with_a_sentence(world: str) -> None:
    result = CliRunner().invoke(main, ["replay", world, "--verdicts", "absent.jsonl"])

    assert result.exit_code == 2
    assert result.stderr.startswith("weir: absent.jsonl cannot be read")
