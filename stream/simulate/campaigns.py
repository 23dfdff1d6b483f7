"""The shapes of campaigns, as a table: a shape is data, never a branch in the code."""

from dataclasses import dataclass
from typing import Final

#: What a prompt may be after; the first is what everybody asks.
CAPABILITIES: Final = (
    "ordinary",
    "reasoning_trace",
    "rubric_grading",
    "safe_rewrite",
    "agentic_coding",
    "tool_use",
    "data_analysis",
    "computer_use",
)
#: What an heir can take over from the account that was banned, besides its place in the schedule.
KEEPABLE: Final = ("templates", "egress", "payment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one coordinated campaign behaves; what stands above the gap is the operator's to set.

    Args:
        at: seconds after the start of the world at which it opens its accounts; 0 means that it
            has been running since before.
        egresses_per_account: proxies that one account's requests come through.
        accounts_per_proxy: sets the number of proxies by how many accounts one carries.
        customers_per_proxy: unrelated benign accounts behind each proxy.
        accounts_per_payment: accounts that share one payment instrument.
        templates: prompts with slots that it works from.
        capabilities: what it is after, as names joined by `+`, in equal parts.
        requests_per_account_day: extraction and ordinary requests together.
        mixing: share of ordinary requests among those of a campaign account.
        lockstep: share of tasks that wait for the common wave of `wave_seconds`.
        even_share: share of tasks given to the least loaded account; the rest follow uneven
            weights.
        duty: share of each session in which it works at all; below 1 all accounts pause together.
        ban_rate: bans per account and day.
        heir_delay: median seconds from a ban to the account that takes over.
        heir_keeps: what an heir takes over besides its place in the schedule, joined by `+`, or
            `nothing`.
        failover: share of conversations that go on under another account after a 401, 403 or 429.
        pivot_share: share of the extraction that moves to a released model.
        aged: seconds for which each account was kept before it is used.
        jitter: seconds over which a wave is spread.
        paraphrase: how far each task words its template anew: the chance of each phrase.
        slow_start: seconds in which a new account comes up to its full rate.
        rotate_payment: seconds after which an account pays with another instrument; 0 is never.
        rotate_egress: seconds after which an account moves to other proxies; 0 is never.
        own_clients: TLS fingerprints of its own, dealt out among the accounts, under user agents of
            common `clients`; 0: it has those clients themselves.
        turns: mean requests of one task.
        growth: tokens that each turn adds to the context.
    """

    accounts: int
    at: float = 0.0
    proxies: int
    accounts_per_proxy: float | None = None
    egresses_per_account: int = 3
    customers_per_proxy: int = 6
    accounts_per_payment: int = 5
    templates: int
    capabilities: str
    requests_per_account_day: float
    mixing: float = 0.0
    lockstep: float = 0.0
    even_share: float = 0.0
    duty: float = 1.0
    ban_rate: float = 0.0
    heirs: bool = True
    heir_delay: float = 600.0
    heir_keeps: str = "+".join(KEEPABLE)
    failover: float = 0.0
    pivot_share: float = 0.0
    pivot_delay: float = 10.0
    pivot_seconds: float = 5.0
    aged: float = 0.0
    jitter: float = 2.0
    paraphrase: float = 0.0
    slow_start: float = 0.0
    rotate_payment: float = 0.0
    rotate_egress: float = 0.0
    own_clients: int = 0

    clients: tuple[int, ...] = (3, 4, 7, 9)
    turns: float = 6.0
    think: float = 6.0
    think_spread: float = 0.7
    wave_seconds: float = 60.0
    session_seconds: float = 1_800.0
    input_tokens: float = 5_000.0
    input_spread: float = 0.35
    growth: float = 1_400.0
    output_tokens: float = 650.0
    output_spread: float = 0.6
    throttled: float = 0.02
    heir_delay_spread: float = 0.8


#: Numbers of accounts and requests are those reported where any were; the rest is judgement.
SHAPES: Final = {
    # 150,000 exchanges in five days: timing and payment in common, load spread evenly.
    "deepseek": Shape(
        accounts=150,
        proxies=10,
        customers_per_proxy=3,
        accounts_per_payment=25,
        templates=12,
        capabilities="reasoning_trace+rubric_grading+safe_rewrite",
        requests_per_account_day=200.0,
        mixing=0.1,
        lockstep=0.8,
        even_share=0.95,
        duty=0.75,
        ban_rate=0.02,
        failover=0.2,
        pivot_share=0.3,
        pivot_delay=3_600.0,
        pivot_seconds=7_200.0,
        clients=(3, 4),
        turns=1.25,
        think=12.0,
        input_tokens=900.0,
        input_spread=0.4,
        growth=900.0,
        output_tokens=900.0,
    ),
    # 3.4 million exchanges in a fortnight, of hundreds of accounts over many pathways.
    "moonshot": Shape(
        accounts=300,
        proxies=120,
        egresses_per_account=5,
        customers_per_proxy=8,
        accounts_per_payment=3,
        templates=30,
        capabilities="agentic_coding+tool_use+data_analysis+computer_use+reasoning_trace",
        requests_per_account_day=800.0,
        mixing=0.35,
        lockstep=0.05,
        even_share=0.4,
        ban_rate=0.04,
        heir_delay=1_800.0,
        failover=0.4,
        pivot_share=0.2,
        pivot_delay=1_800.0,
        pivot_seconds=14_400.0,
        jitter=10.0,
        paraphrase=0.15,
        clients=(0, 3, 4, 5, 6, 7, 8, 9),
        turns=9.0,
        think=9.0,
        input_tokens=3_500.0,
        input_spread=0.6,
        output_tokens=500.0,
        output_spread=0.8,
    ),
    # 13 million exchanges; within a day of a release nearly half of it is on the new model.
    "minimax": Shape(
        accounts=400,
        proxies=20,
        templates=16,
        capabilities="agentic_coding+tool_use",
        requests_per_account_day=1_500.0,
        mixing=0.3,
        lockstep=0.2,
        even_share=0.8,
        ban_rate=0.05,
        failover=0.5,
        pivot_share=0.5,
    ),
    # 28.8 million exchanges of 25,000 accounts in 45 days; a tenth of the accounts here.
    "mid2026": Shape(
        accounts=2_500,
        proxies=100,
        egresses_per_account=2,
        customers_per_proxy=10,
        accounts_per_payment=2,
        templates=40,
        capabilities="agentic_coding+reasoning_trace+tool_use+data_analysis+rubric_grading",
        requests_per_account_day=26.0,
        mixing=0.3,
        lockstep=0.05,
        even_share=0.9,
        ban_rate=0.01,
        heir_delay=3_600.0,
        failover=0.5,
        pivot_share=0.4,
        pivot_delay=900.0,
        pivot_seconds=21_600.0,
        jitter=30.0,
        paraphrase=0.2,
        rotate_egress=86_400.0,
        clients=(0, 1, 2, 3, 4, 5, 7, 9),
        turns=3.0,
        think=25.0,
        think_spread=1.0,
        input_tokens=1_600.0,
        input_spread=0.7,
        growth=900.0,
        output_tokens=700.0,
        output_spread=0.8,
        throttled=0.01,
    ),
}
