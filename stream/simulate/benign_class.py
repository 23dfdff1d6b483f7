"""What distinguishes one class of ordinary accounts from another."""

from dataclasses import dataclass


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
        capability: what its prompts are after, one of `campaigns.CAPABILITIES`.
        serves: whether each of its conversations is an end user's, whom it names.
        toolset: which of `identity.TOOLSETS` it declares; `None` for one of two coding sets.
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
    toolset: int | None = 0
    clients: tuple[int, ...]
    block: str = "home"
    crowd: int = 1
    payment_crowd: int = 1
    haste: float = 1.0
    capability: str = "ordinary"
    serves: bool = False
