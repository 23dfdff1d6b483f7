"""The records that cross Weir's borders, and the deltas between its levels.

Each is a frozen `msgspec.Struct`: decoding checks types, lengths and ranges in C, and fields
that the contract does not name are ignored.  Times are event time, in seconds since the Unix
epoch; ``ts`` may also arrive as an RFC 3339 string (see `event_time`).
"""

import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detectors.core.errors import InvalidEventError
from detectors.sketches.crowding import Crowd
from detectors.text.features import FEATURES, LEARNED_FEATURES
from detectors.text.wording import MOST_PROMPTS

Identity = Annotated[str, Meta(min_length=1, max_length=256)]
Text2 = Annotated[str, Meta(max_length=2)]
Text64 = Annotated[str, Meta(max_length=64)]
Text128 = Annotated[str, Meta(max_length=128)]
Text256 = Annotated[str, Meta(max_length=256)]
Text1024 = Annotated[str, Meta(max_length=1024)]
Count = Annotated[int, Meta(ge=0)]
AlertId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Feature = Annotated[int, Meta(ge=0, lt=FEATURES)]
Features = Annotated[list[Feature], Meta(min_length=1, max_length=LEARNED_FEATURES)]
Sketch = Annotated[str, Meta(pattern=r"^[0-9a-f]{16,512}\Z")]  # $ would let a line break in

Signal = Literal[
    "rate",
    "pivot",
    "repetition",
    "elicitation",
    "concentration",
    "fanout",
    "lockstep",
    "evenshare",
    "heir",
    "failover",
    "outlier",
    "edge",
    "campaign",
    "blindness",
]
#: Signals that are never told without another: what is asked for is nobody's fault.
SUPPORTING: frozenset[Signal] = frozenset({"concentration"})
#: Signals that teams of many firms which all use one tool would show too: by these alone a campaign
#: is never above medium severity.
TOOLS: frozenset[Signal] = frozenset({"concentration", "repetition"})
Severity = Literal["info", "low", "medium", "high", "critical"]
Scope = Literal[
    "account",
    "api_key",
    "org",
    "ip",
    "range",
    "asn",
    "proxy",
    "template",
    "payment",
    "model",
    "campaign",
    "service",
]
#: What else than the ordinary a prompt can be after.
Aim = Literal[
    "reasoning_trace",
    "rubric_grading",
    "safe_rewrite",
    "agentic_coding",
    "tool_use",
    "data_analysis",
    "computer_use",
]

#: Why a record became a dead letter: the closed set behind the metric's label.
DEAD_LETTER_REASONS = (
    "not_json",  # the bytes are not JSON, or not UTF-8
    "contract",  # JSON, but a field is missing, of another type, or out of range
    "null_value",  # a record without a value on a topic that has no tombstones
    "bad_time",  # ``ts`` is no time, or one that no request can have
    "future",  # ``ts`` lies further ahead of the clock, or of a file's other records, than may be
    "too_large",  # longer than the limit for one record
    "failed",  # Weir itself failed on it: a bug, kept so that nothing is lost
)

#: Times outside these bounds are refused: 2000-01-01 and 2038-01-01; profiles keep 32 bits.
EARLIEST, LATEST = 946_684_800.0, 2_145_916_800.0


class Request(msgspec.Struct, frozen=True, gc=False):
    """One finished API call."""

    id: Identity
    ts: float | str
    account: Identity
    model: Identity
    kind: Literal["request"] = "request"
    api_key: Text256 | None = None
    org: Text256 | None = None
    end_user: Text256 | None = None
    ip: str | None = None
    asn: Count | None = None
    country: Text2 | None = None
    proxy: Text256 | None = None
    user_agent: Text1024 | None = None
    ja4: Text64 | None = None
    payment: Text128 | None = None
    plan: Text64 | None = None
    operation: Text64 | None = None
    input_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0
    cached_tokens: Count = 0
    max_tokens: Count | None = None
    latency_ms: Annotated[float, Meta(ge=0)] | None = None
    status: Annotated[int, Meta(ge=100, le=599)] = 200
    stream: bool | None = None
    conversation: Text256 | None = None
    tools: Annotated[list[Text128], Meta(max_length=512)] | None = None
    system_prompt: str | None = None
    prompt: str | None = None
    prompt_sketch: Sketch | None = None
    prefix_hashes: Annotated[list[Text64], Meta(max_length=64)] | None = None


