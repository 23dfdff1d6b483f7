"""Where the accounts of some templates were, account by account."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from detectors.core.suspects import Suspect

#: Accounts from which on an egress of theirs alone is an office.
OFFICE = 3


@dataclass(frozen=True, slots=True)
class Mesh:
    """The egresses through which accounts of templates came, and which accounts came through each.

    >>> mesh = Mesh({7: {"ann", "bob"}, 9: {"ann", "eve"}, 11: {"dan"}, 13: {"ida", "joe", "kim"}})
    >>> mesh.places, mesh.again
    (8, 2)
    """

    at: dict[int, set[str]]

    @classmethod
    def of(cls, suspects: Iterable[Suspect]) -> "Mesh":
        """Return where the accounts of all of them were, those that are no templates left out."""
        at: dict[int, set[str]] = {}
        for suspect in suspects:
            for account, egresses in suspect.places.items():
                for egress in egresses:
                    at.setdefault(egress, set()).add(account)
        return cls(at)

    @property
    def places(self) -> int:
        """How many pairs of an account and an egress there are."""
        return sum(len(accounts) for accounts in self.at.values())

    @property
    def again(self) -> int:
        """At how many egresses two accounts or more met, offices left out.

        An office is where three or more met of whom none was anywhere else: that the branches of a
        firm ask alike is no wonder, and an egress of a pool that accounts change among is none.
        """
        places = Counter(account for accounts in self.at.values() for account in accounts)
        return sum(
            len(accounts) > 1
            and (len(accounts) < OFFICE or any(places[account] > 1 for account in accounts))
            for accounts in self.at.values()
        )

    def met(self) -> Counter[str]:
        """Return of each account at how many egresses it met another, 0 where at none."""
        found: Counter[str] = Counter()
        for accounts in self.at.values():
            for account in accounts:
                found[account] += len(accounts) > 1
        return found

    def common(self, other: "Mesh") -> int:
        """Return at how many egresses an account of one met another account of the other.

        That one account is at the same egress in both is no meeting.
        """
        return sum(
            len(self.at[egress] | other.at[egress]) > 1 for egress in self.at.keys() & other.at
        )

    def part(self, other: "Mesh") -> float:
        """Return which part of its places, 0 to 1, are at egresses of the other's accounts.

        >>> Mesh({7: {"ann", "bob"}, 9: {"eve"}}).part(Mesh({7: {"dan"}, 11: {"ida"}}))
        0.6666666666666666
        """
        there = sum(len(self.at[egress]) for egress in self.at.keys() & other.at)
        return there / max(self.places, 1)
