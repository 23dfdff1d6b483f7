import gzip
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from click.testing import CliRunner

from stream.bench.nab import held_out, judge
from stream.cli import main

START = datetime(2026, 1, 1, tzinfo=UTC)


def columns(rows: int, *, odd: int) -> tuple[list[datetime], list[float]]:
    times = [START + timedelta(minutes=5 * row) for row in range(rows)]
    values = [20.0 + 5.0 * math.sin(row / 9.0) for row in range(rows)]
    values[odd] = 90.0
    return times, values


def benchmark(directory: Path) -> Path:
    windows = {}
    for name, odd in (("real/a.csv", 700), ("real/b.csv", 900), ("real/c.csv", 800)):
        times, values = columns(1000, odd=odd)
        path = directory / "data" / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt") as lines:
            lines.write("timestamp,value\n")
            for time, value in zip(times, values, strict=True):
                lines.write(f"{time:%Y-%m-%d %H:%M:%S},{value}\n")
        ends = times[odd - 5], times[odd + 30]
        windows[name] = [[f"{end:%Y-%m-%d %H:%M:%S}.000000" for end in ends]]
    (directory / "labels").mkdir()
    (directory / "labels" / "combined_windows.json").write_bytes(orjson.dumps(windows))
    return directory


def test_scores_lie_between_zero_and_one_and_are_highest_where_it_is_odd() -> None:
    scores, p_values = judge(columns(1000, odd=700))

    assert 0.0 <= scores.min() <= scores.max() < 1.0
    assert scores[150:].argmax() == 550
    assert p_values[700] < 0.1


def test_the_future_changes_no_score() -> None:
    times, values = columns(1000, odd=700)

    assert (
        judge((times[:600], values[:600]))[0].tolist() == judge((times, values))[0][:600].tolist()
    )


def test_the_halves_share_no_file_and_both_have_some() -> None:
    assert len({held_out(f"real/{number}.csv") for number in range(20)}) == 2


def test_the_command_finds_what_is_plain_and_prints_it_beside_what_was_published(
    tmp_path: Path,
) -> None:
    data = benchmark(tmp_path)

    table = CliRunner().invoke(main, ["bench", "nab", "--data", str(data)])
    report = CliRunner().invoke(main, ["bench", "nab", "--data", str(data), "--json"])

    assert table.exit_code == report.exit_code == 0
    assert "| ARTime, published | 74.9 | 65.1 | 80.4 |" in table.stdout
    fitted = orjson.loads(report.stdout)["results"]["threshold from the labels"]["standard"]
    assert fitted["found"] == 3
    assert fitted["score"] > 90.0


def test_the_scores_are_written_as_the_benchmark_keeps_them(tmp_path: Path) -> None:
    data = benchmark(tmp_path)

    result = CliRunner().invoke(
        main, ["bench", "nab", "--data", str(data), "--scores", str(tmp_path / "out")]
    )

    assert result.exit_code == 0
    lines = (tmp_path / "out" / "weir" / "real" / "weir_a.csv").read_text().splitlines()
    assert lines[0] == "timestamp,value,anomaly_score"
    assert len(lines) == 1001


def test_absent_data_is_one_sentence(tmp_path: Path) -> None:
    for given in (tmp_path / "none", tmp_path):
        result = CliRunner().invoke(main, ["bench", "nab", "--data", str(given)])

        assert result.exit_code == 2
        assert result.stderr.startswith("weir: ")
        assert result.stderr.count("\n") == 1