class Lifecycle(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to an account."""

    kind: Literal["lifecycle"]
    ts: float | str
    account: Identity
    event: Literal[
        "created", "verified", "payment", "limited", "banned", "appealed", "restored", "deleted"
    ]
    payment: Text128 | None = None
    plan: Text64 | None = None
    ip: str | None = None
    reason: Text1024 | None = None


class Release(msgspec.Struct, frozen=True, gc=False):
    """A model became available."""

    kind: Literal["release"]
    ts: float | str
    model: Identity


class Entity(msgspec.Struct, frozen=True):
    """Whom an alert is about."""

    scope: Scope
    value: str


class Window(msgspec.Struct, frozen=True):
    """The stretch of event time that an alert speaks of; ``start`` is the estimated onset."""

    start: float
    end: float


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number that a detector saw, and what it expected; ``contribution`` is its share."""

    feature: str
    observed: float
    expected: float
    contribution: float
    unit: str | None = None
    note: str | None = None


class Member(msgspec.Struct, frozen=True):
    """An account of a campaign, and what ties it: who named it, and for what."""

    account: str
    entities: list[str]  # "scope:value", the strongest first
    signals: list[Signal]


class Tie(msgspec.Struct, frozen=True):
    """An egress, payment or template of a campaign, and how many of its accounts it names."""

    scope: Scope
    value: str
    accounts: int


class Look(msgspec.Struct, frozen=True):
    """How large a campaign was when it was told."""

    ts: float
    accounts: int
    entities: int


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """One anomaly, explained."""

    id: str
    ts: float
    raised_at: float
    detector: str
    signal: Signal
    severity: Severity
    p_value: float
    entity: Entity
    accounts: list[str]
    accounts_total: int
    window: Window
    summary: str
    evidence: list[Evidence]
    samples: list[str]
    version: str
    campaign: str | None = None
    capability: str | None = None
    resolved: bool | None = None
    members: list[Member] | None = None  # of a campaign, as the three below; the first of them
    entities: list[Tie] | None = None
    history: list[Look] | None = None
    merged: list[str] | None = None


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """An analyst's word on an alert, and what the prompts that they judged have in common."""

    ts: float | str
    alert: AlertId
    verdict: Literal["true_positive", "false_positive", "benign_known", "undecided"]
    by: str | None = None
    note: Annotated[str, Meta(max_length=4096)] | None = None
    capability: Aim | None = None  # of a true positive: what the prompts were after
    features: Annotated[list[Features], Meta(max_length=MOST_PROMPTS)] | None = None  # a prompt's


class Delta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one tick of one partition of the account level says to one partition of the groups.

    A *link* is a row over the arrays ``link_*``: that an account, under one group, made so many
    requests to one model in the tick.  Names stand once each in the lists and are referred to by
    position.  Arrays travel as the bytes of little-endian numpy arrays.
    """

    source: int  # partition of weir.requests
    sources: int  # how many there are
    tick: int  # second of event time that was closed; all before it are closed too
    accounts: list[str]
    born: bytes  # int64 each: the second of birth, or minus the first one seen if it may be older
    away: bytes  # uint32 each: seconds since the account was seen before, a million at most
    egress: bytes  # uint64 each: keyed hash of the egress last used
    samples: list[str]  # a request id each
    groups: list[str]  # "scope:value"
    models: list[str]
    link_account: bytes  # uint32
    link_group: bytes  # uint32
    link_model: bytes  # uint8
    link_requests: bytes  # uint32
    link_tokens: bytes  # int64
    link_moved: bytes  # bool: the account moved to the model in this tick
    active: float  # accounts active within `HORIZON` in the source
    moved: list[float]  # of them, accounts that moved, for each of ``models``
    part: int = 0  # a tick with many links travels in parts; the last one closes it
    parts: int = 1
    asked: bytes = b""  # int32 each: of each window, requests and starts (see `cadence`)
    idle: bool = False  # nothing more is to be expected of the source: do not wait for it
    tracked: int = 0  # accounts that the source has a profile of
    alerts: list[Alert] = []  # raised at the level of accounts, on their way to the campaigns
    banned: list[tuple[str, int]] = []  # accounts, and the second each was banned
    denied: list[str] = []  # accounts denied in a conversation, once for each
    denied_prefix: bytes = b""  # uint64 each: keyed hash of the newest prefix
    orphans: list[str] = []  # accounts that went on with a conversation which they did not begin
    orphan_ids: list[str] = []  # of one such request each
    orphan_prefixes: bytes = b""  # uint64, eight each: its prefixes, newest first, zero for none
    mix: list[float] = []  # accounts of the source by what they are after; empty: nothing tells
    link_after: bytes = b""  # requests of links by what they are after (see `pack_links`)
    facts: dict[str, int] = {}  # what the tick shows of the service, to one partition (see `facts`)
    awake: bool = False  # nothing but that the source is idle no more
    client: bytes = b""  # uint16 each: keyed number of the client last used, 0 for none said

    @property
    def weight(self) -> int:
        """Return what it takes to keep it waiting."""
        return len(self.link_model)


class Places(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who was banned in a group and who took a place there, each with the second, in order."""

    banned: list[tuple[str, int]]
    heirs: list[tuple[str, int]]


class Behind(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who and what is behind an alert's entity, whoever the alert names."""

    members: list[str] = []  # accounts within a day, the busiest first
    places: Places | None = None  # where anybody was banned
    egresses: bytes = b""  # of a template, the one each member came through last, as 32-bit hashes


class Adoption(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How customers without company move, by the scope at which they are alone.

    Of each scope there is a count within each of `population.HORIZONS`.
    """

    active: list[list[float]]
    moved: dict[str, list[list[float]]]  # by model
    released: dict[str, float]  # when the models became available, where that is known


class Candidates(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one tick of one partition of the groups says to the campaigns.

    Its alerts are candidates: those of severity ``info`` lie below what the budget allows, and
    count only together with others.
    """

    source: int  # partition of the groups
    sources: int  # how many there are
    tick: int  # second of event time that was closed; all before it are closed too
    tracked: int  # accounts known in all
    alerts: list[Alert]
    behind: list[Behind]  # each of them
    part: int = 0
    parts: int = 1
    idle: bool = False  # the groups are always waited for
    awake: bool = False
    crowd: Crowd | None = None  # at which egresses accounts at random would be
    moves: list[tuple[str, str]] = []  # accounts with company, and the model each moved to
    adoption: Adoption | None = None  # of these models

    @property
    def weight(self) -> int:
        """Return what it takes to keep it waiting."""
        return len(self.alerts)


def event_time(ts: float | str) -> float:
    """Return seconds since the epoch for a number or an RFC 3339 string.

    Raises:
        InvalidEventError: the time cannot be read, has no offset, or is not plausible.

    >>> event_time("2026-01-01T00:00:00Z")
    1767225600.0
    """
    if isinstance(ts, str):
        try:
            moment = datetime.datetime.fromisoformat(ts.upper())
        except ValueError:
            raise InvalidEventError("bad_time", "ts is neither a number nor RFC 3339") from None
        if moment.tzinfo is None:
            raise InvalidEventError("bad_time", "ts has no offset: write Z or +00:00 behind it")
        ts = moment.timestamp()
    if EARLIEST <= ts < LATEST:
        return ts
    if ts >= LATEST:
        raise InvalidEventError("bad_time", "ts is after the year 2037: seconds are expected")
    raise InvalidEventError("bad_time", "ts is before the year 2000")
