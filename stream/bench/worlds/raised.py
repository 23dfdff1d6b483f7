"""What a contender says about accounts, whoever it is."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from stream.decoded import Decoded


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as the scoring sees it; what stands in it was decided without a label.

    ``about`` is the entity, and `signal`, `severity` and `summary` are empty where a contender
    has no such thing.
    """

    ts: float
    accounts: list[str]
    detector: str
    about: str = ""
    signal: str = ""
    severity: str = ""
    summary: str = ""


class Contender(Protocol):
    """Takes requests in order and names accounts.

    ``name`` stands in the tables.
    """

    name: str

    @property
    def note(self) -> str:
        """What is to be said below a table; empty when nothing is."""

    def take(self, decoded: Decoded) -> Sequence[Raised]:
        """Take in a block of records, and return what it raises."""

    def finish(self) -> Sequence[Raised]:
        """Return what is left to say after the last record."""

    def covers(self, account: str) -> bool:
        """Say whether an account was looked at: only such ones are scored."""
