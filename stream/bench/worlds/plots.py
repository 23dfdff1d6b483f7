"""The plots of a run: quality as worlds get harder, times, and contenders beside each other."""

from collections.abc import Callable, Sequence
from typing import Any

from stream.bench.worlds import canvas
from stream.bench.worlds.evasions import NONE
from stream.bench.worlds.grid import Cell
from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.report import contenders
from stream.bench.worlds.run import Outcome

#: What a world's difficulty is made of, and what to write below an axis.
DIMENSIONS = {
    "mixing": "ordinary requests among the campaign's own",
    "size": "accounts of the campaign",
    "ratio": "benign requests for each of the campaign's",
    "attackers": "active accounts that are the campaign's",
    "evasion": "what the campaign does otherwise than its shape",
}
#: Of these, the ones that are parts of a whole.
_SHARES = ("mixing", "attackers")
_REST = ("campaign", "seed", *DIMENSIONS)


def plots(outcomes: Sequence[Outcome]) -> dict[str, bytes]:
    """Return PNGs by name, of what there is enough for."""
    attacked = [outcome for outcome in outcomes if outcome.cell.campaign is not None]
    if not attacked:
        return {}
    made = {"times": _times(attacked)}
    plain = [outcome for outcome in attacked if not outcome.cell.evasion]
    by_ratio = _panels(
        plain, "1 campaign request in {:g}", lambda cell: cell.ratio and cell.ratio + 1
    )
    by_share = _panels(plain, "{:g} % of the active accounts", lambda cell: cell.attackers * 100)
    if by_ratio:
        made["tradeoff"] = _tradeoff(by_ratio)
    if by_share:
        made["attackers"] = _tradeoff(by_share)
    varied = {
        name: those
        for name in DIMENSIONS
        if (those := _varied(attacked if name == "evasion" else plain, name))
    }
    if varied:
        made["difficulty"] = _difficulty(attacked, varied)
    return made


def _panels(
    outcomes: Sequence[Outcome], title: str, of: Callable[[Cell], float]
) -> dict[str, list[Outcome]]:
    """Part the outcomes by what was asked of their worlds; 0 where it was not."""
    values = sorted({of(outcome.cell) for outcome in outcomes} - {0.0})
    return {
        title.format(value): [each for each in outcomes if of(each.cell) == value]
        for value in values
    }


def _varied(outcomes: Sequence[Outcome], dimension: str) -> list[Outcome]:
    """Return the outcomes of worlds that differ in a dimension and in nothing else."""

    def rest(cell: Cell) -> tuple[Any, ...]:
        return tuple(getattr(cell, name) for name in _REST if name != dimension)

    values: dict[tuple[Any, ...], set[Any]] = {}
    for outcome in outcomes:
        values.setdefault(rest(outcome.cell), set()).add(getattr(outcome.cell, dimension))
    return [outcome for outcome in outcomes if len(values[rest(outcome.cell)]) > 1]


def _difficulty(outcomes: Sequence[Outcome], varied: dict[str, list[Outcome]]) -> bytes:
    names = contenders(outcomes)
    rows: list[tuple[str, Callable[[Pooled], float | None]]] = [
        ("campaign accounts found, %", lambda pooled: pooled.recall),
        ("benign accounts named, %", lambda pooled: pooled.false_positive_rate),
    ]
    size = (3.9 * len(varied) + 2.2, 6.0)
    with canvas.figure(rows=2, columns=len(varied), size=size) as (made, axes):
        for column, (dimension, those) in enumerate(varied.items()):
            for row, (title, measure) in enumerate(rows):
                axis = axes[row][column]
                for number, name in reversed(list(enumerate(names))):
                    its = [outcome for outcome in those if outcome.contender == name]
                    values = sorted({getattr(outcome.cell, dimension) for outcome in its})
                    shares = [
                        measure(Pooled([o for o in its if getattr(o.cell, dimension) == value]))
                        for value in values
                    ]
                    axis.plot(
                        [_place(dimension, value) for value in values],
                        [None if share is None else share * 100 for share in shares],
                        **_line(number) | ({"linewidth": 0} if dimension == "evasion" else {}),
                        label=name,
                    )
                ticks = sorted({getattr(outcome.cell, dimension) for outcome in those})
                if dimension == "evasion":
                    axis.set_xticks(range(len(ticks)), [_first(tick) for tick in ticks])
                    axis.tick_params(axis="x", rotation=90, labelbottom=row == 1)
                elif dimension not in _SHARES:
                    axis.set_xscale("log")
                    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                    axis.set_xticks([], minor=True)
                _percent_axis(axis, low=row == 1)
                if column == 0:
                    axis.set_ylabel(title)
                if row == 1:
                    unit = ", %" if dimension in _SHARES else ""
                    axis.set_xlabel(f"{DIMENSIONS[dimension]}{unit}")
        handles, shown = axes[0][0].get_legend_handles_labels()
        made.legend(handles[::-1], shown[::-1], loc="outside right center")
        return canvas.png(made)


