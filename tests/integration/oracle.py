"""What a worker must come to: the engine fed with the same records, and the sums of the world."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.core.account_level import AccountLevel
from detectors.core.batch import batch_of
from detectors.core.engine import Engine
from detectors.core.group_level import GroupLevel
from detectors.core.level import Level
from detectors.core.records import Alert
from detectors.text.capability import Capability
from stream import codec
from stream.config import Config, load
from stream.shelf import Changelog
from tests.integration.house import House
from tests.integration.world import PARTITIONS, Record

BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The levels of every partition, as a replay leaves them or as the changelogs keep them."""

    accounts: list[AccountLevel]
    groups: list[GroupLevel]

    def requests(self) -> Counter[str]:
        """Requests by account, as the profiles have counted them."""
        return _sum(self.accounts)

    def by_group(self) -> Counter[str]:
        """Requests by group."""
        return _sum(self.groups)

    def by_member(self) -> Counter[str]:
        """Requests by group and account."""
        total: Counter[str] = Counter()
        for level in self.groups:
            total.update(_requests(level.members))
        return total


def replayed(config: Config, records: Iterable[Record]) -> tuple[Levels, list[Alert]]:
    """Feed an engine with what a broker would hold, in the order of the records."""
    engine = config.engine(partitions=PARTITIONS, seed=0)
    alerts: list[Alert] = []
    queues: list[list[bytes | None]] = [[] for _ in range(PARTITIONS)]
    first = [0] * PARTITIONS
    rows = [record for record in records if record.topic == "requests"]
    for start in range(0, len(rows), BATCH):
        for record in rows[start : start + BATCH]:
            queues[record.partition].append(record.value)
        for partition, values in enumerate(queues):
            offsets = range(first[partition], first[partition] + len(values))
            first[partition] += len(values)
            alerts += _feed(engine, partition, values, offsets, config.record_bytes)
            values.clear()
    alerts += engine.finish()
    return Levels(accounts=engine.accounts, groups=engine.groups), alerts


def kept(house: House) -> Levels:
    """Read the changelogs from the beginning, as a worker does that starts."""
    config = load(house.config)
    accounts, groups = ([Changelog() for _ in range(PARTITIONS)] for _ in ("accounts", "groups"))
    for table, logs in (("accounts", accounts), ("groups", groups)):
        for message in house.read(f"{table}-changelog"):
            logs[message.partition() or 0].take(message.key() or b"", message.value())
    levels = Levels(
        accounts=[
            config.account_level(partition=number, partitions=PARTITIONS, seed=0)
            for number in range(PARTITIONS)
        ],
        groups=[
            config.group_level(partition=number, partitions=PARTITIONS, seed=0)
            for number in range(PARTITIONS)
        ],
    )
    for account_level, log in zip(levels.accounts, accounts, strict=True):
        log.restore(account_level)
    for group_level, log in zip(levels.groups, groups, strict=True):
        log.restore(group_level)
    return levels


def raised(house: House) -> dict[str, dict[str, Any]]:
    """Return the alerts on the topic by id, having seen that repeats tell the same."""
    alerts: dict[str, dict[str, Any]] = {}
    for message in house.read("alerts"):
        alert = json.loads(message.value() or b"")
        assert message.key() == alert["id"].encode()
        alert.pop("raised_at")
        assert alerts.setdefault(alert["id"], alert) == alert
    return alerts


def told(alerts: Iterable[Alert]) -> dict[str, dict[str, Any]]:
    """Return alerts as they would stand on the topic, by id."""
    made = {}
    for alert in alerts:
        content = json.loads(codec.encode_alert(alert))
        content.pop("raised_at")
        made[alert.id] = content
    return made


def _feed(
    engine: Engine, partition: int, values: list[bytes | None], offsets: range, limit: int
) -> list[Alert]:
    decoded = codec.decode_requests(values, offsets, source="", max_bytes=limit)
    batch = batch_of(
        decoded.requests,
        decoded.times,
        decoded.offsets,
        seed=0,
        capability=Capability.shipped(),
        strays=decoded.strays(),
    )
    return engine.process(batch, partition=partition)


def _sum(levels: Iterable[Level]) -> Counter[str]:
    total: Counter[str] = Counter()
    for level in levels:
        total.update(_requests(level.profiles))
    return total


def _requests(table: Any) -> dict[str, int]:
    rows = np.array(list(table.index.values()), dtype=np.int64)
    counts = table["requests"][rows].tolist()
    return {name: count for name, count in zip(table.index, counts, strict=True) if count}
