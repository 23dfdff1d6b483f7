"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one thing is; where it is not well, the sentence says what to do.

    ``WARN`` is for what Weir runs with, and for what could not be looked at.
    """

    check: str
    status: Status
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, status="OK", sentence=sentence)


def warn(check: str, sentence: str) -> Finding:
    """Return that something should be known."""
    return Finding(check=check, status="WARN", sentence=sentence)


def fail(check: str, sentence: str) -> Finding:
    """Return that Weir cannot work so."""
    return Finding(check=check, status="FAIL", sentence=sentence)
