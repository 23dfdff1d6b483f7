import gzip
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from stream.bench.worlds import canvas, command
from stream.bench.worlds import grid as grids
from stream.bench.worlds.grid import CROWD, Cell, busiest, crowd, grid
from stream.bench.worlds.life import Life, live
from stream.bench.worlds.output import Results
from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.run import CONTENDERS, run
from stream.cli import main
from stream.simulate import labels, simulate
from stream.simulate.campaigns import SHAPES

SHAPE = busiest()
TINY = [
    "--campaign", SHAPE, "--size", "4", "--mixing", "0.3", "--ratio", "2", "--hours", "0.2",
    "--text", "sketch",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "LAUNCH_DAY_ACCOUNTS", 150)
    monkeypatch.setattr(command, "LIFE_SIZE", 8)


def servegen(directory: Path) -> str:
    """Write the files of two clients who never rest, and name them as a background."""
    trace = "client,ts_s,rate_rps,pattern,arg1\n" + "".join(
        f"{client},{window * 600},{1 + client},Gamma,1.0\n"
        for window in range(144)
        for client in (0, 1)
    )
    tokens = "client,ts_s,field,p10,p50,p90,p99,max\n"
    (directory / "m_trace.csv.gz").write_bytes(gzip.compress(trace.encode()))
    (directory / "m_token_quantiles.csv.gz").write_bytes(gzip.compress(tokens.encode()))
    return f"servegen:{directory}"


def crowd_of(cell: Cell) -> list[tuple[float, str, str]]:
    """Return what everybody sends who is not of the campaign."""
    world = cell.world()
    campaign = labels(world)["campaigns"][0]["accounts"]
    requests = [each for each in simulate(world) if "kind" not in each]
    return [
        (each["ts"], each["account"], each["model"])
        for each in requests
        if each["account"] not in campaign
    ]


