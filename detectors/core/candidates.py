"""What a closed tick of the groups says to the campaigns, in messages that Kafka takes."""

from collections.abc import Sequence
from typing import Any

from detectors.core.records import Alert, Candidates, Places

#: Accounts named in one record at most, below Kafka's limit of a message.
PART_ACCOUNTS = 10_000


def of(
    alerts: Sequence[Alert],
    members: Sequence[list[str]],
    places: Sequence[Places | None],
    **head: Any,
) -> list[Candidates]:
    """Return the records that tell of alerts and of who is behind them; one at least.

    Args:
        alerts: raised in the tick, candidates among them.
        members: the accounts behind each one's entity.
        places: who was banned there and who came after, where anybody was.
        head: what all the records say alike, as fields of `Candidates`.
    """
    parts: list[list[tuple[Alert, list[str], Places | None]]] = [[]]
    accounts = 0
    for alert, behind, left in zip(alerts, members, places, strict=True):
        weight = len(alert.accounts) + len(behind) + 10
        if left is not None:
            weight += len(left.banned) + len(left.heirs)
        accounts += weight
        if accounts > PART_ACCOUNTS and parts[-1]:
            parts.append([])
            accounts = weight
        parts[-1].append((alert, behind, left))
    return [
        Candidates(
            **head,
            alerts=[alert for alert, _, _ in part],
            members=[behind for _, behind, _ in part],
            places={at: left for at, (_, _, left) in enumerate(part) if left is not None},
            part=number,
            parts=len(parts),
        )
        for number, part in enumerate(parts)
    ]
