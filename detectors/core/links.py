"""The links of a delta, read into a level's own numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.core import capabilities, clients
from detectors.core.cadence import asked
from detectors.core.models import Models
from detectors.core.profiles import Rows
from detectors.core.records import Delta


@dataclass(slots=True, kw_only=True)
class Links:
    """That accounts, under groups, asked models; all arrays have the same length.

    ``groups`` and ``members`` are rows of the level's tables, ``models`` are its model slots;
    what else there is of an account stands beside each of its links.
    """

    groups: Rows
    accounts: list[str]
    members: Rows
    models: NDArray[np.int64]
    requests: NDArray[np.int64]
    tokens: NDArray[np.int64]
    moved: NDArray[np.bool_]
    born: NDArray[np.int64]
    away: NDArray[np.int64]
    egress: NDArray[np.uint64]
    client: clients.Clients
    asked: NDArray[np.int32]  # (n, windows, measures)
    after: NDArray[np.int32] | None  # (n, capabilities) requests; None: nothing tells
    samples: list[str]

    def __len__(self) -> int:
        return len(self.models)

    def only(self, chosen: NDArray[np.bool_]) -> "Links":
        """Return the links that are chosen."""
        positions = np.flatnonzero(chosen).tolist()
        return Links(
            groups=self.groups[chosen],
            accounts=[self.accounts[i] for i in positions],
            members=self.members[chosen],
            models=self.models[chosen],
            requests=self.requests[chosen],
            tokens=self.tokens[chosen],
            moved=self.moved[chosen],
            born=self.born[chosen],
            away=self.away[chosen],
            egress=self.egress[chosen],
            client=self.client[chosen],
            asked=self.asked[chosen],
            after=None if self.after is None else self.after[chosen],
            samples=[self.samples[i] for i in positions],
        )


def read(delta: Delta) -> tuple[Rows, Rows, Links]:
    """Return each link's position among the delta's groups and accounts, and the links.

    ``groups``, ``members`` and ``models`` of the links are yet to be filled in.
    """
    group = np.frombuffer(delta.link_group, dtype=np.uint32).astype(np.int64)
    account = np.frombuffer(delta.link_account, dtype=np.uint32).astype(np.int64)
    who = account.tolist()
    return (
        group,
        account,
        Links(
            groups=np.full(len(group), -1, dtype=np.int64),
            accounts=[delta.accounts[a] for a in who],
            members=np.full(len(group), -1, dtype=np.int64),
            models=np.zeros(len(group), dtype=np.int64),
            requests=np.frombuffer(delta.link_requests, dtype=np.uint32).astype(np.int64),
            tokens=np.frombuffer(delta.link_tokens, dtype=np.int64),
            moved=np.frombuffer(delta.link_moved, dtype=np.bool_),
            born=np.frombuffer(delta.born, dtype=np.int64)[account],
            away=np.frombuffer(delta.away, dtype=np.uint32).astype(np.int64)[account],
            egress=np.frombuffer(delta.egress, dtype=np.uint64)[account],
            client=clients.read(delta.client, len(delta.accounts))[account],
            asked=asked(delta.asked, len(delta.accounts))[account],
            after=capabilities.unpack_links(delta.link_after, len(group)),
            samples=[delta.samples[a] for a in who],
        ),
    )


def slots(delta: Delta, models: Models, *, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return each link's model slot; requests of links that are counted may win a model one."""
    model = np.frombuffer(delta.link_model, dtype=np.uint8)
    requests = np.frombuffer(delta.link_requests, dtype=np.uint32) * counted
    asked = np.bincount(model, weights=requests).tolist()
    slots = np.zeros(len(delta.models), dtype=np.int64)
    for number in np.flatnonzero(np.bincount(model)).tolist():  # only those asked for take a slot
        name = delta.models[number]
        slots[number] = models.slot(name, requests=asked[number]) if number else 0
    return slots[model]


def joined(parts: Sequence[Links]) -> Links:
    """Return the links of several deltas as one."""
    if len(parts) == 1:
        return parts[0]
    return Links(
        groups=np.concatenate([part.groups for part in parts]),
        accounts=[account for part in parts for account in part.accounts],
        members=np.concatenate([part.members for part in parts]),
        models=np.concatenate([part.models for part in parts]),
        requests=np.concatenate([part.requests for part in parts]),
        tokens=np.concatenate([part.tokens for part in parts]),
        moved=np.concatenate([part.moved for part in parts]),
        born=np.concatenate([part.born for part in parts]),
        away=np.concatenate([part.away for part in parts]),
        egress=np.concatenate([part.egress for part in parts]),
        client=np.concatenate([part.client for part in parts]),
        asked=np.concatenate([part.asked for part in parts]),
        after=capabilities.joined([(len(part), part.after) for part in parts]),
        samples=[sample for part in parts for sample in part.samples],
    )
