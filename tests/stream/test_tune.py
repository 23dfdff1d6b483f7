import gzip
import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from detectors.core.calibration import ENOUGH
from detectors.core.errors import ConfigError
from stream.bench.worlds.table import Table
from stream.cli import main
from stream.config import Config
from stream.file_driver import FileDriver
from stream.replay import feed, replay
from stream.simulate import World, records
from stream.tune import BUDGETS, MOST, tune
from stream.tuning import Learned, Tuning

SMALL = {"accounts": 2_000, "groups": 2_000, "members": 4_000, "request_ids": 20_000}
CONFIG = Config(
    **SMALL,  # type: ignore[arg-type]
    enabled=("rate_surge", "model_pivot", "failover_echo", "capability"),
)
SETTINGS = """
[budget]
false_alerts_per_day = 2
[detectors]
enabled = ["rate_surge", "capability"]
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Nine minutes in which a campaign moves to a model that is released."""
    made = World(
        seed=2,
        accounts=150,
        hours=0.15,
        start=1_767_225_720.0,  # it reaches into a second test of ten minutes
        text="none",
        release_at=200.0,
        campaign="minimax",
        campaign_at=0.0,
        campaign_accounts=60,
        requests_per_account_day=8_000.0,
        pivot_delay=20.0,
        pivot_seconds=30.0,
        ban_rate=100.0,
    )
    path = tmp_path_factory.mktemp("world") / "world.jsonl"
    path.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in records(made)))
    return str(path)


@pytest.fixture(scope="module")
def tuned(world: str) -> Tuning:
    return tune([world], config=CONFIG, budgets=[1_000.0])


@pytest.fixture
def requests(tmp_path: Path) -> str:
    """A minute of a few accounts, and a line that is no record."""
    lines = [
        json.dumps(
            {"id": f"r{n}", "ts": 1_767_225_600 + 3 * n, "account": f"a{n % 4}", "model": "m"}
        )
        for n in range(21)
    ]
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join([*lines, "garbage"]))
    return str(path)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "weir.toml"
    path.write_text(SETTINGS)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["tune", *arguments])


def as_replayed(path: str, *, budget: float, partitions: int = 1) -> dict[str, Any]:
    """Count what a replay of its own raises with a budget."""
    written = io.BytesIO()
    config = Config(
        **SMALL,  # type: ignore[arg-type]
        enabled=CONFIG.enabled,
        false_alerts_per_day=budget,
    )
    replay([path], config=config, alerts=written, partitions=partitions)
    alerts = [json.loads(line) for line in written.getvalue().splitlines()]
    return {
        "alerts": len(alerts),
        "severities": Counter(alert["severity"] for alert in alerts),
        "detectors": Counter(alert["detector"] for alert in alerts),
        "accounts": {account for alert in alerts for account in alert["accounts"]},
    }


def counted(tuning: Tuning) -> dict[float, dict[str, Any]]:
    return {
        outcome.budget: {
            "alerts": outcome.alerts,
            "severities": outcome.severities,
            "detectors": outcome.detectors,
            "accounts": outcome.accounts,
        }
        for outcome in tuning.outcomes
    }


def test_each_budget_raises_what_a_replay_with_it_raises(world: str, tuned: Tuning) -> None:
    found = counted(tuned)

    assert found == {budget: as_replayed(world, budget=budget) for budget in (1.0, 1_000.0)}
    # Were they alike, engines that are not apart would pass.
    assert 0 < found[1.0]["alerts"] != found[1_000.0]["alerts"]


def test_with_more_partitions_it_is_the_replay_of_as_many(world: str) -> None:
    tuning = tune([world], config=CONFIG, budgets=[1_000.0], partitions=2)

    assert counted(tuning)[1_000.0] == as_replayed(world, budget=1_000.0, partitions=2)
    assert tuning.outcomes[-1].alerts > 0
    assert {learned.partition for learned in tuning.learned} == {0, 1}


