"""`weir bench worlds` and `weir bench life`."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import click
import msgspec

from detectors.core.errors import ConfigError
from stream.bench.worlds import canvas, output
from stream.bench.worlds.grid import Cell, Text, busiest, crowd, grid, launch_days
from stream.bench.worlds.life import Life, live
from stream.bench.worlds.output import Results
from stream.bench.worlds.report import tables
from stream.bench.worlds.run import CONTENDERS, Outcome, run
from stream.config import Config
from stream.simulate.campaigns import SHAPES

#: `--quick`: small worlds, every shape once, and one shape as it gets harder in each way.
QUICK_SIZE, QUICK_HOURS, QUICK_MIXINGS, QUICK_RATIOS = 40, 1.5, (0.6, 0.9), (10.0, 100.0)
#: Requests an hour that a campaign makes at least there: a slow one has more accounts for it.
QUICK_REQUESTS = 300.0
SIZES, MIXINGS, RATIOS, HOURS = (50, 200), (None, 0.6, 0.9), (10.0, 100.0), 4.0
#: Bans per account and day in the life that is drawn, so that a few hours hold some.
LIFE_BANS, LIFE_SIZE = 10.0, 80

_MANY = click.IntRange(1, 100_000)
_SHARE = click.FloatRange(0, 0.95)
_OUT = click.option("--out", metavar="DIR", default="weir-worlds", show_default=True)
_HOURS = click.option("--hours", type=click.FloatRange(0.1, 24 * 366), help="Of each world.")
_TEXT = click.option(
    "--text",
    type=click.Choice(["prompt", "sketch", "none"]),
    default="prompt",
    show_default=True,
    help="What requests carry of their prompt.",
)
_PLOTS = click.option("--plots/--no-plots", default=True, help="Draw PNGs and the page.")


@click.command()
@click.option("--campaign", "campaigns", multiple=True, type=click.Choice([*SHAPES]))
@click.option("--size", "sizes", multiple=True, type=_MANY, help="Campaign accounts.")
@click.option(
    "--mixing", "mixings", multiple=True, type=_SHARE, help="Ordinary requests of its own."
)
@click.option(
    "--ratio", "ratios", multiple=True, type=click.FloatRange(0.1, 100_000),
    help="Benign requests for each of the campaign's.",
)  # fmt: skip
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(0, 2**63 - 1))
@click.option("--only", "names", multiple=True, type=click.Choice([*CONTENDERS]))
@click.option("--ban-rate", type=click.FloatRange(0, 1000), help="Bans per account and day.")
@_HOURS
@_TEXT
@click.option("--quick", is_flag=True, help="A few small worlds, within five minutes.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True)
@_OUT
@_PLOTS
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def worlds(
    campaigns: tuple[str, ...],
    sizes: tuple[int, ...],
    mixings: tuple[float, ...],
    ratios: tuple[float, ...],
    seeds: tuple[int, ...],
    names: tuple[str, ...],
    ban_rate: float | None,
    hours: float | None,
    text: Text,
    quick: bool,
    jobs: int,
    out: str,
    plots: bool,
    as_json: bool,
) -> None:
    """Replay simulated worlds, and score Weir and earlier methods against the labels.

    Every campaign meets every size, mixing, ratio and seed; each may be given several times. A
    launch day without campaign and one campaign's life come with them. Writes tables, results,
    plots and one page into a directory.
    """
    if plots:
        canvas.check()
    if quick and (campaigns or sizes or mixings or ratios):
        raise ConfigError("--quick is a grid of its own: leave out --campaign, --size and the like")
    path = output.directory(out)
    began = time.perf_counter()
    seeds = seeds or (1,)
    long = hours or (QUICK_HOURS if quick else HOURS)
    if quick:
        cells = _quick(seeds=seeds, hours=long, text=text, ban_rate=ban_rate)
    else:
        cells = grid(
            campaigns=campaigns or tuple(SHAPES),
            sizes=sizes or SIZES,
            mixings=mixings or MIXINGS,
            ratios=ratios or RATIOS,
            seeds=seeds,
            hours=long,
            text=text,
            ban_rate=ban_rate,
        )
    cells += launch_days(seeds=seeds, hours=long, text=text)
    chosen = [name for name in CONTENDERS if not names or name in names]
    outcomes = list(_all(cells, chosen, jobs=jobs))
    life = live(
        _life_cell(campaigns[0] if campaigns else None, hours=long, seed=seeds[0], text=text)
    )
    results = Results(
        made=output.made_by(time.perf_counter() - began), outcomes=outcomes, life=life
    )
    made = tables(outcomes, budget=Config().false_alerts_per_day)
    files = output.write(path, results, tables=made, plots=_drawn(outcomes, life) if plots else {})
    if as_json:
        click.echo(msgspec.json.encode(results))
    else:
        click.echo("\n\n".join(table.markdown() for table in made))
    click.echo(f"weir: wrote {', '.join(str(file) for file in files)}.", err=True)


@click.command()
@click.option("--campaign", type=click.Choice([*SHAPES]), help="Its shape.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
@_HOURS
@_TEXT
@_OUT
def life(campaign: str | None, seed: int, hours: float | None, text: Text, out: str) -> None:
    """Draw one campaign's life, from its first request over bans to heirs."""
    from stream.bench.worlds.life_plot import life_plot

    canvas.check()
    path = output.directory(out)
    told = live(_life_cell(campaign, hours=hours or HOURS, seed=seed, text=text))
    (path / "life.png").write_bytes(life_plot(told))
    found = f"{told.found[-1]} of {told.accounts[-1]} accounts found"
    click.echo(
        f"weir: {found}, {len(told.bans)} bans, {len(told.heirs)} heirs of whom "
        f"{len(told.heirs_found)} found; drawn in {path / 'life.png'}.",
        err=True,
    )


