"""The classes of benign accounts, as a table with where the numbers come from.

Counts per second have a variance of 1.4 times their mean for chat and 13 times for code; 9 to 21 %
of clients send prompts of near-constant length; 57 % of requests share a conversation's prefix:
these are measurements on public traces of real traffic, and the parameters below were set to meet
them. Rates, lengths and sizes of groups are judgement.
"""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class BenignClass:
    """One class of ordinary accounts.

    An account acts in bursts (a session, a task, one end user's conversation, a night's batch).
    The gaps between bursts are Gamma-distributed in the account's own time; a medium and a spread
    describe a log-normal distribution.

    Args:
        share: of all benign accounts.
        requests_day: median of the accounts' mean requests per day.
        requests_spread: how far the accounts differ in it.
        ceiling: most mean requests per day.
        rhythm: one of `rhythm.RHYTHMS`.
        burst: mean requests of one burst.
        gap_shape: shape of the Gamma gaps; below 1 clusters, far above 1 is a timetable.
        think: median seconds between the requests of a burst; 0 means that they are spaced evenly.
        parallel: chance that a request follows at once, as side calls and parallel tool calls do.
        turns: mean requests of one conversation; 0 means single calls without one.
        constant: share of accounts whose prompts have a near-constant length.
        growth: tokens that each turn adds.
        wordings: what opens a conversation and what follows in it.
        block: what its requests leave from, as a name of a block in `identity`.
        crowd: accounts behind one such place.
        payment_crowd: accounts that share one payment instrument; 0 means most pay nothing.
        haste: how much sooner (below 1) or later it adopts a new model.
    """

    share: float
    requests_day: float
    requests_spread: float
    ceiling: float
    rhythm: str
    burst: float
    burst_spread: float = 0.7
    gap_shape: float = 0.6
    think: float
    think_spread: float = 1.0
    parallel: float = 0.0
    turns: float
    constant: float = 0.0
    input_tokens: float
    input_spread: float = 0.9
    growth: float = 0.0
    output_tokens: float
    output_spread: float = 0.8
    wordings: tuple[str, str] = ("person", "person")
    tools: bool = False
    clients: tuple[int, ...]
    block: str = "home"
    crowd: int = 1
    payment_crowd: int = 1
    haste: float = 1.0


_CHAT: Final = (0, 0, 1, 2)
_SDK: Final = (3, 4, 5, 6)
_PERSON: Final = BenignClass(
    share=0.50,
    requests_day=9,
    requests_spread=1.0,
    ceiling=40,
    rhythm="human",
    burst=5,
    think=50,
    parallel=0.18,
    turns=4,
    input_tokens=160,
    growth=380,
    output_tokens=420,
    clients=_CHAT,
    payment_crowd=0,
)

CLASSES: Final[dict[str, BenignClass]] = {
    "person": _PERSON,
    "office": replace(
        _PERSON,
        share=0.08,
        requests_day=14,
        rhythm="office",
        block="office",
        crowd=25,
        payment_crowd=25,
    ),
    "vpn": replace(_PERSON, share=0.05, block="exit", crowd=40),
    "mobile": replace(_PERSON, share=0.05, requests_day=7, block="carrier", crowd=50),
    "reseller": BenignClass(
        share=0.04,
        requests_day=60,
        requests_spread=1.0,
        ceiling=2_000,
        rhythm="human",
        burst=6,
        think=40,
        parallel=0.18,
        turns=4,
        input_tokens=220,
        growth=380,
        output_tokens=420,
        clients=(3, 9),
        block="datacenter",
        crowd=30,
        payment_crowd=30,
    ),
    "coding_agent": BenignClass(
        share=0.11,
        requests_day=250,
        requests_spread=1.1,
        ceiling=8_000,
        rhythm="office",
        burst=60,
        burst_spread=1.0,
        gap_shape=0.45,
        think=14,
        parallel=0.945,
        turns=60,
        input_tokens=6_000,
        input_spread=0.7,
        growth=900,
        output_tokens=350,
        output_spread=1.0,
        wordings=("coding", "output"),
        tools=True,
        clients=(7, 7, 8),
        haste=0.4,
    ),
    "assistant_backend": BenignClass(
        share=0.05,
        requests_day=4_000,
        requests_spread=1.5,
        ceiling=600_000,
        rhythm="product",
        burst=4,
        gap_shape=0.7,
        think=25,
        parallel=0.18,
        turns=6,
        input_tokens=900,
        input_spread=0.4,
        growth=300,
        output_tokens=220,
        wordings=("product", "customer"),
        clients=_SDK,
        block="datacenter",
        haste=6,
    ),
    "product_backend": BenignClass(
        share=0.03,
        requests_day=1_600,
        requests_spread=1.5,
        ceiling=600_000,
        rhythm="product",
        burst=1.3,
        gap_shape=0.7,
        think=1.5,
        parallel=0.1,
        turns=0,
        constant=0.5,
        input_tokens=700,
        input_spread=0.5,
        output_tokens=90,
        output_spread=0.5,
        wordings=("product", "product"),
        clients=_SDK,
        block="datacenter",
        haste=6,
    ),
    "batch": BenignClass(
        share=0.03,
        requests_day=1_000,
        requests_spread=1.0,
        ceiling=50_000,
        rhythm="flat",
        burst=0,
        gap_shape=4_000_000,
        think=0,
        turns=0,
        constant=0.7,
        input_tokens=1_100,
        input_spread=0.5,
        output_tokens=150,
        output_spread=0.4,
        wordings=("product", "product"),
        clients=_SDK,
        block="datacenter",
        haste=5,
    ),
    "evaluator": BenignClass(
        share=0.02,
        requests_day=800,
        requests_spread=0.9,
        ceiling=20_000,
        rhythm="office",
        burst=400,
        gap_shape=0.5,
        think=0.5,
        think_spread=0.8,
        turns=0,
        constant=0.6,
        input_tokens=1_600,
        input_spread=0.5,
        output_tokens=120,
        output_spread=0.5,
        wordings=("rubric", "rubric"),
        clients=(3, 4),
        haste=0.3,
    ),
    "open_template": BenignClass(
        share=0.04,
        requests_day=120,
        requests_spread=1.0,
        ceiling=3_000,
        rhythm="human",
        burst=6,
        think=20,
        parallel=0.15,
        turns=0,
        constant=0.5,
        input_tokens=500,
        input_spread=0.5,
        output_tokens=250,
        wordings=("popular", "popular"),
        clients=_SDK,
    ),
}
