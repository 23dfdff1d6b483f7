"""`weir bench worlds` and `weir bench life`."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial

import click
import msgspec

from detectors.core.errors import ConfigError
from stream.bench.worlds import canvas, options, output
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
#: Worlds by attackers' share, beside those: the shares that others published figures for.
ATTACKERS, ATTACKERS_SIZES = (0.05, 0.1, 0.25), (100,)
#: The few of them in `--quick`, which are larger and longer than the rest of it.
QUICK_ATTACKERS, QUICK_ATTACKERS_HOURS = (0.25,), 3.0
#: Bans per account and day in the life that is drawn, so that a few hours hold some.
LIFE_BANS, LIFE_SIZE = 10.0, 80


@click.command()
@click.option("--campaign", "campaigns", multiple=True, type=click.Choice([*SHAPES]))
@click.option("--size", "sizes", multiple=True, type=options.MANY, help="Campaign accounts.")
@click.option(
    "--mixing", "mixings", multiple=True, type=options.SHARE, help="Ordinary requests of its own."
)
@click.option(
    "--ratio", "ratios", multiple=True, type=click.FloatRange(0.1, 100_000),
    help="Benign requests for each of the campaign's.",
)  # fmt: skip
@click.option(
    "--attackers", "shares", multiple=True, type=click.FloatRange(0.001, 0.9),
    help="The campaign's share of the accounts that are active, instead of a ratio.",
)  # fmt: skip
@options.EVASION
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(0, 2**63 - 1))
@click.option("--only", "names", multiple=True, type=click.Choice([*CONTENDERS]))
@click.option("--ban-rate", type=click.FloatRange(0, 1000), help="Bans per account and day.")
@options.HOURS
@options.TEXT
@options.BACKGROUND
@click.option("--quick", is_flag=True, help="A few small worlds, some ten minutes of one core.")
@click.option(
    "--campaigns-only", is_flag=True, help="Leave out the launch day and the campaign's life."
)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True)
@options.OUT
@options.PLOTS
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def worlds(
    campaigns: tuple[str, ...],
    sizes: tuple[int, ...],
    mixings: tuple[float, ...],
    ratios: tuple[float, ...],
    shares: tuple[float, ...],
    evasions: tuple[str, ...],
    seeds: tuple[int, ...],
    names: tuple[str, ...],
    ban_rate: float | None,
    hours: float | None,
    text: Text,
    background: str,
    quick: bool,
    campaigns_only: bool,
    jobs: int,
    out: str,
    plots: bool,
    as_json: bool,
) -> None:
    """Replay simulated worlds, and score Weir and earlier methods against the labels.

    Every campaign meets every size, mixing, ratio or attackers' share, and seed, once as its shape
    is and once with each evasion; each may be given several times. A launch day without campaign
    and one campaign's life come with them, unless they are left out: with many hours these take
    longer than the rest. Writes tables, results, plots and one page into a directory.
    """
    if plots:
        canvas.check()
    if quick and (campaigns or sizes or mixings or ratios or shares or evasions):
        raise ConfigError("--quick is a grid of its own: leave out --campaign, --size and the like")
    path = output.directory(out)
    began = time.perf_counter()
    seeds = seeds or (1,)
    long = hours or (QUICK_HOURS if quick else HOURS)
    asked = partial(grid, seeds=seeds, text=text, ban_rate=ban_rate, background=background)
    if quick:
        cells = _quick(asked, hours=hours)
    else:
        if not ratios and not shares:
            ratios, shares = RATIOS, ATTACKERS
        asked = partial(asked, campaigns=campaigns or tuple(SHAPES), hours=long, evasions=evasions)
        cells = asked(sizes=sizes or SIZES, mixings=mixings or MIXINGS, ratios=ratios)
        cells += asked(sizes=sizes or ATTACKERS_SIZES, mixings=mixings or (None,), attackers=shares)
    if not campaigns_only:
        cells += launch_days(seeds=seeds, hours=long, text=text, background=background)
    chosen = [name for name in CONTENDERS if not names or name in names]
    besides = "" if campaigns_only else ", and one more for a campaign's life"
    count = f"{len(cells)} world{'s' if len(cells) > 1 else ''}"
    _note(f"{count}{besides}; each is named as it ends.")
    outcomes = list(_all(cells, chosen, jobs=jobs))
    life = None
    if not campaigns_only:
        life = _live(
            _life_cell(
                campaigns[0] if campaigns else None,
                hours=long,
                seed=seeds[0],
                text=text,
                background=background,
            )
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
    _note(f"wrote {', '.join(str(file) for file in files)}.")


@click.command()
@click.option("--campaign", type=click.Choice([*SHAPES]), help="Its shape.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
@options.HOURS
@options.TEXT
@options.BACKGROUND
@options.OUT
def life(
    campaign: str | None, seed: int, hours: float | None, text: Text, background: str, out: str
) -> None:
    """Draw one campaign's life, from its first request over bans to heirs."""
    from stream.bench.worlds.life_plot import life_plot

    canvas.check()
    path = output.directory(out)
    told = _live(
        _life_cell(campaign, hours=hours or HOURS, seed=seed, text=text, background=background)
    )
    (path / "life.png").write_bytes(life_plot(told))
    found = f"{told.found[-1]} of {told.accounts[-1]} accounts found"
    _note(
        f"{found}, {len(told.bans)} bans, {len(told.heirs)} heirs of whom "
        f"{len(told.heirs_found)} found; drawn in {path / 'life.png'}."
    )


