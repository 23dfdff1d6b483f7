"""What a closed tick of the accounts says to the groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.core.capabilities import pack_links
from detectors.core.conversations import News
from detectors.core.group_names import GroupNames
from detectors.core.numbering import occurring
from detectors.core.parts import cut, lengths, slices
from detectors.core.profiles import Profiles, Rows
from detectors.core.records import Alert, Delta

#: The partition of the groups that keeps the service.
SERVICE = 0
#: Bytes of links in one delta at most, as if each had its names to itself: what is more travels in
#: parts, below Kafka's limit of a message.
LINKS_BYTES = 2_000_000
#: Bytes of a link and its account at most, besides names.
LINK = 160
_NOTHING: dict[str, Any] = {"accounts": [], "samples": [], "groups": []} | dict.fromkeys(
    ("born", "away", "egress", "link_account", "link_group", "link_model", "link_requests",
     "link_tokens", "link_moved"), b"")  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The accounts that changed in a tick, and their links to groups, as arrays."""

    rows: Rows  # of the accounts, and for each of them:
    samples: list[str]  # a request id
    away: Rows
    asked: NDArray[np.int32]
    groups: Rows  # numbers of the groups, in an order that no restart changes
    accounts: Rows  # of each link: position in ``rows``
    link_groups: Rows  # position in ``groups``
    models: Rows
    requests: Rows
    tokens: Rows
    moved: NDArray[np.bool_]
    after: Rows | None  # (links, capabilities) requests; None: nothing tells what they are after
    alerts: list[Alert]  # raised in the tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Deltas:
    """Writes a tick of one partition of the accounts, for each partition of the groups.

    Args:
        partition: which of `partitions` of the requests this is.
        partitions: how many partitions requests and groups have.
        profiles: of the accounts.
        names: of the groups.
    """

    partition: int
    partitions: int
    profiles: Profiles
    names: GroupNames

    def write(
        self,
        head: dict[str, Any],
        *,
        news: Sequence[News],
        facts: dict[str, int],
        told: Told | None = None,
    ) -> Iterator[tuple[int, Delta]]:
        """Return partitions of the groups and what each is told, in parts where it is much.

        Args:
            head: what all of them are told alike, as fields of `Delta`.
            news: of conversations, to each partition.
            facts: of the service, to the partition that keeps it.
            told: nothing where the tick had no request.
        """
        head = {**_NOTHING, **head, "source": self.partition, "sources": self.partitions}
        linked = [[{}]] * self.partitions if told is None else self._parts(told)
        for partition, parts in enumerate(linked):
            for number, links in enumerate(parts):
                first = news[partition].fields if number == 0 else {"banned": []}
                if partition == SERVICE and number == 0:
                    first = {**first, "facts": facts}
                fields = {**head, **first, **links, "part": number, "parts": len(parts)}
                yield partition, Delta(**fields)

    def _parts(self, told: Told) -> list[list[dict[str, Any]]]:
        """Return the fields that carry links and alerts: for each partition, of each part."""
        hashes, sizes = self.names.hashes(told.groups), self._sizes(told)
        target = (hashes % np.uint64(self.partitions)).astype(np.int64)[told.link_groups]
        parts = []
        for partition in range(self.partitions):
            links = np.flatnonzero(target == partition)
            alerts = cut(told.alerts if partition == self.partition else [])
            both = zip_longest(slices(sizes[links], most=LINKS_BYTES), alerts)
            parts.append(
                [
                    self._links(told, links[part or slice(0)]) | {"alerts": some or []}
                    for part, some in both
                ]
            )
        return parts

    def _sizes(self, told: Told) -> NDArray[np.int64]:
        """Return the bytes of each link at most."""
        names = map(self.profiles.names.__getitem__, told.rows.tolist())
        accounts = lengths(names, len(told.rows)) + lengths(told.samples, len(told.rows))
        return LINK + accounts[told.accounts] + self.names.lengths(told.groups)[told.link_groups]

    def _links(self, told: Told, here: Rows) -> dict[str, Any]:
        profiles = self.profiles
        who, link_account = occurring(told.accounts[here], len(told.rows))
        which, link_group = occurring(told.link_groups[here], len(told.groups))
        rows = told.rows[who]
        return {
            "accounts": picked(profiles.names, rows.tolist()),
            "born": profiles["born"][rows].astype(np.int64).tobytes(),
            "away": told.away[who].astype(np.uint32).tobytes(),
            "asked": told.asked[who].tobytes(),
            "egress": profiles["egress"][rows].tobytes(),
            "client": profiles["client"][rows].tobytes(),
            "samples": picked(told.samples, who.tolist()),
            "groups": self.names.named(told.groups[which]),
            "link_account": link_account.astype(np.uint32).tobytes(),
            "link_group": link_group.astype(np.uint32).tobytes(),
            "link_model": told.models[here].astype(np.uint8).tobytes(),
            "link_requests": told.requests[here].astype(np.uint32).tobytes(),
            "link_tokens": told.tokens[here].astype(np.int64).tobytes(),
            "link_moved": told.moved[here].tobytes(),
            "link_after": b"" if told.after is None else pack_links(told.after[here]),
        }


def picked(values: Sequence[T], positions: Sequence[int]) -> list[T]:
    """Return the values at these positions.

    >>> picked("weir", [3, 0])
    ['r', 'w']
    """
    return [values[position] for position in positions]
