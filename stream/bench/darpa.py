"""`weir bench darpa`: bursts among the edges of DARPA 1998, beside MIDAS."""

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import orjson
from numpy.typing import NDArray

from detectors.core.errors import ConfigError
from detectors.sketches.decayed import Floats
from stream.bench.edges import Edges
from stream.bench.engine_edges import EngineEdges
from stream.bench.public import data_directory, machine, table
from stream.bench.ranking import Labels, roc_auc, true_positive_rate

#: ROC-AUC, the same without the two floods, true positives at 0.1 % false ones: the upstream code
#: of MIDAS on the same files.
PUBLISHED = {
    "MIDAS-F, published": (0.986, 0.892, 0.833),
    "MIDAS-R, published": (0.951, 0.660, 0.108),
}
FLOODS = ("neptune", "smurf")
FALSE_POSITIVE_RATE = 0.001
#: Seconds.
MINUTE = 60
HEADS = ("", "ROC-AUC", "without neptune, smurf", "TPR at 0.1 % FPR", "CPU seconds")
FITTED = (
    "Scored as each edge arrives, from what came before it.  The detector sees no label and is\n"
    "fitted on none, but its form and defaults were chosen among some 130 variants while\n"
    "looking at these three figures: to that extent they are fitted on this data set."
)


@dataclass(frozen=True, slots=True)
class Stream:
    """Edges in the order of time, and what is true of them."""

    sources: NDArray[np.uint64]
    destinations: NDArray[np.uint64]
    minutes: NDArray[np.int64]
    attack: Labels
    flood: Labels


def load(directory: Path) -> Stream:
    """Read the files as the data's own description has them."""
    try:
        with gzip.open(directory / "darpa_processed.csv.gz", "rt") as lines:
            edges = np.loadtxt(lines, delimiter=",", dtype=np.int64, ndmin=2)
        with gzip.open(directory / "darpa_ground_truth.csv.gz", "rt") as lines:
            attack = np.loadtxt(lines, dtype=np.int64, ndmin=1) == 1
        with gzip.open(directory / "darpa_attack_name.csv.gz", "rt") as lines:
            flood = np.array([line.strip() in FLOODS for line in lines])
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be read: name its directory with --data"
        ) from error
    sources, destinations, minutes = edges.T
    return Stream(sources.astype(np.uint64), destinations.astype(np.uint64), minutes, attack, flood)


def count_so_far(stream: Stream) -> Floats:
    """Return the trivial score: how many edges came in this minute, the edge itself included."""
    starts = _starts(stream.minutes)
    sizes = np.diff(np.append(starts, len(stream.minutes)))
    return np.arange(1.0, len(stream.minutes) + 1.0) - np.repeat(starts, sizes)


def score(stream: Stream, edges: Edges) -> Floats:
    """Return the score of every edge, a minute a tick."""
    return np.concatenate(
        [
            edges.judge(sources, destinations, tick=minute)
            for minute, sources, destinations in _minutes(stream)
        ]
    )


def score_by_engine(stream: Stream, edges: EngineEdges) -> Floats:
    """Return the score of every edge, each minute judged as a whole when it is over."""
    scores = [
        edges.judge(sources, destinations, tick=MINUTE * minute)
        for minute, sources, destinations in _minutes(stream)
    ]
    return np.concatenate([*scores, edges.finish()])


def measure(scores: Floats, stream: Stream) -> dict[str, float]:
    """Return ROC-AUC, the same without the floods, and true positives at few false ones."""
    kept = ~stream.flood
    return {
        "auc": roc_auc(scores, stream.attack),
        "auc_without_floods": roc_auc(scores[kept], stream.attack[kept]),
        "true_positive_rate": true_positive_rate(
            scores, stream.attack, false_positive_rate=FALSE_POSITIVE_RATE
        ),
    }


@click.command()
@click.option("--data", metavar="DIR", help="The data, or where midas_darpa lies; else WEIR_DATA.")
@click.option("--seed", default=0, show_default=True, help="Of the places in the sketches.")
@click.option(
    "--engine",
    is_flag=True,
    help="Run the detectors of production too: some fifteen minutes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def darpa(data: str | None, seed: int, engine: bool, as_json: bool) -> None:
    """Score the edges of DARPA 1998 under the protocol of MIDAS.

    It runs a sketch of edges in the manner of MIDAS-F, which only the benchmarks use. The detector
    edge_burst shares its arithmetic of what is usual and what exceeds it; what counts as an edge,
    where counts stand and what they are held against are other than here. With --engine all
    detectors of production judge the edges besides, as requests of accounts through egresses.
    """
    stream = load(data_directory("midas_darpa", data))
    edges = Edges(seed=seed)
    figures: dict[str, dict[str, float]] = {}
    judges: dict[str, Callable[[], Floats]] = {
        "Weir": partial(score, stream, edges),
        "edges so far in the minute": partial(count_so_far, stream),
    }
    if engine:
        judges["Weir's engine, by the minute"] = partial(score_by_engine, stream, EngineEdges())
    for name, judge in judges.items():
        begun = time.process_time()
        scores = judge()
        seconds = time.process_time() - begun
        figures[name] = measure(scores, stream) | {"cpu_seconds": seconds}
    if as_json:
        report = {"results": figures, "edges": len(stream.minutes), "seed": seed}
        report |= {"sketch_bytes": edges.state_bytes, "machine": machine()}
        click.echo(orjson.dumps(report))
        return
    rows: dict[str, tuple[float | None, ...]] = {
        name: tuple(row.values()) for name, row in figures.items()
    }
    rows |= {name: (*published, None) for name, published in PUBLISHED.items()}
    click.echo(table(HEADS, rows, digits=3))
    click.echo(f"\n{len(stream.minutes):,} edges, {edges.state_bytes / 1e6:.1f} MB of sketches.")
    click.echo(f"{FITTED}\n{machine()}")


def _minutes(stream: Stream) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.uint64]]]:
    """Yield each minute with the ends of its edges."""
    starts = _starts(stream.minutes)
    ends = np.append(starts[1:], len(stream.minutes))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        minute = int(stream.minutes[start])
        yield minute, stream.sources[start:end], stream.destinations[start:end]


def _starts(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.append(True, minutes[1:] != minutes[:-1]))
