"""The table by the attackers' share of the accounts, beside what others published."""

from collections.abc import Sequence

from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.table import Table, duration, percent

#: Attackers found by their share of the window, and how many of the others were: arXiv 2606.05725.
PUBLISHED = {
    "kernel two-sample test on embeddings": ({0.05: 0.609, 0.1: 0.914, 0.25: 1.0}, "≤ 0.3 %"),
    "Mahalanobis distance": ({0.05: 0.747, 0.1: 0.844, 0.25: 0.943}, "14.9 %"),
    "PRADA": ({0.05: 0.219, 0.1: 0.29, 0.25: 0.611}, "8.6 %"),
}


def by_share(outcomes: Sequence[Outcome]) -> Table:
    """Give each contender a row, and each published method one.

    Args:
        outcomes: of worlds in which the campaign has a share of the accounts.
    """
    shares = sorted({outcome.cell.attackers for outcome in outcomes})
    names = list(dict.fromkeys(outcome.contender for outcome in outcomes))
    rows = [
        [name, *(cell for share in shares for cell in _cells(outcomes, name, share))]
        for name in names
    ]
    for name, (found, named) in PUBLISHED.items():
        cells = [(percent(found.get(share), digits=1), named, "-") for share in shares]
        rows.append([f"{name}, published", *(cell for each in cells for cell in each)])
    measured = [_pooled(outcomes, names[0], share).attackers for share in shares]
    worlds = dict.fromkeys(
        f"{outcome.cell.campaign} ({outcome.cell.size:,} accounts, {outcome.cell.hours:g} h)"
        for outcome in outcomes
    )
    return Table(
        title="By attackers' share of the accounts that are active",
        head=[
            "",
            *(
                f"{share * 100:g} %: {what}"
                for share in shares
                for what in ("found", "benign named", "first alert (median)")
            ),
        ],
        rows=rows,
        note=(
            f"All worlds of a share together: {', '.join(worlds)}; the campaign's accounts that "
            "extracted something are in fact "
            f"{', '.join(percent(share, digits=1) for share in measured)} of those that sent "
            "anything. The published rows classify windows or accounts of their authors' data and "
            "say how hard the task is, not who is better: here an account is found when an alert "
            "names it before the world ends, and the others are among them who repeat themselves "
            "for good reasons. Only the rows above them are of the same worlds."
        ),
    )


def _cells(outcomes: Sequence[Outcome], name: str, share: float) -> list[str]:
    pooled = _pooled(outcomes, name, share)
    return [
        percent(pooled.recall, digits=1),
        percent(pooled.false_positive_rate, digits=2),
        duration(pooled.median("first_alert")),
    ]


def _pooled(outcomes: Sequence[Outcome], name: str, share: float) -> Pooled:
    return Pooled([o for o in outcomes if o.contender == name and o.cell.attackers == share])