def _quick(*, seeds: Sequence[int], hours: float, text: Text, ban_rate: float | None) -> list[Cell]:
    first = busiest()
    asked: list[tuple[str, int, Sequence[float | None], Sequence[float]]] = [
        *((shape, _quick_size(shape), (None,), QUICK_RATIOS[:1]) for shape in SHAPES),
        (first, QUICK_SIZE, QUICK_MIXINGS, QUICK_RATIOS[:1]),
        (first, QUICK_SIZE // 2, (None,), QUICK_RATIOS),
    ]
    return [
        cell
        for shape, size, mixings, ratios in asked
        for cell in grid(
            campaigns=(shape,),
            sizes=(size,),
            mixings=mixings,
            ratios=ratios,
            seeds=seeds,
            hours=hours,
            text=text,
            ban_rate=ban_rate,
        )
    ]


def _quick_size(shape: str) -> int:
    return max(QUICK_SIZE, round(QUICK_REQUESTS * 24 / SHAPES[shape].requests_per_account_day))


def _life_cell(campaign: str | None, *, hours: float, seed: int, text: Text) -> Cell:
    campaign = campaign or busiest()
    return Cell(
        seed=seed,
        hours=hours,
        accounts=crowd(campaign=campaign, size=LIFE_SIZE, ratio=10.0, hours=hours),
        text=text,
        campaign=campaign,
        size=LIFE_SIZE,
        mixing=SHAPES[campaign].mixing,
        ratio=10.0,
        ban_rate=LIFE_BANS,
    )


def _all(cells: Sequence[Cell], names: Sequence[str], *, jobs: int) -> Iterator[Outcome]:
    """Run every world, and say so as they end; outcomes come in the order of the worlds."""
    if jobs == 1:
        for number, cell in enumerate(cells, start=1):
            yield from run(cell, contenders=names)
            _say(number, len(cells), cell)
        return
    # Started anew, not forked: threads of numerical libraries do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        waiting = {
            pool.submit(run, cell, contenders=names): place for place, cell in enumerate(cells)
        }
        ended: dict[int, list[Outcome]] = {}
        for number, future in enumerate(as_completed(waiting), start=1):
            ended[waiting[future]] = future.result()
            _say(number, len(cells), cells[waiting[future]])
        for place in range(len(cells)):
            yield from ended[place]


def _drawn(outcomes: Sequence[Outcome], life: Life) -> dict[str, bytes]:
    from stream.bench.worlds.life_plot import life_plot
    from stream.bench.worlds.plots import plots

    return plots(outcomes) | {"life": life_plot(life)}


def _say(number: int, count: int, cell: Cell) -> None:
    click.echo(f"weir: {number} of {count}: {cell.name}", err=True)
