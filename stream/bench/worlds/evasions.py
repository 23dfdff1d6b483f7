"""The table of what each evasion costs."""

from collections.abc import Sequence

from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.table import Table, duration, percent

#: What a world is called in which the campaign does as its shape does.
NONE = "none"


def by_evasion(outcomes: Sequence[Outcome]) -> Table:
    """Give each evasion a row, of the first contender only.

    Args:
        outcomes: of worlds with a campaign, with and without evasion.
    """
    name = outcomes[0].contender
    own = [outcome for outcome in outcomes if outcome.contender == name]
    evasions = list(dict.fromkeys(outcome.cell.evasion for outcome in own))
    return Table(
        title=f"{name} by evasion",
        head=["evasion", "found", "precision", "benign named", "first alert (median)"],
        rows=[[evasion or NONE, *_cells(own, evasion)] for evasion in evasions],
        note=(
            "All worlds of an evasion together. In the first row the campaigns do as their shapes "
            "do; in each other one they differ in what is named, among the same population."
        ),
    )


def _cells(outcomes: Sequence[Outcome], evasion: str) -> list[str]:
    pooled = Pooled([outcome for outcome in outcomes if outcome.cell.evasion == evasion])
    return [
        percent(pooled.recall, digits=1),
        percent(pooled.precision, digits=1),
        percent(pooled.false_positive_rate, digits=2),
        duration(pooled.median("first_alert")),
    ]
