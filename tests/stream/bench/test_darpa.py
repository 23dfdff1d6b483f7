import gzip
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from stream.bench.darpa import Stream, count_so_far, load, measure, score, score_by_engine
from stream.bench.edges import Edges
from stream.bench.engine_edges import EngineEdges
from stream.bench.ranking import roc_auc, true_positive_rate
from stream.cli import main

DATA = Path(os.environ.get("WEIR_DATA", Path(__file__).parents[4] / "shared" / "data"))
DATA /= "midas_darpa"


def benchmark(directory: Path) -> Path:
    """Two hundred quiet minutes, a flood and a sweep in the next two."""
    random = np.random.default_rng(5)
    rows = [
        (source, 100 + source % 3, minute, 0, "-")
        for minute in range(1, 203)
        for source in random.integers(1, 9, 12).tolist()
    ]
    rows += [(77, 100, 201, 1, "neptune")] * 300 + [
        (78, 500 + i, 202, 1, "sweep") for i in range(90)
    ]
    rows.sort(key=lambda row: row[2])
    columns = {
        "darpa_processed.csv.gz": [f"{s},{d},{t}" for s, d, t, _, _ in rows],
        "darpa_ground_truth.csv.gz": [str(row[3]) for row in rows],
        "darpa_attack_name.csv.gz": [row[4] for row in rows],
    }
    for name, lines in columns.items():
        with gzip.open(directory / name, "wt") as file:
            file.write("\n".join(lines) + "\n")
    return directory


def test_a_flood_and_a_sweep_rank_above_the_quiet(tmp_path: Path) -> None:
    stream = load(benchmark(tmp_path))

    scores = score(stream, Edges(width=1024))

    assert roc_auc(scores, stream.attack) > 0.99
    assert roc_auc(scores[~stream.flood], stream.attack[~stream.flood]) > 0.99


def test_the_detectors_of_production_see_a_flood_and_a_sweep_too(tmp_path: Path) -> None:
    stream = load(benchmark(tmp_path))

    scores = score_by_engine(stream, EngineEdges())

    assert len(scores) == len(stream.minutes)
    assert roc_auc(scores, stream.attack) > 0.99
    assert roc_auc(scores[~stream.flood], stream.attack[~stream.flood]) > 0.99
    assert (scores[stream.minutes < 200] == 0.0).all()


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"DARPA's edges are not at {DATA}")
def test_real_edges_rank_above_counting_them() -> None:
    stream = load(DATA)
    part = Stream(*(getattr(stream, field.name)[:400_000] for field in fields(Stream)))

    ours, trivial = measure(score(part, Edges()), part), measure(count_so_far(part), part)

    assert ours["auc"] > trivial["auc"]
    assert ours["auc_without_floods"] > trivial["auc_without_floods"]


def test_the_trivial_score_starts_anew_every_minute(tmp_path: Path) -> None:
    stream = load(benchmark(tmp_path))

    counts = count_so_far(stream)

    assert counts[:13].tolist() == [*range(1, 13), 1]
    assert counts.max() == 312


def test_the_command_prints_both_beside_what_was_published(tmp_path: Path) -> None:
    data = benchmark(tmp_path)

    table = CliRunner().invoke(main, ["bench", "darpa", "--data", str(data)])
    report = CliRunner().invoke(main, ["bench", "darpa", "--data", str(data), "--json"])

    assert table.exit_code == report.exit_code == 0
    assert "| MIDAS-F, published | 0.986 | 0.892 | 0.833 |" in table.stdout
    results = orjson.loads(report.stdout)["results"]
    assert results["Weir"]["auc"] > 0.99
    assert set(results) == {"Weir", "edges so far in the minute"}


def test_absent_data_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["bench", "darpa", "--data", str(tmp_path)])

    assert result.exit_code == 2
    assert "darpa_processed.csv.gz cannot be read" in result.stderr


def test_a_random_score_is_worth_half() -> None:
    random = np.random.default_rng(1)

    assert roc_auc(random.random(20_000), random.random(20_000) < 0.3) == pytest.approx(
        0.5, abs=0.02
    )


def test_equal_scores_of_others_and_wanted_are_not_told_apart() -> None:
    scores, wanted = np.zeros(10), np.arange(10) < 5

    assert roc_auc(scores, wanted) == 0.5
    assert true_positive_rate(scores, wanted, false_positive_rate=0.1) == 0.0