def bench(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["bench", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_tiny_grid_is_replayed_scored_and_written(tmp_path: Path) -> None:
    code, out, error = bench("worlds", *TINY, "--out", str(tmp_path), "--no-plots")

    assert code == 0, error
    results = msgspec.json.decode((tmp_path / "results.json").read_bytes(), type=Results)
    assert {outcome.contender for outcome in results.outcomes} == set(CONTENDERS)
    worlds = {outcome.cell.campaign for outcome in results.outcomes}
    assert worlds == {SHAPE, None}
    assert all(outcome.requests > 0 for outcome in results.outcomes)
    assert results.life is not None
    assert out.strip() in (tmp_path / "tables.md").read_text()
    assert "All contenders, 2 benign requests" in out
    assert "A launch day without any campaign" in out
    assert "evasion" not in out
    assert not list(tmp_path.glob("*.png"))
    assert error.startswith("weir: 2 worlds, and one more for a campaign's life")
    own, others = results.outcomes[0], results.outcomes[0].score
    assert own.contender == "Weir"
    told = f"named {others.named} of {others.benign} others"
    assert f"weir: 1 of 2: {own.cell.name}: Weir {told}\n" in error


def test_the_campaigns_may_be_all_that_is_asked_for(tmp_path: Path) -> None:
    code, out, error = bench(
        "worlds", *TINY, "--only", "Weir", "--campaigns-only", "--out", str(tmp_path)
    )
    assert code == 0, error
    results = msgspec.json.decode((tmp_path / "results.json").read_bytes(), type=Results)
    assert [outcome.cell.campaign for outcome in results.outcomes] == [SHAPE]
    assert results.life is None
    assert error.startswith("weir: 1 world; each is named as it ends.")
    page = (tmp_path / "index.html").read_text()
    assert "launch day" not in out + page
    assert "One campaign&#x27;s life" not in page
    assert {file.stem for file in tmp_path.glob("*.png")} == {"tradeoff", "times"}


def test_who_breaks_off_finds_no_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(cell: Cell) -> Life:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "live", broken_off)

    code, _, error = bench("life", "--out", str(tmp_path))

    assert code != 0
    assert error.startswith(f"weir: a campaign's life: {SHAPE}, 8 accounts")
    assert not list(tmp_path.iterdir())


def test_the_page_holds_every_plot_and_needs_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")

    code, _, error = bench("worlds", *TINY, "--mixing", "0.9", "--out", str(tmp_path))

    assert code == 0, error
    plots = {file.stem for file in tmp_path.glob("*.png")}
    assert plots == {"tradeoff", "times", "difficulty", "life"}
    page = (tmp_path / "index.html").read_text()
    assert page.count("src='data:image/png;base64,") == len(plots)
    assert "http" not in page.replace("http-equiv", "")


def test_attackers_of_a_share_are_a_table_beside_what_others_published(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    shares = [*TINY[:4], "--attackers", "0.1", "--attackers", "0.25", *TINY[8:]]

    code, out, error = bench("worlds", *shares, "--out", str(tmp_path))

    assert code == 0, error
    results = msgspec.json.decode((tmp_path / "results.json").read_bytes(), type=Results)
    assert {outcome.cell.attackers for outcome in results.outcomes} == {0.0, 0.1, 0.25}
    assert "benign requests for each of the campaign's" not in out
    assert f"| {SHAPE} | 4 | 30 % | 0.2 | - |" in out
    assert "| PRADA, published | 29.0 % | 8.6 % | - | 61.1 % | 8.6 % | - |" in out
    plots = {file.stem for file in tmp_path.glob("*.png")}
    assert plots == {"attackers", "times", "difficulty", "life"}
    assert "Attackers among the active accounts" in (tmp_path / "index.html").read_text()


def test_evasions_stand_beside_the_shape_as_it_is_in_every_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    asked = ["--evasion", "paraphrase=0.5", "--evasion", "jitter=60,lockstep=0", "--only", "Weir"]

    code, out, error = bench("worlds", *TINY, *asked, "--out", str(tmp_path))

    assert code == 0, error
    results = msgspec.json.decode((tmp_path / "results.json").read_bytes(), type=Results)
    evasions = ["", "paraphrase=0.5", "jitter=60,lockstep=0"]
    assert [outcome.cell.evasion for outcome in results.outcomes] == [*evasions, ""]
    assert "| campaign | accounts | mixing | evasion | hours |" in out
    assert f"| {SHAPE} | 4 | 30 % | paraphrase=0.5 | 0.2 | 2 |" in out
    assert "| evasion | found | precision | benign named | first alert (median) |" in out
    assert "mixing 30%, jitter=60,lockstep=0, 1:2, 0.2 h" in error
    plots = {file.stem for file in tmp_path.glob("*.png")}
    assert plots == {"tradeoff", "times", "difficulty", "life"}
    harder = (tmp_path / "index.html").read_text().partition("As worlds get harder")[2]
    assert "Weir by evasion" in harder.partition("Time to tell")[0]


def test_worlds_have_the_background_that_is_asked_for_and_say_so(tmp_path: Path) -> None:
    background = servegen(tmp_path)
    chosen = ["--only", "fixed limits", "--no-plots", "--out", str(tmp_path)]

    code, _, error = bench("worlds", *TINY, *chosen, "--background", background)

    assert code == 0, error
    results = msgspec.json.decode((tmp_path / "results.json").read_bytes(), type=Results)
    assert results.life is not None
    cells = [results.life.cell, *(outcome.cell for outcome in results.outcomes)]
    assert {cell.background for cell in cells} == {background}
    assert {cell.world().background for cell in cells} == {background}
    assert error.count("servegen, seed 1") == 3  # the life too
    assert str(tmp_path) not in cells[0].name


def test_json_is_the_results_and_worlds_may_run_beside_each_other(tmp_path: Path) -> None:
    chosen = ["--only", "fixed limits", "--no-plots"]
    first, second = tmp_path / "1", tmp_path / "2"

    code, out, _ = bench("worlds", *TINY, *chosen, "--json", "--out", str(first))
    beside = bench("worlds", *TINY, *chosen, "--json", "--out", str(second), "--jobs", "2")[1]

    assert code == 0
    read = [msgspec.json.decode(each, type=Results).outcomes for each in (out, beside)]
    scores = [[(outcome.cell, outcome.score) for outcome in outcomes] for outcomes in read]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--campaign", "nosuch"], "nosuch"),
        (["--mixing", "0.99"], "0.99"),
        (["--only", "oracle"], "oracle"),
        (["--hours", "0"], "0"),
        (["--attackers", "1"], "1"),
        (["--evasion", "disguise=1"], "must be NAME=VALUE with one of proxies, "),
        (["--evasion", "disguise=1"], "paraphrase, slow_start, rotate_payment"),
        (["--evasion", "mixing=0.5"], "not 'mixing=0.5'"),
        (["--evasion", "paraphrase"], "not 'paraphrase'"),
        (["--evasion", ""], "must be NAME=VALUE"),
        (["--evasion", "paraphrase=2"], "--evasion paraphrase must be between 0 and 1, not 2.0"),
        (["--evasion", "jitter=2,rotate-egress=5"], "--evasion rotate_egress must be 0 for never"),
        (["--evasion", "jitter=long"], "--evasion jitter must be a number, not 'long'"),
        (["--background", "live"], "--background must be built-in or servegen:DIR"),
        (["--background", "servegen:nowhere"], "nowhere holds no *_trace.csv.gz"),
    ],
)
def test_a_wrong_flag_is_refused_by_name(arguments: list[str], said: str) -> None:
    code, _, error = bench("worlds", "--no-plots", *arguments)

    assert code == 2
    assert said in error.splitlines()[-1]


