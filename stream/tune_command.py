"""The command `weir tune`."""

import sys
from typing import TYPE_CHECKING

import click
import orjson

from stream.reading import bar, reading_options

if TYPE_CHECKING:
    from stream.bench.worlds.table import Table
    from stream.tuning import Learned, Tuning

#: How the states of a calibration are said.
STATES = {
    "untested": "learning, no test yet",
    "learning": "learning, {share:.0%}",
    "evidence": "learned",
    "extrapolated": "learned, limit beyond",
    "observed": "learned, limit seen",
}


@click.command()
@reading_options
@click.option(
    "--budget",
    "budgets",
    type=float,
    multiple=True,
    metavar="N",
    help="False alerts a day; may be repeated.  [default: 0.1, 1, 3, 10, 30, 100]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def tune(
    files: tuple[str, ...],
    form: str,
    config: str | None,
    partitions: int,
    budgets: tuple[float, ...],
    as_json: bool,
) -> None:
    """Show what each budget of false alerts would have raised, and how far calibration is.

    The files are read once, in the order given, by one engine for each budget and one for the
    configured budget: the worker's engine with nothing changed but that number. Each holds its own
    profiles, so memory and time grow with every budget: six take nearly six times the time of a
    replay. Records are decoded, and text is read, once for all.

    A file may be packed with gzip; - is the standard input. Ends with 0 when all was read, 2 when
    a file or a setting is wrong or a file breaks off, 130 on Ctrl-C (what was read until then is
    shown in both cases), and 141 when nobody reads its output any more.
    """
    from stream import config as configuration
    from stream import settings
    from stream.tune import tune as run

    given = settings.read(config=config)
    loaded = configuration.load(given.config)
    with bar(shown=sys.stderr.isatty()) as progress:
        tuning = run(
            files,
            format=form,
            config=loaded,
            budgets=budgets,
            partitions=partitions,
            seed=given.hash_seed,
            progress=progress,
        )
    if as_json:
        click.echo(orjson.dumps(tuning.figures()))
    else:
        for table in (_raised(tuning), _calibration(tuning)):
            click.echo(table.markdown(padded=True) + "\n")
        click.echo(f"weir: with the configured budget, {tuning.summary}.", err=True)
    if tuning.fault is not None:
        raise tuning.fault
    raise SystemExit(130 if tuning.summary.interrupted else 0)


def _raised(tuning: "Tuning") -> "Table":
    from detectors.core.severity import SEVERITIES
    from stream.bench.worlds.table import Table, duration, figure, percent

    outcomes = tuning.outcomes
    rows = [
        ["alerts", *(f"{each.alerts:,}" for each in outcomes)],
        ["alerts a day", *(figure(tuning.a_day(each.alerts)) for each in outcomes)],
    ]
    for severity in reversed(SEVERITIES[1:]):  # what is merely seldom is no alert
        rows.append([f"severity {severity}", *(f"{o.severities[severity]:,}" for o in outcomes)])
    for name in tuning.names:
        if any(each.detectors[name] for each in outcomes):
            rows.append([f"by {name}", *(f"{o.detectors[name]:,}" for o in outcomes)])
    rows += [
        ["accounts named", *(f"{len(each.accounts):,}" for each in outcomes)],
        ["of all accounts", *(percent(tuning.share(o), digits=2) for o in outcomes)],
    ]
    scaled = " Rates a day are scaled up from it." if tuning.days < 1 else ""
    return Table(
        title="What each budget would have raised",
        head=[
            "false alerts a day",
            *(f"{o.budget:g}{' (configured)' if o.configured else ''}" for o in outcomes),
        ],
        rows=rows,
        note=(
            f"{duration(tuning.days * 86_400)} of event time, {tuning.accounts:,} accounts.{scaled}"
            " Detectors without a row raised nothing."
        ),
    )


def _calibration(tuning: "Tuning") -> "Table":
    from detectors.core.calibration import ENOUGH
    from stream.bench.worlds.table import Table

    least: dict[tuple[str, str, str | None], Learned] = {}
    for learned in tuning.learned:
        key = learned.detector, learned.scope, learned.plan
        if key not in least or learned.tests < least[key].tests:
            least[key] = learned
    done = sum(learned.share >= 1.0 for learned in least.values())
    partial = len({learned.partition for learned in tuning.learned}) > 1
    return Table(
        title=f"Calibration with the configured budget: {done} of {len(least)} learned",
        head=["detector and scope", "tests", "how far", "alert at p below", "that is from score"],
        rows=[
            [
                learned.name,
                f"{learned.tests:,.0f}",
                STATES[learned.state].format(share=learned.share),
                "never alone" if learned.limit is None else f"{learned.limit:.1e}",
                "-" if learned.score is None else f"{learned.score:.1f}",
            ]
            for learned in least.values()
        ],
        note=(
            f"Learning ends at {ENOUGH:.0f} tests; until then the limit stands on a cautious prior,"
            " which only the blatant exceeds, and accounts of a plan are judged among those of all."
            " Learned, limit seen: so rare a score lies within the tests; limit beyond: it is rarer"
            " than one in all tests, and lies on the fitted tail."
            + (" Of several partitions, the one with the fewest tests." if partial else "")
        ),
    )
