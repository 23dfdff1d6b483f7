"""No message is larger than Kafka takes, though every name be as long as its contract allows."""

from typing import Any

from detectors.core.bans import IN_ONE
from detectors.core.conversations import IN_TICK
from detectors.core.deltas import LINKS_BYTES
from detectors.core.parts import PART_BYTES
from detectors.core.records import Lifecycle, Request
from stream import codec
from stream.topics import MESSAGE_BYTES
from tests.detectors.traffic import EPOCH, account_level, feed, group_level

#: Bytes that a broker takes of a message unless it is told otherwise.
BROKER_BYTES = 1_048_588


def longest(start: str, *, most: int = 256) -> str:
    """Return a name as long as the contract allows, most of it four bytes a character."""
    return start + "\U00020000" * (most - len(start))


def asked(number: int, *, at: float = 0.0, **fields: Any) -> Request:
    account = longest(f"a{number}")
    fields = {"id": longest(f"{number}-{at}-"), "account": account, "model": "opus", **fields}
    return Request(ts=EPOCH + at, **fields)


def banned(number: int) -> Lifecycle:
    return Lifecycle(kind="lifecycle", ts=EPOCH, account=longest(f"a{number}"), event="banned")


def test_a_tick_in_which_all_there_may_be_is_said_of_accounts() -> None:
    level = account_level(capacity=20_000)
    for number in range(IN_ONE):
        level.live(banned(number), EPOCH, number)
    alone = [
        asked(
            number,
            proxy=longest(f"p{number}"),
            payment=longest(f"c{number}", most=128),
            prefix_hashes=[longest(f"{number}{turn}", most=64) for turn in range(3)],
            status=429 if number % 2 else 200,
        )
        for number in range(3 * IN_TICK)
    ]
    loud = [asked(n, at=at, proxy=longest("p")) for n in range(2000) for at in (0.5, 0.75)]
    deltas = [delta for _, delta in feed(level, [*alone, *loud]).deltas]
    assert max(len(delta.banned) for delta in deltas) == IN_ONE
    assert max(len(delta.denied) for delta in deltas) == IN_TICK
    assert max(len(delta.orphans) for delta in deltas) == IN_TICK
    assert sum(len(delta.alerts) for delta in deltas) > 1000
    largest = max(len(record) for record in codec.encode_deltas(deltas))
    assert LINKS_BYTES + PART_BYTES < largest < MESSAGE_BYTES


def test_a_group_of_many_accounts_that_were_all_banned() -> None:
    accounts, groups = account_level(capacity=20_000), group_level(members=20_000)
    requests = [asked(n, at=at, proxy="p") for at in (0.0, 0.5, 60.0, 60.5) for n in range(6000)]
    requests = sorted(requests, key=lambda request: request.ts)
    for number in range(IN_ONE):
        accounts.live(banned(number), EPOCH + 1, number)
    records = codec.encode_deltas([delta for _, delta in feed(accounts, requests).deltas])
    told = [
        candidates
        for offset, record in enumerate(records)
        for candidates in groups.process(codec.decode_deltas(record), offset).candidates
    ]
    alerts = [alert for candidates in told for alert in candidates.alerts]
    assert max(alert.accounts_total for alert in alerts) == 6000
    assert any(those.places for candidates in told for those in candidates.behind)
    assert max(len(codec.encode_candidates(candidates)) for candidates in told) < MESSAGE_BYTES
    assert max(len(codec.encode_alert(alert)) for alert in alerts) < BROKER_BYTES