def _quick(asked: Callable[..., list[Cell]], *, hours: float | None) -> list[Cell]:
    first = busiest()
    by_ratio = partial(asked, hours=hours or QUICK_HOURS)
    by_share = partial(asked, hours=hours or QUICK_ATTACKERS_HOURS, attackers=QUICK_ATTACKERS)
    small, usual, few = [QUICK_SIZE], [None], QUICK_RATIOS[:1]
    worlds = [
        *(
            by_ratio(campaigns=[shape], sizes=[_quick_size(shape)], mixings=usual, ratios=few)
            for shape in SHAPES
        ),
        by_ratio(campaigns=[first], sizes=small, mixings=QUICK_MIXINGS, ratios=few),
        by_ratio(campaigns=[first], sizes=[QUICK_SIZE // 2], mixings=usual, ratios=QUICK_RATIOS),
        by_share(campaigns=tuple(SHAPES), sizes=ATTACKERS_SIZES, mixings=usual),
    ]
    return [cell for cells in worlds for cell in cells]


def _quick_size(shape: str) -> int:
    return max(QUICK_SIZE, round(QUICK_REQUESTS * 24 / SHAPES[shape].requests_per_account_day))


def _life_cell(
    campaign: str | None, *, hours: float, seed: int, text: Text, background: str
) -> Cell:
    campaign = campaign or busiest()
    return Cell(
        seed=seed,
        hours=hours,
        accounts=crowd(
            campaign=campaign, size=LIFE_SIZE, ratio=10.0, hours=hours, background=background
        ),
        text=text,
        campaign=campaign,
        size=LIFE_SIZE,
        mixing=SHAPES[campaign].mixing,
        ratio=10.0,
        ban_rate=LIFE_BANS,
        background=background,
    )


def _live(cell: Cell) -> Life:
    """Simulate and replay the world of a life, and say beforehand that it takes a while."""
    _note(f"a campaign's life: {cell.name}; some minutes.")
    return live(cell)


def _all(cells: Sequence[Cell], names: Sequence[str], *, jobs: int) -> Iterator[Outcome]:
    """Run every world, and say so as they end; outcomes come in the order of the worlds."""
    if jobs == 1:
        for number, cell in enumerate(cells, start=1):
            outcomes = run(cell, contenders=names)
            _note(f"{number} of {len(cells)}: {_ended(outcomes)}")
            yield from outcomes
        return
    # Started anew, not forked: threads of numerical libraries do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        try:
            with _deaf():  # what is started here stays so: Ctrl-C is for this process alone
                waiting = {
                    pool.submit(run, cell, contenders=names): place
                    for place, cell in enumerate(cells)
                }
            ended: dict[int, list[Outcome]] = {}
            for number, future in enumerate(as_completed(waiting), start=1):
                ended[waiting[future]] = future.result()
                _note(f"{number} of {len(cells)}: {_ended(future.result())}")
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        for place in range(len(cells)):
            yield from ended[place]


def _ended(outcomes: Sequence[Outcome]) -> str:
    """Say which world has ended, and what the first of the contenders made of it."""
    first = outcomes[0]
    score = first.score
    found = f"found {score.found:,} of {score.campaign:,}, " if score.campaign else ""
    others = f"named {score.named:,} of {score.benign:,} others"
    return f"{first.cell.name}: {first.contender} {found}{others}"


@contextmanager
def _deaf() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _drawn(outcomes: Sequence[Outcome], life: Life | None) -> dict[str, bytes]:
    from stream.bench.worlds.life_plot import life_plot
    from stream.bench.worlds.plots import plots

    return plots(outcomes) | ({"life": life_plot(life)} if life else {})


def _note(sentence: str) -> None:
    click.echo(f"weir: {sentence}", err=True)