def _place(dimension: str, value: Any) -> Any:
    """Return where on its axis a value lies; evasions lie beside each other under their names."""
    if dimension == "evasion":
        return value or NONE
    return value * 100 if dimension in _SHARES else value


def _first(evasion: str) -> str:
    """Return what fits below an axis."""
    first, *others = evasion.split(",")
    return f"{first}, {len(others)} more" if others else first or NONE


def _line(number: int) -> dict[str, Any]:
    own = number == 0
    return {
        "color": canvas.COLOURS[number % len(canvas.COLOURS)],
        "linewidth": 2.6 if own else 1.3,
        "marker": "o",
        "markersize": 6 if own else 4,
        "alpha": 1.0 if own else 0.85,
        "zorder": 3 if own else 2,
        "clip_on": False,
    }


def _percent_axis(axis: Any, *, low: bool) -> None:
    if low:
        axis.set_yscale("symlog", linthresh=0.1)
        axis.set_ylim(0, 100)
        axis.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
        axis.axhline(0.1, color=canvas.GOOD, linewidth=0.8, linestyle=":")
    else:
        axis.set_ylim(0, 102)


def _tradeoff(panels: dict[str, list[Outcome]]) -> bytes:
    size = (4.3 * len(panels) + 1.6, 4.0)
    with canvas.figure(columns=len(panels), size=size) as (made, axes):
        for axis, (title, outcomes) in zip(axes[0], panels.items(), strict=True):
            for number, name in enumerate(contenders(outcomes)):
                pooled = Pooled([outcome for outcome in outcomes if outcome.contender == name])
                axis.scatter(
                    (pooled.false_positive_rate or 0) * 100,
                    (pooled.recall or 0) * 100,
                    s=130 if number == 0 else 60,
                    color=canvas.COLOURS[number % len(canvas.COLOURS)],
                    marker="*" if number == 0 else "o",
                    label=name,
                    zorder=4 if number == 0 else 3,
                    clip_on=False,
                )
            axis.set_xscale("symlog", linthresh=0.1)
            axis.set_xlim(0, 100)
            axis.set_xticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
            axis.set_ylim(0, 102)
            axis.set_title(title)
            axis.set_xlabel("benign accounts named, %")
        axes[0][0].set_ylabel("campaign accounts found, %")
        handles, shown = axes[0][0].get_legend_handles_labels()
        made.legend(handles, shown, loc="outside right center")
        return canvas.png(made)


def _times(outcomes: Sequence[Outcome]) -> bytes:
    own = [outcome for outcome in outcomes if outcome.contender == contenders(outcomes)[0]]
    rows = list(dict.fromkeys(_short(outcome.cell) for outcome in own))
    size = (5.6 + 0.07 * max(map(len, rows)), 0.34 * len(rows) + 1.5)
    with canvas.figure(size=size) as (made, axes):
        axis = axes[0][0]
        most = max((o.cell.hours for o in own), default=1.0) * 3600
        # Two that were never told would hide each other, so that each has a line of its own.
        for name, label, colour, marker, beside in (
            ("first_alert", "first alert, from the first extraction", canvas.GOOD, "o", -0.16),
            ("pivot_alert", "pivot alert, from the pivot", canvas.WARM, "D", 0.16),
        ):
            arises = [outcome for outcome in own if outcome.score.arises(name)]
            found = [(getattr(o.score, name), rows.index(_short(o.cell)) + beside) for o in arises]
            told = [(max(time, 1.0), row) for time, row in found if time is not None]
            missed = [row for time, row in found if time is None]
            axis.scatter(
                [time for time, _ in told], [row for _, row in told],
                color=colour, marker=marker, label=label, zorder=3,
            )  # fmt: skip
            axis.scatter(
                [most * 2] * len(missed), missed,
                facecolors="none", edgecolors=colour, marker=marker, zorder=3,
            )  # fmt: skip
        axis.axvline(600, color=canvas.MUTED, linewidth=0.9, linestyle=":")
        axis.set_xscale("log")
        axis.set_xlim(0.8, most * 3)
        times = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36_000: "10 h"}
        ticks = {float(at): shown for at, shown in times.items() if at <= most}
        ticks[most * 2] = "never"
        axis.set_xticks(list(ticks), list(ticks.values()))
        axis.set_xticks([], minor=True)
        axis.set_yticks(range(len(rows)), rows)
        axis.set_ylim(len(rows) - 0.5, -0.5)
        made.legend(loc="outside upper right", ncols=2)
        return canvas.png(made)


def _short(cell: Cell) -> str:
    return f"{cell.campaign}, {cell.size:,}, {cell.way}"
