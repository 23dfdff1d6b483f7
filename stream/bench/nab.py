"""`weir bench nab`: sudden changes in single series, beside published detectors."""

import csv
import gzip
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import orjson

from detectors.core.errors import ConfigError
from detectors.sketches.decayed import Floats
from detectors.sketches.series import Series
from stream.bench.nab_scoring import PROFILES, Result, Scored, all_profiles, rows_of
from stream.bench.public import data_directory, machine, table

PUBLISHED: dict[str, tuple[float | None, ...]] = {
    "ARTime, published": (74.9, 65.1, 80.4),
    "HTM, published": (70.5, 62.6, 75.2),
    "CAD OSE, published": (69.9, 67.0, 73.2),
    "random cut forest, published": (51.7, 38.4, 59.7),
    "windowed Gaussian, published": (39.6, 20.9, 47.4),
}
#: One false alarm in a thousand values, where a p-value speaks of a hundred.
FIXED_P_VALUE = 0.1
#: What a strength is measured against when it is pressed into 0..1; any would rank the same.
MIDDLE = 3.0
HEADS = ("", *PROFILES)
FITTED = (
    "No file has settings of its own, and nothing is known of what follows.  'Threshold from the\n"
    "labels' is NAB's own protocol.  The detector's constants were chosen while looking at these\n"
    "labels, on both halves in the end: to that extent all rows but the published are fitted."
)

Windows = Mapping[str, list[tuple[datetime, datetime]]]
Columns = tuple[list[datetime], list[float]]


def load(directory: Path) -> tuple[dict[str, Columns], Windows]:
    """Read every series and the windows of its anomalies."""
    try:
        text = (directory / "labels" / "combined_windows.json").read_bytes()
        names: dict[str, list[list[str]]] = orjson.loads(text)
        series = {name: _read(directory / "data" / f"{name}.gz") for name in sorted(names)}
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be read: name its directory with --data"
        ) from error
    spans = {name: [(_time(a), _time(b)) for a, b in pairs] for name, pairs in names.items()}
    return series, spans


def judge(columns: Columns) -> tuple[Floats, Floats]:
    """Return the scores of a series, 0..1, and its p-values, each from what came before it."""
    series, scores, p_values = Series(), [], []
    for moment, value in zip(*columns, strict=True):
        verdict = series.judge(value, moment.timestamp())
        strength = math.log1p(verdict.score)
        scores.append(strength / (strength + MIDDLE))
        p_values.append(verdict.p_value)
    return np.array(scores), np.array(p_values)


def held_out(name: str) -> bool:
    """Say whether a file is in the half that settings were checked on; a hash decides."""
    return bool(hashlib.sha256(name.encode()).digest()[-1] % 2)


@click.command()
@click.option("--data", metavar="DIR", help="The benchmark, or where nab lies; else WEIR_DATA.")
@click.option("--scores", metavar="DIR", help="Write the scores in the benchmark's own layout.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def nab(data: str | None, scores: str | None, as_json: bool) -> None:
    """Score the series of the Numenta Anomaly Benchmark under its protocol.

    It runs the sketch by which the detector service_shift judges the service as a whole.
    """
    series, windows = load(data_directory("nab", data))
    begun = time.process_time()
    judged = {name: judge(columns) for name, columns in series.items()}
    seconds = time.process_time() - begun
    if scores:
        _write(Path(scores), series, judged)
    by_score = {n: rows_of(series[n][0], judged[n][0], windows[n]) for n in series}
    by_chance = {n: rows_of(series[n][0], 1.0 - judged[n][1], windows[n]) for n in series}
    results = results_of(by_score, by_chance)
    if as_json:
        rows = {name: {p: asdict(r) for p, r in row.items()} for name, row in results.items()}
        click.echo(orjson.dumps({"results": rows, "cpu_seconds": seconds, "machine": machine()}))
        return
    shown: dict[str, tuple[float | None, ...]] = {
        f"Weir, {name}": tuple(result.score for result in row.values())
        for name, row in results.items()
    }
    click.echo(table(HEADS, shown | PUBLISHED, digits=1))
    count = sum(len(times) for times, _ in series.values())
    click.echo(f"\n{len(series)} files, {count:,} values in {seconds:.1f} CPU seconds.")
    click.echo(f"{FITTED}\n{machine()}")


def results_of(
    by_score: Mapping[str, Scored], by_chance: Mapping[str, Scored]
) -> dict[str, dict[str, Result]]:
    """Return the results by how the threshold came about."""
    held = {name: rows for name, rows in by_score.items() if held_out(name)}
    others = {name: rows for name, rows in by_score.items() if not held_out(name)}
    results = {
        "threshold from the labels": all_profiles(by_score),
        f"threshold fixed beforehand (p ≤ {FIXED_P_VALUE})": all_profiles(
            by_chance, threshold=1.0 - FIXED_P_VALUE
        ),
    }
    if held and others:
        fitted = {profile: r.threshold for profile, r in all_profiles(others).items()}
        results["half of the files, threshold from the other half"] = all_profiles(
            held, threshold=fitted
        )
    return results


def _read(path: Path) -> Columns:
    with gzip.open(path, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [_time(row["timestamp"]) for row in rows], [float(row["value"]) for row in rows]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)


def _write(
    directory: Path, series: Mapping[str, Columns], judged: Mapping[str, tuple[Floats, Floats]]
) -> None:
    for name, (scores, _) in judged.items():
        category, file = name.split("/")
        path = directory / "weir" / category / f"weir_{file}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="") as lines:
                writer = csv.writer(lines, lineterminator="\n")
                writer.writerow(["timestamp", "value", "anomaly_score"])
                for moment, value, score in zip(*series[name], scores.tolist(), strict=True):
                    writer.writerow([f"{moment:%Y-%m-%d %H:%M:%S}", value, f"{score:.12g}"])
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written ({error.strerror}): name another directory"
            ) from error
