import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stream.cli import COMMANDS, main

REQUEST = b'{"id":"r1","ts":1767225600.0,"account":"a1","model":"m"}\n'


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    code, output, _ = run(command, "--help")

    assert code == 0
    assert f"Usage: main {command}" in output


def test_the_commands_are_listed_with_what_they_do() -> None:
    code, output, _ = run("--help")

    assert code == 0
    assert all(f"  {command} " in output for command in COMMANDS)


def test_an_unknown_command_is_refused() -> None:
    code, _, error = run("dmeo")

    assert code == 2
    assert "No such command" in error


def test_a_replay_in_json_is_one_object_with_the_figures(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(REQUEST + b"garbage\n")

    code, output, error = run("replay", str(file), "--json")

    figures = orjson.loads(output)
    assert (code, error) == (0, "")
    assert set(figures) == {
        "records",
        "requests",
        "dead_letters",
        "reasons",
        "ahead",
        "late",
        "alerts",
        "seconds",
        "requests_per_second",
        "peak_memory_bytes",
    }
    assert (figures["records"], figures["requests"], figures["dead_letters"]) == (2, 1, 1)


def test_a_replay_for_people_sums_up_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(REQUEST)

    code, output, error = run("replay", str(file))

    assert (code, output) == (0, "")
    assert error.startswith("weir: 1 records in ")


def test_a_replay_writes_dead_letters_where_it_is_told(tmp_path: Path) -> None:
    file, letters = tmp_path / "requests.jsonl", tmp_path / "letters.jsonl"
    file.write_bytes(b"garbage\n")

    run("replay", str(file), "--dead-letters", str(letters))

    assert orjson.loads(letters.read_bytes())["reason"] == "not_json"


def test_a_replay_of_no_file_is_one_sentence(tmp_path: Path) -> None:
    code, _, error = run("replay", str(tmp_path / "absent.jsonl"))

    assert code == 2
    assert error.startswith("weir: ")
    assert error.count("\n") == 1


def test_a_replay_that_writes_where_it_cannot_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(REQUEST)

    code, _, error = run("replay", str(file), "--alerts", str(tmp_path / "none" / "a.jsonl"))

    assert code == 2
    assert "cannot be written (No such file or directory): name another file" in error


def test_the_json_of_a_replay_has_the_standard_output_to_itself(tmp_path: Path) -> None:
    code, _, error = run("replay", str(tmp_path / "requests.jsonl"), "--json", "--alerts", "-")

    assert code == 2
    assert "--json has the standard output to itself" in error


def test_a_worker_with_a_bad_setting_stops_at_once_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEIR_METRICS_PORT", "many")

    code, _, error = run("worker")

    assert code == 2
    assert error == "weir: WEIR_METRICS_PORT='many' is not a number: set it to one\n"


def test_a_reader_that_goes_away_ends_a_command_without_a_complaint() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "stream.cli", "simulate", "--to", "-", "--accounts", "500"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait(30) == 141
