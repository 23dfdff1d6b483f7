"""Weir's topics: what they are for, and how they must be made."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from stream.settings import Settings

#: Bytes of the largest message: a part of a delta, or a segment of a checkpoint.
MESSAGE_BYTES = 8_388_608


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic that Weir reads or writes; the names are without the prefix."""

    name: str
    purpose: str
    copartitioned: bool  # has as many partitions as the requests
    compacted: bool = False
    large: bool = False  # may hold messages up to `MESSAGE_BYTES`
    kept: bool = False  # for ever


TOPICS = (
    Topic(name="requests", purpose="finished API calls, keyed by account", copartitioned=True),
    Topic(name="lifecycle", purpose="what happened to accounts, by account", copartitioned=True),
    Topic(name="releases", purpose="models that became available", copartitioned=False),
    Topic(name="deltas", purpose="from the accounts to the groups", copartitioned=True, large=True),
    Topic(
        name="candidates",
        purpose="from the groups to the campaigns",
        copartitioned=False,
        large=True,
    ),
    Topic(name="alerts", purpose="anomalies, explained", copartitioned=False),
    Topic(name="verdicts", purpose="what analysts say of alerts", copartitioned=False, kept=True),
    Topic(name="dead-letters", purpose="records that broke their contract", copartitioned=False),
)
#: Those whose records count in the order in which they came: they have one partition.
IN_ORDER = ("candidates", "verdicts")
#: Faust tables whose changelogs hold the checkpoints, and whether they have as many partitions as
#: the requests.
TABLES = {"accounts": True, "groups": True, "campaigns": False}


def changelogs(settings: Settings) -> dict[str, int]:
    """Return the names of the changelog topics, as Faust gives them, and their partitions."""
    return {
        f"{settings.group}-{table}-changelog": settings.partitions if copartitioned else 1
        for table, copartitioned in TABLES.items()
    }


def wanted(settings: Settings) -> dict[str, NewTopic]:
    """Return every topic that must be there, by its full name."""
    made = {}
    for topic in TOPICS:
        config: dict[str, str] = {}
        if topic.large:
            config = {"max.message.bytes": str(MESSAGE_BYTES), "retention.ms": "86400000"}
        if topic.kept:
            config = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        name = settings.topic(topic.name)
        partitions = settings.partitions if topic.copartitioned else 1
        made[name] = NewTopic(name, partitions, settings.replication, topic_configs=config)
    for name, partitions in changelogs(settings).items():
        config = {"cleanup.policy": "compact", "max.message.bytes": str(MESSAGE_BYTES)}
        made[name] = NewTopic(name, partitions, settings.replication, topic_configs=config)
    return made


async def partitions_of(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Return how many partitions each topic on the broker has."""
    described = await admin.describe_topics()
    return {entry["topic"]: len(entry["partitions"]) for entry in described}


async def create_missing(
    admin: AIOKafkaAdminClient, settings: Settings, existing: Mapping[str, int]
) -> list[str]:
    """Create the topics that are not there, and return their names.

    Raises:
        KafkaError: the broker refuses, for want of permission or of brokers to replicate to.
    """
    missing = {name: topic for name, topic in wanted(settings).items() if name not in existing}
    if missing:
        answer = await admin.create_topics(list(missing.values()))
        for name, code, *reason in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"{name}: {reason[0] if reason else 'refused'}")
    return sorted(missing)
