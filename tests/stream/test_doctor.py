import asyncio
import os
import socket
import threading
import time
import uuid
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from stream.cli import main


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEIR_REQUIRE_ALL", "WEIR_KAFKA_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def house(kafka: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Names of its own on the real Kafka; returns the prefix of the topics."""
    name = f"doctor-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("WEIR_BOOTSTRAP", kafka)
    monkeypatch.setenv("WEIR_GROUP", name)
    monkeypatch.setenv("WEIR_TOPIC_PREFIX", f"{name}.")
    return f"{name}."


def examine(*arguments: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the exit code, and of each finding the check, the status and the sentence."""
    result = CliRunner().invoke(main, ["doctor", "--json", *arguments])
    findings = orjson.loads(result.stdout)["findings"]
    return result.exit_code, [(f["check"], f["status"], f["sentence"]) for f in findings]


def test_the_embedded_broker_is_well_but_for_what_it_cannot_be_asked(embedded: str) -> None:
    code, findings = examine("--bootstrap", embedded, "--create-topics")

    assert code == 0
    assert ("broker", "OK", f"1 broker answers at {embedded}.") in findings
    warned = [sentence for _, status, sentence in findings if status == "WARN"]
    assert any("this is the embedded broker" in sentence for sentence in warned)
    assert any("makes topics on first use" in sentence for sentence in warned)


def test_findings_are_lines_that_begin_with_how_it_is(embedded: str) -> None:
    result = CliRunner().invoke(main, ["doctor", "--bootstrap", embedded])

    assert result.exit_code == 0
    assert {line[:4] for line in result.stdout.splitlines()} == {"OK  ", "WARN"}


def test_a_port_on_which_nobody_listens_is_a_fault_with_a_remedy() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{unused.getsockname()[1]}"

        code, findings = examine("--bootstrap", where)

    assert code == 1
    assert findings[-1] == (
        "broker",
        "FAIL",
        f"{where} cannot be reached (Connection refused): is Kafka up, and the port open?",
    )


def test_a_port_without_tls_is_told_from_one_that_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEIR_TLS", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        plain = threading.Thread(target=lambda: server.accept()[0].close())
        plain.start()

        code, findings = examine("--bootstrap", where)
        plain.join()

    check, status, sentence = findings[-1]
    assert (code, check, status) == (1, "tls", "FAIL")
    assert f"{where} does not speak TLS as asked" in sentence


def test_a_name_that_is_not_known_is_a_fault() -> None:
    code, findings = examine("--bootstrap", "kafka.invalid:9092")

    assert code == 1
    assert findings[-1][2].startswith("the name kafka.invalid is not known here")


def test_a_setting_of_another_name_is_warned_of(
    embedded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_PARTITONS", "8")

    code, findings = examine("--bootstrap", embedded)

    assert code == 0
    assert findings[0] == (
        "settings",
        "WARN",
        "WEIR_PARTITONS is no setting of Weir and has no effect: did you mean WEIR_PARTITIONS?",
    )


def test_a_setting_that_cannot_be_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIR_PARTITIONS", "many")

    code, findings = examine()

    assert code == 1
    assert findings == [
        ("settings", "FAIL", "WEIR_PARTITIONS='many' is not a number: set it to one.")
    ]


def test_a_fault_in_the_configuration_is_named_and_the_broker_still_looked_at(
    embedded: str, tmp_path: Path
) -> None:
    config = tmp_path / "weir.toml"
    config.write_text("[budget]\nfalse_alerts_per_day = 0.0\n")

    code, findings = examine("--bootstrap", embedded, "--config", str(config))

    faults = [(check, sentence) for check, status, sentence in findings if status == "FAIL"]
    assert code == 1
    assert [check for check, _ in faults] == ["weir.toml"]
    assert "false_alerts_per_day" in faults[0][1]
    assert any(check == "broker" for check, _, _ in findings)


@pytest.mark.kafka
def test_topics_are_made_when_asked_and_are_well_then(house: str) -> None:
    _, before = examine()
    code, after = examine("--create-topics")

    assert any(f"{house}requests" in sentence for _, status, sentence in before if status == "WARN")
    assert code == 0
    topics = [(status, sentence) for check, status, sentence in after if check == "topics"]
    assert topics[0][1].startswith("created ")
    assert topics[1][1].startswith("11 topics are there")
    assert ("clock", "OK") in [(check, status) for check, status, _ in after]
    assert "doctor" not in " ".join(asyncio.run(names(house)))


@pytest.mark.kafka
def test_topics_that_were_made_otherwise_are_faults(house: str, kafka: str) -> None:
    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_topics(
            [
                NewTopic(f"{house}requests", 4, 1),
                NewTopic(f"{house}lifecycle", 3, 1),
                NewTopic(f"{house}deltas", 4, 1),
                NewTopic(f"{house[:-1]}-accounts-changelog", 4, 1),
                NewTopic(
                    f"{house}verdicts", 2, 1, topic_configs={"cleanup.policy": "compact,delete"}
                ),
            ]
        )
        await admin.close()

    asyncio.run(make())

    code, findings = examine()

    faults = " ".join(sentence for _, status, sentence in findings if status == "FAIL")
    assert code == 1
    assert f"{house}lifecycle has 3 partitions and {house}requests has 4" in faults
    assert f"{house[:-1]}-accounts-changelog holds checkpoints and is not compacted" in faults
    assert f"{house}deltas takes messages of 1048588 bytes" in faults
    assert f"{house}verdicts has 2 partitions and must have one" in faults
    assert f"{house}verdicts is read from its beginning at each start and forgets" in faults
    assert f"{house}verdicts is compacted" in faults


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [(0.0, "OK", "clocks that agree"), (60.0, "WARN", "ahead"), (4000.0, "FAIL", "dead letters")],
)
def test_a_request_from_the_future_shows_that_the_clocks_differ(
    house: str, kafka: str, ahead: float, status: str, words: str
) -> None:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            value = b'{"id":"r","ts":%f,"account":"a","model":"m"}' % (time.time() + ahead)
            await producer.send_and_wait(f"{house}requests", value, key=b"a")

    asyncio.run(send())

    _, findings = examine()

    found, sentence = next((s, said) for check, s, said in findings if check == "clock")
    assert found == status
    assert words in sentence


@pytest.mark.kafka
def test_a_refused_login_is_a_fault(house: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MECHANISM", "PLAIN"), ("USERNAME", "u"), ("PASSWORD", "secret")):
        monkeypatch.setenv(f"WEIR_SASL_{name}", value)

    code, findings = examine()

    assert code == 1
    assert findings[-1][:2] == ("login", "FAIL")
    assert "secret" not in str(findings)


async def names(house: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=os.environ["WEIR_BOOTSTRAP"])
    await admin.start()
    try:
        return [name for name in await admin.list_topics() if name.startswith(f"{house}doctor")]
    finally:
        await admin.close()
