"""Requests made up for the suite: the same every time, and with something to be found."""

import random
import zlib
from collections import Counter
from dataclasses import dataclass, field

import msgspec

PARTITIONS = 4
EPOCH = 1_735_689_600  # 2025-01-01, behind every clock
ACCOUNTS, EGRESSES, HYDRA = 400, 40, 30


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way to a topic."""

    partition: int
    key: bytes | None
    value: bytes | None
    topic: str = "requests"


@dataclass(slots=True)
class World:
    """Records in the order in which they are sent, and what is true of them."""

    records: list[Record] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)  # by account, those that count
    end: int = EPOCH

    def add(self, account: str, *, at: float, number: int | str, **fields: object) -> Record:
        """Add a request that counts."""
        record = request(account, at=at, number=number, **fields)
        self.records.append(record)
        self.requests[account] += 1
        self.end = max(self.end, int(at))
        return record


def partition_of(account: str) -> int:
    return zlib.crc32(account.encode()) % PARTITIONS


def request(account: str, *, at: float, number: int | str, **fields: object) -> Record:
    content = {"id": f"r{number}", "ts": at, "account": account, "model": "opus", **fields}
    return Record(partition_of(account), account.encode(), msgspec.json.encode(content))


def world(*, ticks: int = 300, rate: int = 60, step: int = 7, seed: int = 1) -> World:
    """People on shared egresses, a hydra that pivots, and one account that surges.

    Args:
        ticks: seconds of event time in which something is asked for.
        rate: requests in such a second, of people.
        step: seconds from one to the next.
        seed: another world.
    """
    made, chance = World(), random.Random(seed)
    people = [f"person-{number}" for number in range(ACCOUNTS)]
    home = {person: f"office-{number % EGRESSES}" for number, person in enumerate(people)}
    # A group counts from its second account on. Who that is must not hang on which partition is
    # read first, so each group gets its first two one after the other.
    for order in range(2):
        first = people[order * EGRESSES : (order + 1) * EGRESSES]
        for account in (*first, f"hydra-{order}"):
            made.add(
                account,
                at=EPOCH - 60 + 10 * order,
                number=f"first-{account}",
                proxy=home.get(account, "proxy-net"),
            )
    number = 0
    for tick in range(ticks):
        at = EPOCH + tick * step
        late = tick > 0.7 * ticks
        calls = [
            (chance.choice(people), "opus" if chance.random() < 0.8 else "haiku")
            for _ in range(rate)
        ]
        calls += [
            (f"hydra-{head}", "fable" if late else "opus")
            for head in range(HYDRA)
            if chance.random() < 0.3
        ]
        calls += [("surge", "opus")] * (30 if tick > 0.8 * ticks else tick % 2)
        chance.shuffle(calls)
        for account, model in calls:
            made.add(
                account,
                at=at + chance.randrange(1000) / 1000,
                number=number,
                model=model,
                proxy=home.get(account, "proxy-net"),
                output_tokens=chance.randrange(2000),
            )
            number += 1
    # What every partition ends with: a second of its own, so that all before it is closed.
    for partition in range(PARTITIONS):
        last = next(f"last-{n}" for n in range(99) if partition_of(f"last-{n}") == partition)
        made.add(last, at=EPOCH + ticks * step + 5, number=f"last-{partition}")
    return made
