"""Who belongs to which group: one row a membership."""

import numpy as np
from numpy.typing import NDArray

from detectors.core import cadence, capabilities, clients
from detectors.core.profiles import TICK, Column, Profiles, Rows

COLUMNS = {
    **cadence.OF_MEMBERS,
    **capabilities.OF_MEMBERS,
    **clients.COLUMNS,
    "group": Column("int32"),
    "born": Column(TICK),
    "joined_at": Column(TICK),
    "settled": Column("bool"),  # it was known elsewhere when it joined
    "moved_at": Column(TICK),
    "moved_to": Column("int8"),
    "account": Column("uint64"),  # keyed hash, by which a ban finds all memberships
    "egress": Column("uint32"),  # keyed hash of the one it came through last, 0 where none is known
    "banned_at": Column(TICK),
    "heir": Column("int8"),  # see `Heirs`
}


class Members(Profiles):
    """The memberships of a level's groups, bounded and saved like any table.

    A membership's name is the group's name and the account's, with a line break between: no
    group's name holds one.

    >>> members = Members(capacity=10)
    >>> names = [members.name("proxy:a", account) for account in ("ann", "bob")]
    >>> rows = members.rows_of(names, tick=0)
    >>> members["group"][rows] = 3
    >>> members.touch(rows, tick=9, requests=np.array([1, 5]))
    >>> members.accounts(3, "proxy:a", since=0)
    ['bob', 'ann']
    """

    def __init__(self, *, capacity: int) -> None:
        super().__init__(capacity=capacity, columns=COLUMNS)

    @staticmethod
    def name(group: str, account: str) -> str:
        """Return the name of a membership."""
        return f"{group}\n{account}"

    def join(
        self, rows: Rows, *, born: NDArray[np.int64], settled: NDArray[np.bool_], tick: int
    ) -> None:
        """Fill in memberships that are new."""
        self["born"][rows] = born
        self["settled"][rows] = settled
        self["joined_at"][rows] = tick

    def regroup(self, became: Rows) -> None:
        """Take in which row each row of the groups has become."""
        groups = became[self["group"]]
        self.mark(np.flatnonzero(groups != self["group"]))
        self["group"][:] = groups

    def accounts(
        self,
        group: int,
        name: str,
        *,
        since: int,
        moved_to: int | None = None,
        born_after: int | None = None,
        after: int | None = None,
        settled_after: int | None = None,
        client: int | None = None,
    ) -> list[str]:
        """Return a group's accounts seen since a tick, those with most requests first.

        Args:
            group: row of the group.
            name: its name, as rows are given anew when a group is evicted.
            since: tick from which on they were seen; with ``moved_to``, from which on they moved.
            moved_to: only those that moved to this model slot.
            born_after: only those born after this tick.
            after: only those of which as large a part as makes a group is after this capability,
                lately.
            settled_after: only those known elsewhere that joined at this tick or later.
            client: only those that came with this client last.
        """
        chosen = self["group"] == group
        chosen &= self["requests"] > 0
        chosen &= self["last_seen" if moved_to is None else "moved_at"] >= since
        if moved_to is not None:
            chosen &= self["moved_to"] == moved_to
        if born_after is not None:
            chosen &= self["born"] > born_after
        if settled_after is not None:
            chosen &= self["settled"] & (self["joined_at"] >= settled_after)
        if client is not None:
            chosen &= self["client"] == client
        rows = np.flatnonzero(chosen)
        if after is not None:
            rows = rows[capabilities.is_after(self["after"][rows, 0], after)]
        order = np.argsort(-self["requests"][rows], kind="stable")
        parts = (self.names[row].partition("\n") for row in rows[order].tolist())
        return [account for of, _, account in parts if of == name]
