"""A micro-batch of requests as columns."""

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.records import Request
from detectors.text.capability import Capability
from detectors.text.features import Asked
from detectors.text.template import of_prompts, of_system
from detectors.text.words import words

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")  # ten times as fast as `ipaddress`

#: Answers that deny a request: evidence for heirs and failover, never behaviour.
DENIED = (401, 403, 429)
#: What a request is after that says nothing of it.
UNSAID = -1
#: Tokens of one request at most, so that a tick's sum stays in range.
MOST_TOKENS = 10**12
#: Characters of an egress that is no address: `ip` has no limit of its own.
LONGEST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Strays:
    """What came among the requests of a batch besides them, in order."""

    dead: Sequence[tuple[int, str]] = ()  # offsets of records that could not be read, and why
    sampled: Sequence[tuple[int, Sequence[str]]] = ()  # some requests, and their unknown fields

    def between(self, after: int, until: int) -> "Strays":
        """Return those with offsets above one and up to another."""

        def part(strays: Sequence[tuple[int, Any]]) -> Sequence[tuple[int, Any]]:
            start = bisect_right(strays, after, key=itemgetter(0))
            return strays[start : bisect_right(strays, until, key=itemgetter(0))]

        return Strays(dead=part(self.dead), sampled=part(self.sampled))

    @property
    def last(self) -> int:
        """The highest offset, -1 where there is nothing."""
        return max((stray[0] for stray in (*self.dead[-1:], *self.sampled[-1:])), default=-1)

    def __bool__(self) -> bool:
        return bool(self.dead or self.sampled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Requests of one partition in their order; all columns have the same length."""

    offsets: NDArray[np.int64]
    ticks: NDArray[np.int64]  # seconds of event time
    hashes: NDArray[np.uint64]  # keyed, of the ids
    denied: NDArray[np.bool_]
    tokens: NDArray[np.int64]  # in and out
    ids: list[str]
    accounts: list[str]
    models: list[str]
    egresses: list[str | None]  # as the gateway names it, else the client's address
    payments: list[str | None]
    plans: list[str | None]
    sketches: list[str | None]
    capabilities: NDArray[np.int8]  # what each is after, by its index; `UNSAID` where nothing tells
    agents: list[str | None]  # as the client names itself
    fingerprints: list[str | None]  # of its TLS
    prefixes: list[list[str] | None]  # hashes of each conversation's prefixes, oldest first
    failed: NDArray[np.bool_]  # answered with an error
    waits: NDArray[np.float64] | None = None  # seconds until each arrived, where that is known
    strays: Strays = field(default_factory=Strays)

    def __len__(self) -> int:
        return len(self.ids)


def batch_of(
    requests: Sequence[Request],
    times: Sequence[float] | NDArray[np.float64],
    offsets: Sequence[int] | NDArray[np.int64],
    *,
    seed: int,
    capability: Capability | None = None,
    arrived: NDArray[np.float64] | None = None,
    strays: Strays | None = None,
) -> Batch:
    """Turn requests into columns; of text, its sketch and what it is after are kept.

    Args:
        requests: of one partition, in order.
        times: each one's event time in seconds.
        offsets: each one's position in the partition, ascending.
        seed: key of the hashes.
        capability: says what requests are after; without it, none is said to be after anything.
        arrived: when each was taken in by the broker.
        strays: what else came.
    """
    digest = xxhash.xxh3_64_intdigest
    ids = [r.id for r in requests]
    status = np.fromiter([r.status for r in requests], np.int64, len(requests))
    sketches, capabilities = _read(requests, seed, capability)
    failed = status >= 400
    return Batch(
        offsets=np.array(offsets, dtype=np.int64),
        ticks=np.array(times, dtype=np.float64).astype(np.int64),
        hashes=np.fromiter(map(digest, map(str.encode, ids), repeat(seed)), np.uint64, len(ids)),
        denied=np.isin(status, DENIED) if failed.any() else failed,
        failed=failed,
        tokens=_tokens([r.input_tokens + r.output_tokens for r in requests]),
        ids=ids,
        accounts=[r.account for r in requests],
        models=[r.model for r in requests],
        egresses=[r.proxy or r.ip for r in requests],
        payments=[r.payment for r in requests],
        plans=[r.plan for r in requests],
        sketches=sketches,
        capabilities=capabilities,
        agents=[r.user_agent for r in requests],
        fingerprints=[r.ja4 for r in requests],
        prefixes=[r.prefix_hashes for r in requests],
        waits=None if arrived is None else arrived - np.array(times, dtype=np.float64),
        strays=strays or Strays(),
    )


def egress_of(address: str) -> str | None:
    """Return the egress behind a client's address: its /24 or /48; another name stays itself.

    >>> egress_of("203.0.113.77"), egress_of("2001:db8:1:2::3"), egress_of("hydra-7")
    ('203.0.113.0/24', '2001:db8:1::/48', 'hydra-7')
    """
    if _IPV4.fullmatch(address):
        return address[: address.rindex(".")] + ".0/24"
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:LONGEST] or None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, prefix), strict=False))


def _read(
    requests: Sequence[Request], seed: int, capability: Capability | None
) -> tuple[list[str | None], NDArray[np.int8]]:
    """Return the sketch of each request, and what it is after; the words are found once."""
    sketches = [r.prompt_sketch for r in requests]
    codes = np.full(len(requests), UNSAID, dtype=np.int8)
    systems: dict[str, tuple[list[str], str]] = {"": ([], "")}  # many requests have the same one
    telling = [
        i for i, r in enumerate(requests) if r.prompt is not None or r.system_prompt or r.tools
    ]
    prompts = [words(requests[position].prompt or "") for position in telling]
    own = of_prompts(prompts, seed=seed)
    asked, positions = [], []
    for position, found, sketch in zip(telling, prompts, own, strict=True):
        request = requests[position]
        told = request.system_prompt or ""
        if told not in systems:
            its = words(told)
            systems[told] = its, of_system(its, seed=seed)
        system, role = systems[told]
        said = request.prompt_sketch if request.prompt is None else sketch
        sketches[position] = (said or "") + role or None
        if request.status in DENIED:
            continue  # it counts for nothing
        tools = request.tools or ()
        if found or system or tools:
            asked.append(Asked(found, system, tools, request.operation))
            positions.append(position)
    if asked and capability is not None:
        codes[positions] = capability.predict_many(asked).codes
    return sketches, codes


def _tokens(counts: list[int]) -> NDArray[np.int64]:
    try:
        values = np.array(counts, dtype=np.float64)
    except OverflowError:  # JSON knows integers that no float holds
        values = np.array([min(count, MOST_TOKENS) for count in counts], dtype=np.float64)
    return np.minimum(values, MOST_TOKENS).astype(np.int64)
