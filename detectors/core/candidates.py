"""What a closed tick of the groups says to the campaigns, in messages that Kafka takes."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from detectors.core.parts import cut
from detectors.core.records import Alert, Behind, Candidates


def of(
    alerts: Sequence[Alert],
    behind: Sequence[Behind],
    *,
    moves: Sequence[tuple[str, str]] = (),
    **head: Any,
) -> list[Candidates]:
    """Return the records that tell of alerts and of who is behind them; one at least.

    Args:
        alerts: raised in the tick, candidates among them.
        behind: each one's entity.
        moves: accounts that moved, and the model each moved to.
        head: what all the records say alike, as fields of `Candidates`.
    """
    told = cut(list(zip(alerts, behind, strict=True)))
    parts = list(zip_longest(told, cut(moves)))
    return [
        Candidates(
            **head,
            alerts=[alert for alert, _ in some or ()],
            behind=[those for _, those in some or ()],
            moves=list(moved or ()),
            part=number,
            parts=len(parts),
        )
        for number, (some, moved) in enumerate(parts)
    ]
