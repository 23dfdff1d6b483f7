"""What a closed tick of the groups says to the campaigns, in messages that Kafka takes."""

from collections.abc import Sequence
from typing import Any

from detectors.core.records import Alert, Behind, Candidates

#: Accounts named in one record at most, below Kafka's limit of a message.
PART_ACCOUNTS = 10_000


def of(alerts: Sequence[Alert], behind: Sequence[Behind], **head: Any) -> list[Candidates]:
    """Return the records that tell of alerts and of who is behind them; one at least.

    Args:
        alerts: raised in the tick, candidates among them.
        behind: each one's entity.
        head: what all the records say alike, as fields of `Candidates`.
    """
    parts: list[list[tuple[Alert, Behind]]] = [[]]
    accounts = 0
    for alert, those in zip(alerts, behind, strict=True):
        weight = len(alert.accounts) + len(those.members) + 10
        if those.places is not None:
            weight += len(those.places.banned) + len(those.places.heirs)
        accounts += weight
        if accounts > PART_ACCOUNTS and parts[-1]:
            parts.append([])
            accounts = weight
        parts[-1].append((alert, those))
    return [
        Candidates(
            **head,
            alerts=[alert for alert, _ in part],
            behind=[those for _, those in part],
            part=number,
            parts=len(parts),
        )
        for number, part in enumerate(parts)
    ]
