import asyncio
import gzip
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import murmur2
from click.testing import CliRunner

from stream.cli import main
from stream.settings import Settings
from stream.simulate import World, labels, records
from stream.simulate.command import simulate
from stream.simulate.line import route, time_of
from stream.simulate.pace import Pace
from stream.simulate.sender import Sender, SendError

SMALL = ["--seed", "7", "--accounts", "40", "--hours", "0.2", "--campaign-accounts", "10"]
WORLD = World(seed=7, accounts=40, hours=0.2, campaign="minimax", campaign_accounts=10)


def run(*arguments: str) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(main, ["simulate", *arguments])
    return result.exit_code, result.stdout_bytes, result.stderr


def test_every_setting_of_a_world_has_an_option() -> None:
    options = {parameter.name for parameter in simulate.params}

    assert {field.name for field in fields(World)} <= options


def test_a_world_goes_to_a_file_with_its_labels(tmp_path: Path) -> None:
    file, truth = tmp_path / "world.jsonl", tmp_path / "labels.json"

    code, _, error = run(*SMALL, "--to", str(file), "--labels", str(truth))

    lines = file.read_bytes().splitlines()
    assert code == 0
    assert lines == list(records(WORLD))
    assert orjson.loads(truth.read_bytes()) == labels(WORLD)
    assert error == f"weir: {len(lines):,} records written to {file}.\n"


def test_a_packed_file_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"

    run(*SMALL, "--to", str(first))
    run(*SMALL, "--to", str(second))

    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()).splitlines() == list(records(WORLD))


def test_a_world_goes_to_the_standard_output() -> None:
    code, output, _ = run(*SMALL, "--to", "-")

    assert code == 0
    assert output.splitlines() == list(records(WORLD))


def test_a_world_without_a_campaign_can_be_had() -> None:
    _, output, _ = run(*SMALL, "--to", "-", "--campaign", "none")

    assert output.splitlines() == list(records(World(seed=7, accounts=40, hours=0.2)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say where the records go: either --to FILE or --bootstrap HOST:PORT"),
        (["--to", "f", "--bootstrap", "h:1"], "say where the records go"),
        (["--to", "f", "--hours", "0"], "--hours must be more than 0 and at most a year, not 0.0"),
        (["--to", "f", "--campaign-accounts", "0"], "--campaign-accounts must be between 1"),
        (["--to", "f", "--release-at", "9e9"], "--release-at must lie within the simulated hours"),
        (["--to", "f", "--start", "today"], "--start must be seconds since 1970 or like"),
        (["--to", "f", "--speed", "2"], "--speed goes with --realtime"),
        (["--to", "f", "--start", "1e9", "--realtime"], "--start and --realtime exclude"),
        (["--to", "/nowhere/f"], "/nowhere/f cannot be written (No such file or directory)"),
        (["--bootstrap", "kafka"], "WEIR_BOOTSTRAP='kafka' is not HOST:PORT[,HOST:PORT]"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(arguments: list[str], sentence: str) -> None:
    code, _, error = run(*arguments)

    assert code == 2
    assert error.startswith(f"weir: {sentence}")
    assert error.count("\n") == 1


def test_real_time_starts_now_and_holds_records_until_they_are_due() -> None:
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    pace = Pace(speed=2.0, clock=lambda: clock[0], sleep=sleep)
    lines = [b'{"id":"r","ts":%d.0,"account":"a"}' % at for at in (500, 501, 520)]

    due = [clock[0] for _ in pace.keep(iter(lines), start=500.0, waiting=lambda: None)]

    assert due == pytest.approx([1000.0, 1000.5, 1010.0])


@pytest.mark.parametrize(("speed", "start"), [(1.0, 1000.0), (4.0, 550.0), (0.5, 1000.0)])
def test_event_time_never_lies_ahead_of_the_clock(speed: float, start: float) -> None:
    assert Pace(speed=speed, clock=lambda: 1000.0).start(seconds=600.0) == start


@pytest.mark.parametrize(
    ("line", "topic", "key"),
    [
        (b'{"kind":"release","ts":1.5,"model":"m"}', "releases", b"m"),
        (b'{"kind":"lifecycle","ts":1.5,"account":"a","event":"banned"}', "lifecycle", b"a"),
        (b'{"id":"r","ts":1.5,"account":"a","prompt":"\\"account\\":\\"b\\""}', "requests", b"a"),
    ],
)
def test_a_record_goes_to_its_topic_by_its_key(line: bytes, topic: str, key: bytes) -> None:
    assert route(line) == (topic, key)
    assert time_of(line) == 1.5


def test_all_records_arrive_and_an_account_is_where_kafkas_clients_put_it(embedded: str) -> None:
    lines = list(records(WORLD))

    code, _, error = run(*SMALL, "--bootstrap", embedded)

    assert code == 0
    assert error.endswith(f"weir: {len(lines):,} records sent to {embedded}.\n")
    requests = [line for line in lines if route(line)[0] == "requests"]
    found = asyncio.run(consume(embedded, "weir.requests", count=len(requests)))
    assert sorted(value for _, _, value in found) == sorted(requests)
    assert all(partition == (murmur2(key) & 0x7FFFFFFF) % 4 for partition, key, _ in found)
    others = len(lines) - len(requests)
    assert len(asyncio.run(consume(embedded, "weir.lifecycle", count=others))) == others


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_named(kafka: str) -> None:
    sender = Sender(Settings(bootstrap=kafka, topic_prefix="not/a/name."), sleep=lambda _: None)

    with pytest.raises(SendError, match=r"topic not/a/name\.requests cannot be written to"):
        sender.wait()


@pytest.mark.kafka
def test_a_broker_that_refuses_the_login_is_not_waited_for(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("MECHANISM", "PLAIN"), ("USERNAME", "u"), ("PASSWORD", "secret")):
        monkeypatch.setenv(f"WEIR_SASL_{name}", value)

    code, _, error = run(*SMALL, "--bootstrap", kafka)

    assert code == 2
    assert "refuses the credentials: check WEIR_SASL_MECHANISM" in error
    assert "secret" not in error


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_sentence_of_what_was_sent(
    embedded: str, number: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-m", "stream.cli", "simulate", "--bootstrap", embedded]
    with subprocess.Popen(
        [*command, "--realtime", "--intensity", "20"], stderr=subprocess.PIPE, text=True
    ) as process:
        asyncio.run(consume(embedded, "weir.requests", count=1))
        process.send_signal(number)
        _, error = process.communicate(timeout=30)

    assert process.returncode == code
    assert error.startswith("weir: interrupted after ")
    assert error.endswith(f"records sent to {embedded}.\n")


async def consume(bootstrap: str, topic: str, *, count: int) -> list[tuple[int, bytes, bytes]]:
    """Read at least so many records: their partitions, keys and values."""
    found: list[tuple[int, bytes, bytes]] = []
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        while len(found) < count:
            runs = await asyncio.wait_for(consumer.getmany(timeout_ms=300), timeout=30)
            found += [(tp.partition, r.key, r.value) for tp, run in runs.items() for r in run]
    return found
