"""What each setting of a world or of a campaign may be."""

import math
from collections.abc import Callable
from typing import Final

from detectors.core.records import LATEST
from stream.simulate.campaigns import CAPABILITIES, KEEPABLE

_Bound = tuple[Callable[[float], bool], str]
_SHARE: _Bound = (lambda value: 0 <= value <= 1, "between 0 and 1")
_POSITIVE: _Bound = (lambda value: value > 0, "more than 0")
_NOT_NEGATIVE: _Bound = (lambda value: value >= 0, "0 or more")
_OFTEN: _Bound = (lambda value: value == 0 or value >= 600, "0 for never, or at least 600 seconds")
_COUNT: _Bound = (lambda value: 1 <= value <= 100_000, "between 1 and 100,000")
_BOUNDS: Final[dict[str, _Bound]] = {
    "seed": (lambda value: 0 <= value < 2**63, "between 0 and 2**63 - 1"),
    "accounts": (lambda value: 0 <= value <= 1_500_000, "between 0 and 1,500,000"),
    "hours": (lambda value: 0 < value <= 24 * 366, "more than 0 and at most a year"),
    "start": (lambda value: 0 <= value <= LATEST, "epoch seconds before the year 2038"),
    "intensity": _POSITIVE,
    "churn": _SHARE,
    "departures": _SHARE,
    "release_at": _NOT_NEGATIVE,
    "campaign_at": _NOT_NEGATIVE,
    "campaign_accounts": (lambda value: 1 <= value <= 500_000, "between 1 and 500,000"),
    "proxies": _COUNT,
    "accounts_per_proxy": _POSITIVE,
    "egresses_per_account": (lambda value: 1 <= value <= 8, "between 1 and 8"),
    "customers_per_proxy": (lambda value: 0 <= value <= 10_000, "between 0 and 10,000"),
    "accounts_per_payment": _COUNT,
    "templates": (lambda value: 1 <= value <= 10_000, "between 1 and 10,000"),
    "requests_per_account_day": _POSITIVE,
    "mixing": (lambda value: 0 <= value <= 0.95, "between 0 and 0.95"),
    "lockstep": _SHARE,
    "even_share": _SHARE,
    "duty": (lambda value: 0.05 <= value <= 1, "between 0.05 and 1"),
    "ban_rate": (lambda value: 0 <= value <= 1_000, "between 0 and 1,000"),
    "heir_delay": _POSITIVE,
    "failover": _SHARE,
    "aged": _NOT_NEGATIVE,
    "jitter": _NOT_NEGATIVE,
    "pivot_share": _SHARE,
    "pivot_delay": _NOT_NEGATIVE,
    "pivot_seconds": _NOT_NEGATIVE,
    "paraphrase": _SHARE,
    "slow_start": _NOT_NEGATIVE,
    "rotate_payment": _OFTEN,
    "rotate_egress": _OFTEN,
    "own_clients": (lambda value: 0 <= value <= 10_000, "between 0 and 10,000"),
}
_NAMES: Final = {"capabilities": CAPABILITIES[1:], "heir_keeps": (*KEEPABLE, "nothing")}


def check(name: str, value: object, *, shown: str | None = None) -> None:
    """Refuse a value that a setting cannot have, in a sentence that begins with its name."""
    shown = shown or name
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{shown} must be a finite number, not {value}.")
    bound = _BOUNDS.get(name)
    if bound is not None and isinstance(value, int | float) and not bound[0](value):
        raise ValueError(f"{shown} must be {bound[1]}, not {value!r}.")
    known = _NAMES.get(name)
    if known is not None and isinstance(value, str) and not set(value.split("+")) <= set(known):
        raise ValueError(f"{shown} must be some of {', '.join(known)}, joined by +, not {value!r}.")
