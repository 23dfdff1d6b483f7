import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from detectors.core.records import Verdict
from detectors.text.capability import Capability
from detectors.text.verdicts import Verdicts
from stream.cli import main
from stream.codec import decode_verdicts
from stream.verdict_prompts import MOST_READ
from tests.bench.capability_prompts import data

ALERT = "0123456789abcdef0123456789abcdef"
FORM = "Judge the answer below by accuracy and by tone, and close with two marks. The answer: {}"
FILLINGS = ("my neighbour Ottilie owes me money", "rain in Bergen", "the knots of sailors")
COPIED = Path(__file__).parents[1] / "contracts"

Keep = Callable[[Sequence[object]], str]


def log(*prompts: str, **more: object) -> list[dict[str, object]]:
    return [
        {"id": f"r{n}", "ts": 1.0, "account": f"a{n}", "model": "m", "prompt": prompt, **more}
        for n, prompt in enumerate(prompts)
    ]


TEMPLATE = log(*(FORM.format(filling) for filling in FILLINGS))
TEACHES = ("true_positive", "--capability", "rubric_grading")


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    def write(records: Sequence[object]) -> str:
        path = tmp_path / "prompts.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return str(path)

    return write


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["verdict", ALERT, *arguments])
    return result.exit_code, result.stdout, result.stderr


def made(*arguments: str) -> dict[str, Any]:
    code, output, error = run(*arguments, "--to", "-")
    assert code == 0, error
    record: dict[str, Any] = json.loads(output)
    return record


def schema(folder: Path) -> Any:
    file = folder / "verdict.schema.json"
    if not file.exists():
        pytest.skip(f"there are no contracts in {folder}")
    return jsonschema.Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))


def shared_contracts() -> Path:
    folder = data()
    return folder.parents[1] / "contracts" if folder else Path("there are none")


@pytest.mark.parametrize("folder", [COPIED, shared_contracts()], ids=["copied", "shared"])
def test_a_verdict_fits_its_contract(keep: Keep, folder: Path) -> None:
    file = keep(TEMPLATE)

    for record in (
        made("undecided"),
        made("benign_known", "--prompts", file),
        made(*TEACHES, "--prompts", file, "--by", "ann", "--note", "as in May"),
    ):
        schema(folder).validate(record)
        assert decode_verdicts([json.dumps(record).encode()], [1], source="f").verdicts


def test_the_contract_has_only_new_optional_fields() -> None:
    before, after = schema(shared_contracts()).schema, schema(COPIED).schema

    assert after["required"] == before["required"]
    assert before["properties"].items() <= after["properties"].items()
    assert set(after["properties"]) == set(Verdict.__struct_fields__)


def test_no_word_of_a_prompt_travels(keep: Keep) -> None:
    record = made(*TEACHES, "--prompts", keep(TEMPLATE))
    said = {word.lower() for prompt in TEMPLATE for word in str(prompt["prompt"]).split()}

    assert not said & {str(value).lower() for value in record.values()}
    numbers = [number for numbers in record["features"] for number in numbers]
    assert all(isinstance(number, int) for number in numbers)
    assert set(record) == {"ts", "alert", "verdict", "capability", "features"}
    capability = Capability.shipped()
    assert Verdicts(capability).take(Verdict(**record)) == "learned"


def test_a_verdict_is_a_line_added_to_its_file(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.jsonl"

    for said in ("false_positive", "undecided"):
        assert run(said, "--to", str(file))[0] == 0

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["alert"], line["verdict"]) for line in lines] == [
        (ALERT, "false_positive"),
        (ALERT, "undecided"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*TEACHES[:1], "--prompts", "absent"), "say what the prompts were after"),
        (("false_positive", *TEACHES[1:]), "--capability goes with true_positive"),
        (("undecided", "--prompts", "absent"), "nothing is learned of what is undecided"),
        (("false_positive", "--prompts", "absent"), "absent cannot be read"),
        (("undecided", "--note", "x" * 4097), "longer than 4096 characters"),
        (("undecided", "--bootstrap", "kafka:9092"), "either --to FILE or --bootstrap"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    arguments: tuple[str, ...], sentence: str
) -> None:
    code, output, error = run(*arguments, "--to", "-")

    assert (code, output) == (2, "")
    assert error.startswith("weir: ")
    assert sentence in error


def test_what_is_no_alert_is_refused() -> None:
    result = CliRunner().invoke(main, ["verdict", "campaign-7", "undecided", "--to", "-"])

    assert result.exit_code == 2
    assert "'campaign-7' is no id of an alert" in result.stderr


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        (TEMPLATE[:2], "holds 2 different prompts"),
        (TEMPLATE[:1] * 9, "holds 1 different prompts"),
        ([{"prompt": FORM}] * 9, "holds 1 different prompts"),
        (log("", "", "  "), "holds 0 different prompts"),
        (log(*[FORM.format(word) for word in FILLINGS], operation="embeddings"), "holds 0"),
        (log("Why is it so?", "Who was it then?", "Is that the end?"), "no wording in common"),
        ([*TEMPLATE, {"prompt": 7}], "line 4 of"),
        ([*TEMPLATE, []], "line 4 of"),
        (log(*[FORM.format(n * "x") for n in range(MOST_READ + 1)]), "more than 256 prompts"),
    ],
)
def test_prompts_that_cannot_teach_are_refused_with_a_remedy(
    keep: Keep, records: list[object], sentence: str
) -> None:
    code, output, error = run("false_positive", "--prompts", keep(records), "--to", "-")

    assert (code, output) == (2, "")
    assert sentence in error
    assert "Ottilie" not in error


def test_a_prompt_that_three_accounts_sent_word_by_word_is_a_template(keep: Keep) -> None:
    record = made("benign_known", "--prompts", keep(log(*[FORM.format("this")] * 3)))

    assert len(record["features"]) == 3


def test_a_verdict_is_sent_to_its_topic_by_its_alert(embedded: str, keep: Keep) -> None:
    code, _, error = run(*TEACHES, "--prompts", keep(TEMPLATE), "--bootstrap", embedded)

    assert code == 0, error
    consumer = Consumer({"bootstrap.servers": embedded, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition("weir.verdicts", 0, 0)])
    message = consumer.poll(10.0)
    consumer.close()
    assert message is not None
    assert message.key() == ALERT.encode()
    assert decode_verdicts([message.value()], [0], source="weir.verdicts").verdicts


def test_a_broker_that_is_away_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.doctor.cluster.PATIENCE", 0.2)

    code, _, error = run("undecided", "--bootstrap", "127.0.0.1:1")

    assert code == 2
    assert "did not take the verdict" in error


def test_a_kafka_without_the_topic_is_not_made_to_make_one(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_TOPIC_PREFIX", prefix := f"verdict-{uuid.uuid4().hex[:8]}.")

    code, _, error = run("undecided", "--bootstrap", kafka)

    assert code == 2
    assert f"there is no {prefix}verdicts, which a worker makes at its start" in error
    topics = AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10.0).topics
    assert f"{prefix}verdicts" not in topics
