"""The tables of a run."""

from collections.abc import Iterable, Sequence

import msgspec

from stream.bench.worlds.evasions import NONE, by_evasion
from stream.bench.worlds.grid import Cell
from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.shares import by_share
from stream.bench.worlds.table import Table, duration, figure, percent

_WEIR = "Weir"


def tables(outcomes: Sequence[Outcome], *, budget: float) -> list[Table]:
    """Return all tables there is something to put into.

    Args:
        outcomes: of every contender in every world.
        budget: false alerts a day that the configuration allows.
    """
    attacked = [outcome for outcome in outcomes if outcome.cell.campaign is not None]
    made = [_worlds(attacked, budget=budget)] if attacked else []
    if any(outcome.cell.evasion for outcome in attacked):
        made.append(by_evasion(attacked))
    # Beside others, and beside what others published, stand the shapes as they are.
    plain = [outcome for outcome in attacked if not outcome.cell.evasion]
    for ratio in sorted({outcome.cell.ratio for outcome in plain} - {0.0}):
        made.append(_contenders(plain, ratio=ratio))
    shared = [outcome for outcome in plain if outcome.cell.attackers]
    if shared:
        made.append(by_share(shared))
    quiet = [outcome for outcome in outcomes if outcome.cell.campaign is None]
    if quiet:
        made += [_launch_day(quiet), *_flagged(quiet)]
    return made


def contenders(outcomes: Iterable[Outcome]) -> list[str]:
    """Return who took part, in order."""
    return list(dict.fromkeys(outcome.contender for outcome in outcomes))


def _worlds(outcomes: Sequence[Outcome], *, budget: float) -> Table:
    groups: dict[Cell, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.contender == contenders(outcomes)[0]:
            of = msgspec.structs.replace(outcome.cell, seed=0, accounts=0)
            groups.setdefault(of, []).append(outcome)
    evaded = any(cell.evasion for cell in groups)
    rows = [
        [
            cell.campaign or "",
            f"{cell.size:,}",
            percent(cell.mixing),
            *([cell.evasion or NONE] if evaded else []),
            f"{cell.hours:g}",
            f"{cell.ratio:g}" if cell.ratio else "-",
            *_world_row(Pooled(group)),
        ]
        for cell, group in groups.items()
    ]
    return Table(
        title=f"{contenders(outcomes)[0]} by world",
        head=[
            "campaign",
            "accounts",
            "mixing",
            *(["evasion"] if evaded else []),
            "hours",
            "benign requests a campaign request",
            "benign accounts active",
            "active accounts that are the campaign's",
            "found",
            "precision",
            "benign named",
            "first alert",
            "requests an account until then",
            "pivot alert",
            "heirs in 1 h",
            "heirs in 24 h",
            "alerts a day",
            f"wrong a day (budget {budget:g})",
        ],
        rows=rows,
        note=(
            "Times are event time: the first alert from the campaign's first extraction request, "
            "the pivot alert from the first request that moves; medians over seeds, a dash where "
            "most worlds have none. An alert is wrong when most of the accounts it names are "
            "benign. Rates a day are scaled up from the hours simulated."
        ),
    )


def _world_row(pooled: Pooled) -> list[str]:
    benign = sum(score.benign for score in pooled.scores) / len(pooled.scores)
    return [
        figure(round(benign)),
        percent(pooled.attackers),
        percent(pooled.recall),
        percent(pooled.precision),
        percent(pooled.false_positive_rate, digits=2),
        duration(pooled.median("first_alert")),
        figure(pooled.median("first_requests")),
        duration(pooled.median("pivot_alert")),
        _of(pooled.heirs(1)),
        _of(pooled.heirs(24)),
        figure(pooled.alerts_a_day),
        figure(pooled.wrong_a_day),
    ]


def _contenders(outcomes: Sequence[Outcome], *, ratio: float) -> Table:
    rows, notes = [], []
    for name in contenders(outcomes):
        its = [o for o in outcomes if o.contender == name and o.cell.ratio == ratio]
        pooled = Pooled(its)
        notes += [f"{name}: {note}." for note in pooled.notes]
        rows.append(
            [
                name,
                percent(pooled.recall),
                percent(pooled.precision),
                percent(pooled.false_positive_rate, digits=2),
                duration(pooled.median("first_alert")),
                f"{len(pooled.times('first_alert'))} of {len(its)}",
                figure(pooled.wrong_a_thousand),
                figure(pooled.wrong_medium_a_thousand) if name == _WEIR else "-",
                figure(pooled.seconds_a_million),
            ]
        )
    return Table(
        title=f"All contenders, {ratio:g} benign requests for each of the campaign's",
        head=[
            "",
            "campaign accounts found",
            "precision",
            "benign accounts named",
            "first alert (median)",
            "worlds with a right alert",
            "wrong alerts per 1,000 accounts and day",
            "of medium severity or above",
            "processor seconds a million requests",
        ],
        rows=rows,
        note=" ".join(notes),
    )


def _launch_day(outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for name in contenders(outcomes):
        pooled = Pooled([outcome for outcome in outcomes if outcome.contender == name])
        named = sum(score.named for score in pooled.scores)
        benign = sum(score.benign for score in pooled.scores)
        rows.append(
            [
                name,
                f"{named:,} of {benign:,}",
                percent(pooled.false_positive_rate, digits=2),
                figure(pooled.wrong_a_day),
                figure(pooled.wrong_a_thousand),
                figure(pooled.wrong_medium_a_thousand) if name == _WEIR else "-",
            ]
        )
    return Table(
        title="A launch day without any campaign: who is flagged",
        head=[
            "",
            "accounts named",
            "share",
            "wrong alerts a day",
            "per 1,000 accounts and day",
            "of medium severity or above",
        ],
        rows=rows,
        note="A model is released and the crowd moves; every alert here is a false one.",
    )


def _flagged(outcomes: Sequence[Outcome]) -> list[Table]:
    """Tell of each false alert on the launch day whom it names, and why."""
    own = [outcome for outcome in outcomes if outcome.contender == contenders(outcomes)[0]]
    name = contenders(outcomes)[0]
    told = [
        [
            each.summary or each.about or each.accounts[0],
            each.severity or "-",
            _clock(outcome, each.ts),
        ]
        for outcome in own
        for each in outcome.raised[:20]
    ]
    classes: dict[str, list[int]] = {}
    for outcome in own:
        for kind, (named, count) in outcome.score.by_class.items():
            sums = classes.setdefault(kind, [0, 0])
            sums[0], sums[1] = sums[0] + named, sums[1] + count
    rows = [[kind.replace("_", " "), str(n), str(c)] for kind, (n, c) in sorted(classes.items())]
    by_class = Table(
        title=f"Launch day: whom {name} names, by what they are",
        head=["kind of account", "named", "active"],
        rows=rows,
    )
    why = Table(
        title=f"Launch day: why {name} names them (the first twenty alerts of each world)",
        head=["alert", "severity", "from the release"],
        rows=told,
    )
    return [by_class, why] if told else [by_class]


def _clock(outcome: Outcome, ts: float) -> str:
    released = outcome.cell.world().released
    return "-" if released is None else duration(ts - released)


def _of(pair: tuple[int, int]) -> str:
    return f"{pair[0]} of {pair[1]}" if pair[1] else "-"