def test_rates_and_shares_are_of_the_file(world: str, tuned: Tuning) -> None:
    lines = [json.loads(line) for line in Path(world).read_bytes().splitlines()]
    requests = [line for line in lines if line.get("kind", "request") == "request"]
    accounts = {request["account"] for request in requests}
    seconds = [int(request["ts"]) for request in requests]
    figures = tuned.figures()

    assert tuned.accounts == len(accounts)
    assert tuned.days * 86_400 == pytest.approx(max(seconds) - min(seconds) + 1)
    for shown, outcome in zip(figures["budgets"], tuned.outcomes, strict=True):
        assert shown["alerts_per_day"] == pytest.approx(outcome.alerts / tuned.days)
        assert shown["share_of_accounts"] == len(outcome.accounts & accounts) / len(accounts)
        assert sum(shown["severities"].values()) == shown["alerts"]
        assert sum(shown["detectors"].values()) == shown["alerts"]


def test_the_calibration_is_that_of_an_engine_with_the_configured_budget(
    world: str, tuned: Tuning
) -> None:
    driver = FileDriver(config=CONFIG)
    feed(driver, [world], format="native", record_bytes=CONFIG.record_bytes)
    now = max(int(json.loads(line)["ts"]) for line in Path(world).read_bytes().splitlines())
    level = driver.engine.accounts[0]
    found = {(each.detector, each.scope): each for each in tuned.learned if each.plan is None}
    of_paid = [each.tests for each in tuned.learned if each.name == "rate_surge, account of paid"]
    of_accounts = found["rate_surge", "account"]
    calibration = level.calibrations["rate_surge", "account"]
    limit = calibration.limit(alerts_per_day=level.settings.alerts_per_day, tick=now)

    assert of_accounts.tests == calibration.windows > 0
    assert of_accounts.limit == limit
    assert of_accounts.score == calibration.score_at(limit)
    paid = dict(calibration.segments)[level.plans["paid"]]
    assert of_paid == [paid.windows]
    assert 0 < paid.windows < calibration.windows
    assert {("failover_echo", "account"), ("model_pivot", "template")} <= set(found)
    assert found["capability", "proxy"].limit is None  # never an alert by itself


@pytest.mark.parametrize(
    ("tests", "limit", "state"),
    [
        (0.0, 1e-3, "untested"),
        (ENOUGH - 1, 1e-3, "learning"),
        (ENOUGH, 1e-3, "extrapolated"),
        (1_000.0, 1e-3, "observed"),
        (ENOUGH, None, "evidence"),
    ],
)
def test_a_calibration_says_what_its_limit_stands_on(
    tests: float, limit: float | None, state: str
) -> None:
    learned = Learned(
        detector="d",
        scope="account",
        plan=None,
        partition=0,
        tests=tests,
        limit=limit,
        score=limit,
    )
    assert learned.state == state
    assert learned.share == min(tests / ENOUGH, 1.0)


def test_the_configured_budget_comes_with_the_others(requests: str, settings: str) -> None:
    result = run(requests, "--config", settings, "--json")

    shown = orjson.loads(result.stdout)["budgets"]
    assert result.exit_code == 0
    assert [each["false_alerts_per_day"] for each in shown] == sorted({*BUDGETS, 2.0})
    assert [each["false_alerts_per_day"] for each in shown if each["configured"]] == [2.0]


def test_people_get_one_table_and_how_far_the_calibration_is(requests: str, settings: str) -> None:
    result = run(requests, "--config", settings, "--budget", "5", "--budget", "0.5")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert " ".join(lines[2].split()) == "| false alerts a day | 0.5 | 2 (configured) | 5 |"
    assert len({len(line) for line in lines[2:9]}) == 1
    assert "61 s of event time, 4 accounts. Rates a day are scaled up from it." in result.stdout
    assert "Calibration with the configured budget: 0 of 6 learned" in result.stdout
    assert "| rate_surge, account " in result.stdout
    assert "learning, no test yet" in result.stdout
    assert "weir: with the configured budget, 22 records in " in result.stderr
    assert "1 dead letters, 0 alerts" in result.stderr


