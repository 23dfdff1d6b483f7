import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from detectors.core.errors import ConfigError
from stream.cli import main
from stream.simulate import World, labels, records
from stream.simulate.servegen import SPAN, WINDOW, read
from stream.simulate.traffic import Traffic

TRACE = "client,ts_s,rate_rps,iat_cv,pattern,arg1,arg2\n"
TOKENS = "client,ts_s,field,mean,p10,p50,p90,p99,max,n_distinct\n"
REAL = (
    Path(os.environ.get("WEIR_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    / "servegen"
)
MIDNIGHT = 1_767_225_600.0


def write(directory: Path, *, trace: str, tokens: str = TOKENS, model: str = "m") -> str:
    for name, text in (("trace", trace), ("token_quantiles", tokens)):
        (directory / f"{model}_{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return f"servegen:{directory}"


def day_and_night(days: int = 14) -> str:
    """Two clients: one who works from 08:00 to 10:00, and one who never rests."""
    lines = []
    for window in range(days * 144):
        if 48 <= window % 144 < 60:
            lines.append(f"0,{window * 600},2.0,1.0,Gamma,1.0,0.5")
        lines.append(f"1,{window * 600},0.5,1.0,Weibull,0.8,2.0")
    return TRACE + "\n".join(lines) + "\n"


def test_accounts_rest_when_their_clients_rested(tmp_path: Path) -> None:
    background = write(tmp_path, trace=day_and_night())
    clients = read(str(tmp_path))
    world = World(accounts=400, hours=24.0, background=background, text="none", churn=0.0)
    traffic = Traffic(world)
    requests = np.concatenate(list(traffic.requests()))
    working = (requests["ts"] - MIDNIGHT) // 3_600
    hours = Counter(working.astype(int).tolist())
    awake = [hours[hour] for hour in (8, 9)]
    asleep = [hours[hour] for hour in (5, 6, 13, 20)]

    assert clients.rate.shape == (2, 2_016)
    assert min(awake) > 2 * max(asleep)


def test_times_are_found_again_by_the_clocks_that_show_them(tmp_path: Path) -> None:
    background = write(tmp_path, trace=day_and_night())
    traffic = Traffic(World(accounts=300, hours=24.0, background=background))
    clocks, rows = traffic.clocks, np.arange(300)
    wall = np.linspace(MIDNIGHT + 8.5 * 3_600, MIDNIGHT + 9.5 * 3_600, num=300, dtype=np.float64)

    again = clocks.wall(rows=rows, own=clocks.own(rows=rows, wall=wall))

    assert np.allclose(again, wall, atol=1e-3)


def test_lengths_are_those_of_the_client(tmp_path: Path) -> None:
    tokens = TOKENS + "".join(
        f"{client},0,{field},0,{values},9\n"
        for client, field, values in (
            (0, "input_tokens", "400,500,600,700,800"),
            (0, "output_tokens", "10,10,10,10,10"),
            (1, "input_tokens", "400,500,600,700,800"),
            (1, "output_tokens", "10,10,10,10,10"),
        )
    )
    background = write(tmp_path, trace=day_and_night(), tokens=tokens)
    world = World(accounts=300, hours=2.0, start=MIDNIGHT + 8 * 3_600, background=background)
    requests = np.concatenate(list(Traffic(world).requests()))
    quantiles = np.quantile(requests["input_tokens"], [0.1, 0.5, 0.9])

    assert set(requests["output_tokens"].tolist()) == {0, 10}
    assert quantiles == pytest.approx([400, 500, 600], rel=0.05)
    assert requests["input_tokens"].max() <= 800


def test_a_window_without_any_client_is_a_gap_of_the_collection_and_mended(tmp_path: Path) -> None:
    trace = "".join(
        line + "\n" for line in day_and_night().splitlines() if f",{300 * 600}," not in line
    )
    write(tmp_path, trace=trace)

    assert (read(str(tmp_path)).rate[:, 300] > 0).any()


def test_a_day_is_repeated(tmp_path: Path) -> None:
    write(tmp_path, trace=day_and_night(days=1))
    clients = read(str(tmp_path))

    assert (clients.rate[:, :144] == clients.rate[:, -144:]).all()
    assert SPAN == 2_016 * WINDOW


def test_who_first_appears_in_the_trace_is_created_in_the_world(tmp_path: Path) -> None:
    late = [f"7,{window * 600},1.0,1.0,Gamma,1.0,1.0" for window in range(144 + 30, 2_016)]
    background = write(tmp_path, trace=day_and_night() + "\n".join(late) + "\n")
    world = World(accounts=600, hours=12.0, background=background, text="none", churn=0.0)
    born = Traffic(world).population.born

    assert np.isfinite(born).any()
    assert (born[np.isfinite(born)] >= world.start).all()


@pytest.mark.parametrize(
    ("trace", "tokens", "sentence"),
    [
        ("client,ts_s\n0,0\n", TOKENS, "has no column arg1"),
        (TRACE + "0,0,much,1,Gamma,1,1\n", TOKENS, "holds 'much' where a number must be"),
        (TRACE + "x,0,1,1,Gamma,1,1\n", TOKENS, "holds 'x' where a number must be"),
        (TRACE + "0,9e9,1,1,Gamma,1,1\n", TOKENS, "has a window beyond two weeks"),
        (TRACE, TOKENS, "has no window in which anybody asked"),
        (day_and_night(1), "client,ts_s\n", "has no column field"),
    ],
)
def test_a_file_that_does_not_fit_is_told_in_one_sentence(
    tmp_path: Path, trace: str, tokens: str, sentence: str
) -> None:
    write(tmp_path, trace=trace, tokens=tokens)

    with pytest.raises(ConfigError, match=sentence):
        read(str(tmp_path))


@pytest.mark.parametrize(
    ("background", "sentence"),
    [
        ("poisson", "--background must be built-in or servegen:DIR, not 'poisson'"),
        ("servegen:", "--background must be built-in or servegen:DIR"),
        ("servegen:/nowhere", "--background servegen:/nowhere holds no *_trace.csv.gz"),
    ],
)
def test_a_background_that_is_not_there_is_told_before_anything_is_written(
    tmp_path: Path, background: str, sentence: str
) -> None:
    file = tmp_path / "world.jsonl"
    done = CliRunner().invoke(main, ["simulate", "--to", str(file), "--background", background])

    assert done.exit_code == 2
    assert done.stderr.startswith(f"weir: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not file.exists()


def test_a_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    write(tmp_path, trace=day_and_night(1))
    file = tmp_path / "m_trace.csv.gz"
    file.write_bytes(file.read_bytes()[:200])

    with pytest.raises(ConfigError, match=r"m_trace\.csv\.gz cannot be read \(it is no gzip file"):
        read(str(tmp_path))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there are no ServeGen files in {REAL}")
def test_real_clients_make_traffic_as_uneven_as_real_traffic_is() -> None:
    world = World(
        seed=5, accounts=2_000, hours=2.0, start=MIDNIGHT + 10 * 3_600, text="none",
        background=f"servegen:{REAL}", campaign="mid2026", campaign_accounts=100,
    )  # fmt: skip
    traffic = Traffic(world)
    requests = np.concatenate(list(traffic.requests()))
    counts = np.sort(np.bincount(requests["actor"]))[::-1]
    each = np.bincount((requests["ts"] - world.start).astype(int))

    assert len(requests) > 20_000
    assert counts[:20].sum() > 0.4 * counts.sum()
    assert 1.4 < each.var() / each.mean() < 40
    assert list(records(world)) == list(records(world))
    assert labels(world)["campaigns"][0]["first_extraction"] is not None
