"""Are the topics there, and made as Weir needs them?"""

import asyncio
from dataclasses import replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._metadata import ClusterMetadata, TopicMetadata

from stream.doctor.cluster import PATIENCE, Cluster
from stream.doctor.finding import Finding, fail, ok, warn
from stream.settings import Settings
from stream.topics import IN_ORDER, create_missing, wanted


def create(cluster: Cluster) -> Finding:
    """Create the topics that are missing."""
    if cluster.embedded:
        return warn("topics", "the embedded broker makes topics on first use, and not when asked.")
    metadata = cluster.metadata()
    existing = {} if metadata is None else _partitions(metadata)
    try:
        made = asyncio.run(_create(_as_there(cluster.settings, existing), existing))
    except KafkaError as error:
        return fail(
            "topics",
            f"topics could not be created ({error}): let somebody who may create them do it.",
        )
    return ok("topics", f"created {', '.join(made)}." if made else "there was none to create.")


def examine(cluster: Cluster) -> list[Finding]:
    """Compare every topic with how it is wanted."""
    metadata = cluster.metadata()
    if metadata is None:
        return []
    existing = _partitions(metadata)
    settings = _as_there(cluster.settings, existing)
    topics = wanted(settings)
    missing = sorted(set(topics) - set(existing))
    found = [_missing(cluster, missing)] if missing else []
    shapes = {name: metadata.topics[name] for name in topics if name in existing}
    for name, shape in shapes.items():
        if topics[name].num_partitions > 1 or existing[name] > settings.partitions:
            found += _partition_count(name, existing[name], settings)
        if name in map(settings.topic, IN_ORDER) and not cluster.embedded:
            found += _in_order(name, existing[name])
        found += _leaders(name, shape)
    found += _replication(shapes, metadata)
    found += _configs(cluster, [name for name in topics if name in existing], topics)
    if all(finding.status == "OK" for finding in found):
        found = [
            ok(
                "topics",
                f"{len(shapes)} topics are there, those of accounts and groups with "
                f"{settings.partitions} partitions each, and made as they must be.",
            )
        ]
    return found


def _partitions(metadata: ClusterMetadata) -> dict[str, int]:
    return {
        name: len(topic.partitions)
        for name, topic in metadata.topics.items()
        if topic.error is None
    }


def _as_there(settings: Settings, existing: dict[str, int]) -> Settings:
    """Return the settings as a worker would use them: the requests say how many partitions."""
    requests = existing.get(settings.topic("requests"), settings.partitions)
    return replace(settings, partitions=requests)


async def _create(settings: Settings, existing: dict[str, int]) -> list[str]:
    admin = AIOKafkaAdminClient(**settings.client(), request_timeout_ms=int(PATIENCE * 4000))
    await admin.start()
    try:
        return await create_missing(admin, settings, existing)
    finally:
        await admin.close()


def _missing(cluster: Cluster, missing: list[str]) -> Finding:
    names = ", ".join(missing)
    if cluster.embedded:
        return warn("topics", f"{names} are not there yet: they come with the first record.")
    if cluster.settings.create_topics:
        return warn(
            "topics",
            f"{names} are not there: a worker creates them at its start, or "
            "`weir doctor --create-topics` does now.",
        )
    return fail(
        "topics",
        f"{names} are not there and WEIR_CREATE_TOPICS is off: run `weir doctor --create-topics`.",
    )


def _partition_count(name: str, count: int, settings: Settings) -> list[Finding]:
    requests = settings.topic("requests")
    if name == requests or count == settings.partitions:
        return []
    copartitioned = name in {settings.topic("lifecycle"), settings.topic("deltas")}
    if not copartitioned and not name.endswith("-changelog"):
        return []
    return [
        fail(
            "topics",
            f"{name} has {count} partitions and {requests} has {settings.partitions}: they must "
            "be equal; delete it while it holds nothing of worth and let Weir create it.",
        )
    ]


def _in_order(name: str, count: int) -> list[Finding]:
    if count == 1:
        return []
    return [
        fail(
            "topics",
            f"{name} has {count} partitions and must have one, for its records count in their "
            "order: delete it while it holds nothing of worth and let Weir create it.",
        )
    ]


def _leaders(name: str, topic: TopicMetadata) -> list[Finding]:
    lost = [number for number, partition in topic.partitions.items() if partition.leader < 0]
    if not lost:
        return []
    return [
        fail(
            "topics",
            f"{name} has no leader for its partitions {', '.join(map(str, sorted(lost)))}: a "
            "broker that holds them must come back.",
        )
    ]


def _replication(shapes: dict[str, TopicMetadata], metadata: ClusterMetadata) -> list[Finding]:
    alone = sorted(
        name
        for name, topic in shapes.items()
        if any(len(partition.replicas) < 2 for partition in topic.partitions.values())
    )
    if not alone or len(metadata.brokers) < 2:
        return []
    return [
        warn(
            "topics",
            f"{', '.join(alone)} lie on one broker each of {len(metadata.brokers)}: with that "
            "broker goes their content; set WEIR_REPLICATION=3 before they are made.",
        )
    ]


def _configs(cluster: Cluster, names: list[str], topics: dict[str, Any]) -> list[Finding]:
    particular = [name for name in names if topics[name].topic_configs]
    if cluster.embedded or not particular:
        return []
    resources = {name: ConfigResource("topic", name) for name in particular}
    answers = cluster.ask_each(lambda admin: admin.describe_configs(list(resources.values())))
    found = []
    for name, resource in resources.items():
        if resource not in answers:
            found.append(
                warn(
                    "topics",
                    f"the settings of {name} must not be read: allow DESCRIBE_CONFIGS to have "
                    "them looked at.",
                )
            )
            continue
        have = answers[resource]
        wants = topics[name].topic_configs
        if "compact" in wants.get("cleanup.policy", "") and (
            "compact" not in have["cleanup.policy"].value
        ):
            found.append(
                fail(
                    "topics",
                    f"{name} holds checkpoints and is not compacted, so that it forgets or grows "
                    "for ever: set its cleanup.policy to compact.",
                )
            )
        for key in ("retention.ms", "retention.bytes"):
            if wants.get(key) == "-1" != have[key].value:
                found.append(
                    fail(
                        "topics",
                        f"{name} is read from its beginning at each start and forgets by its "
                        f"{key}: set that to -1.",
                    )
                )
        if wants.get("cleanup.policy") == "delete" and "compact" in have["cleanup.policy"].value:
            found.append(
                fail(
                    "topics",
                    f"{name} is compacted, so that a worker which starts later learns less than "
                    "the others: set its cleanup.policy to delete.",
                )
            )
        least = int(wants.get("max.message.bytes", 0))
        if int(have["max.message.bytes"].value) < least:
            found.append(
                fail(
                    "topics",
                    f"{name} takes messages of {have['max.message.bytes'].value} bytes, Weir "
                    f"sends up to {least}: set its max.message.bytes to that.",
                )
            )
    return found