def test_json_is_one_object_and_nothing_else(requests: str, settings: str) -> None:
    result = run(requests, "--config", settings, "--budget", "5", "--json")

    figures = orjson.loads(result.stdout)
    assert result.stderr == ""
    assert (figures["records"], figures["requests"], figures["accounts"]) == (22, 21, 4)
    assert figures["interrupted"] is False
    assert set(figures["budgets"][0]["detectors"]) == {"campaign", "rate_surge"}
    assert {each["state"] for each in figures["calibration"]} == {"untested"}


def test_packed_files_and_the_standard_input_are_read_too(
    requests: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(requests).read_bytes()
    packed = tmp_path / "requests.jsonl.gz"
    packed.write_bytes(gzip.compress(content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    plain, *others = (
        tune([name], config=CONFIG, budgets=[5.0]) for name in (requests, str(packed), "-")
    )

    assert plain.accounts == 4
    for tuning in others:
        assert tuning.outcomes == plain.outcomes
        assert tuning.learned == plain.learned
        assert tuning.summary.records == plain.summary.records


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf", "100001"])
def test_a_budget_out_of_range_is_refused(requests: str, budget: str) -> None:
    result = run(requests, "--budget", budget)

    sentence = f"weir: --budget {float(budget):g} must be from 0.001 to 100,000.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", sentence)


def test_too_many_budgets_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    budgets = [float(number) for number in range(2, MOST + 2)]
    with pytest.raises(ConfigError, match=rf"^{MOST + 1} budgets, .* name {MOST - 1} at most\.$"):
        tune([str(tmp_path / "absent")], config=Config(), budgets=budgets)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = run(str(tmp_path / "absent"))

    assert result.exit_code == 2
    assert (
        result.stderr == f"weir: {tmp_path / 'absent'} cannot be read: No such file or directory.\n"
    )


def test_a_file_in_another_format_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "conv.csv"
    file.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n")

    result = run(str(file), "--budget", "1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "weir: none of 2 records could be read as a request in the format native: "
        "is it azure-llm or mooncake?\n"
    )


def test_a_file_without_requests_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_bytes(b"\n")

    result = run(str(file), "--budget", "1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "weir: there is no request to tune on: name files that hold some.\n"


def test_of_a_file_that_breaks_off_the_rest_is_shown(
    requests: str, settings: str, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(Path(requests).read_bytes())[:-9])

    result = run(str(torn), "--config", settings, "--budget", "5")

    assert result.exit_code == 2
    assert "| alerts " in result.stdout
    assert result.stderr.splitlines()[-1].startswith(f"weir: {torn} breaks off")


def test_ctrl_c_ends_with_what_was_read(world: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    tuning = tune([world], config=CONFIG, budgets=[1.0], progress=interrupt, block_bytes=30_000)

    assert tuning.summary.interrupted
    assert 0 < tuning.summary.requests < 500
    assert tuning.figures()["interrupted"] is True


def test_the_reading_of_a_configuration_is_that_of_replay(
    requests: str, monkeypatch: pytest.MonkeyPatch, settings: str
) -> None:
    monkeypatch.setenv("WEIR_CONFIG", settings)
    figures = orjson.loads(run(requests, "--budget", "5", "--json").stdout)
    assert [each["false_alerts_per_day"] for each in figures["budgets"]] == [2.0, 5.0]


def test_a_padded_table_is_the_same_table() -> None:
    table = Table(title="T", head=["who", "n"], rows=[["a|b", "1"], ["c", "1,000"]], note="N")

    assert table.markdown(padded=True).splitlines()[2:6] == [
        "| who |     n |",
        "|-----|------:|",
        "| a/b |     1 |",
        "| c   | 1,000 |",
    ]
    assert table.markdown().splitlines()[2:6] == [
        "| who | n |",
        "|---|---:|",
        "| a/b | 1 |",
        "| c | 1,000 |",
    ]