@pytest.mark.parametrize(
    "asked", [["--size", "5"], ["--attackers", "0.5"], ["--evasion", "jitter=9"]]
)
def test_quick_is_a_grid_of_its_own(asked: list[str], tmp_path: Path) -> None:
    code, _, error = bench("worlds", "--quick", *asked, "--no-plots", "--out", str(tmp_path))

    assert (code, error) == (
        2,
        "weir: --quick is a grid of its own: leave out --campaign, --size and the like\n",
    )


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, _, error = bench("worlds", "--no-plots", "--out", str(tmp_path / "file" / "x"))

    assert code == 2
    assert error.startswith(f"weir: {tmp_path / 'file' / 'x'} cannot be written")
    assert len(error.splitlines()) == 1


def test_without_matplotlib_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    code, _, error = bench("worlds", "--quick")

    assert code == 2
    assert error == (
        "weir: plots need matplotlib, which is not installed: run pip install 'weir[plots]', "
        "or leave the plots out with --no-plots\n"
    )


def test_a_grid_is_every_combination_and_its_crowd_fits_the_ratio() -> None:
    cells = grid(
        campaigns=[SHAPE],
        sizes=[10, 20],
        mixings=[None, 0.5],
        ratios=[10.0, 100.0],
        seeds=[1, 2],
        hours=1.0,
        text="sketch",
    )

    assert len(set(cells)) == 16
    assert {cell.mixing for cell in cells} == {SHAPES[SHAPE].mixing, 0.5}
    accounts = {(cell.size, cell.ratio): cell.accounts for cell in cells}
    assert accounts[20, 100.0] == pytest.approx(10 * accounts[20, 10.0], rel=0.01)
    assert accounts[20, 10.0] == pytest.approx(2 * accounts[10, 10.0], rel=0.05)


def test_attackers_are_the_share_asked_for_of_those_that_send_anything() -> None:
    cells = grid(
        campaigns=["deepseek"], sizes=[60], mixings=[None], attackers=[0.1, 0.25], seeds=[3],
        hours=1.0, text="none",
    )  # fmt: skip

    outcomes = [run(cell, contenders=["fixed limits"])[0] for cell in cells]

    assert len({cell.name for cell in cells}) == 2
    assert [Pooled([each]).attackers for each in outcomes] == [
        pytest.approx(0.1, rel=0.2),
        pytest.approx(0.25, rel=0.2),
    ]


def test_a_grid_may_go_by_ratio_and_by_share_at_once() -> None:
    cells = grid(
        campaigns=[SHAPE], sizes=[10], mixings=[None, 0.5], ratios=[2.0], attackers=[0.2],
        seeds=[1], hours=0.5, text="none",
    )  # fmt: skip

    assert [(cell.ratio, cell.attackers) for cell in cells] == [(2.0, 0.0), (0.0, 0.2)] * 2
    assert [cell.among for cell in cells[:2]] == ["1:2", "20 % of the active"]


def test_an_evasion_changes_the_campaign_and_nothing_else() -> None:
    plain, evaded = grid(
        campaigns=[SHAPE], sizes=[10], mixings=[None], attackers=[0.2], seeds=[1], hours=0.5,
        text="none", evasions=["slow-start=600,even_share=0"],
    )  # fmt: skip

    assert evaded.evasion == "slow-start=600,even_share=0"
    assert msgspec.structs.replace(evaded, evasion="") == plain
    shape = replace(plain.world().shape(), slow_start=600.0, even_share=0.0)
    assert evaded.world().shape() == shape
    assert crowd_of(evaded) == crowd_of(plain) != []


def test_a_slow_campaign_does_not_outnumber_its_crowd() -> None:
    assert crowd(campaign=SHAPE, size=1_000, ratio=0.001, hours=0.5) == CROWD * 1_000


def test_requests_in_a_world_come_near_the_ratio_asked_for() -> None:
    cell = grid(
        campaigns=[SHAPE], sizes=[60], mixings=[None], ratios=[10.0], seeds=[3], hours=0.5,
        text="none",
    )[0]  # fmt: skip

    (outcome,) = run(cell, contenders=["fixed limits"])

    assert outcome.score.campaign > 40
    expected = 60 * SHAPES[SHAPE].requests_per_account_day / 24 * 0.5 * 10
    assert 0.4 * expected < outcome.requests < 2.5 * expected


def test_a_life_tells_of_bans_and_heirs_and_never_finds_more_than_there_are() -> None:
    told = live(
        Cell(
            seed=2, hours=0.3, accounts=60, text="sketch", campaign=SHAPE, size=12, mixing=0.3,
            ratio=3.0, ban_rate=100.0,
        )
    )  # fmt: skip

    assert told.bans
    assert told.begins is not None
    assert told.accounts[-1] > 0
    assert all(f <= a for f, a in zip(told.found, told.accounts, strict=True))
    assert sum(told.campaign) > 0
    assert told.accounts == sorted(told.accounts)


def test_an_empty_plot_check_passes_where_matplotlib_is() -> None:
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")

    canvas.check()
