"""The shapes of campaigns, as a table: a shape is data, never a branch in the code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one coordinated campaign behaves; a `World` may override the first block.

    Args:
        requests_per_account_day: extraction and ordinary requests together.
        mixing: share of ordinary requests among those of a campaign account.
        lockstep: share of tasks that wait for the common wave of `wave_seconds`.
        even_share: share of tasks given to the least loaded account; the rest follow uneven
            weights.
        ban_rate: bans per account and day.
        failover: share of conversations that go on under another account after a 403 or 429.
        jitter: seconds over which a wave is spread.
        payment_set: accounts that share one payment instrument.
        turns: mean requests of one task.
        growth: tokens that each turn adds to the context.
        heir_delay: median seconds from a ban to the account that takes over.
    """

    accounts: int
    proxies: int
    requests_per_account_day: float
    mixing: float = 0.0
    lockstep: float = 0.0
    even_share: float = 0.0
    ban_rate: float = 0.0
    heirs: bool = True
    failover: float = 0.0
    jitter: float = 2.0

    wording: str
    templates: int
    tools: bool
    payment_set: int = 5
    egresses_per_account: int = 3
    customers_per_proxy: int = 6
    turns: float = 6.0
    think: float = 6.0
    think_spread: float = 0.7
    wave_seconds: float = 60.0
    input_tokens: float = 5_000.0
    input_spread: float = 0.35
    growth: float = 1_400.0
    output_tokens: float = 650.0
    output_spread: float = 0.6
    throttled: float = 0.02
    heir_delay: float = 600.0
    heir_delay_spread: float = 0.8


SHAPES = {
    "minimax": Shape(
        accounts=400,
        proxies=20,
        requests_per_account_day=1_500.0,
        mixing=0.3,
        lockstep=0.2,
        even_share=0.8,
        ban_rate=0.05,
        failover=0.5,
        wording="agentic",
        templates=16,
        tools=True,
    ),
}
