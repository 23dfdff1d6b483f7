"""Is somebody at work, and does it keep up?"""

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin._listoffsets import OffsetSpec

from stream.doctor.cluster import PATIENCE, Cluster
from stream.doctor.finding import Finding, ok, warn

#: Topics that the group reads, without prefix.
_READ = ("requests", "lifecycle", "releases", "deltas")


def examine(cluster: Cluster) -> Finding:
    """Look at the consumer group: state, members, and what lies before them."""
    group = cluster.settings.group
    if cluster.embedded:
        return warn("group", f"the embedded broker cannot be asked about group {group}.")
    described = cluster.ask_each(
        lambda admin: admin.describe_consumer_groups([group], request_timeout=PATIENCE)
    ).get(group)
    if described is None:
        return warn("group", f"group {group} could not be looked at.")
    behind = _behind(cluster)
    lag = "" if behind is None else f", with {behind:,} records not yet committed"
    members = len(described.members)
    if described.state == ConsumerGroupState.STABLE and members:
        return ok("group", f"group {group} has {members} client{'s' * (members != 1)}{lag}.")
    if described.state in (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD) or not members:
        return warn("group", f"nobody reads in group {group}{lag}: start `weir worker`.")
    return warn(
        "group",
        f"group {group} is sharing out its partitions{lag}: look again in a minute; if it stays "
        "so, a worker comes and goes, and its log says why.",
    )


def _behind(cluster: Cluster) -> int | None:
    """Return how many records the group has not committed, or None where it never did."""
    group, settings = cluster.settings.group, cluster.settings
    answer = cluster.ask_each(
        lambda admin: admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=PATIENCE
        )
    ).get(group)
    topics = {settings.topic(name) for name in _READ}
    committed: dict[tuple[str, int], int] = {
        (each.topic, each.partition): each.offset
        for each in ([] if answer is None else answer.topic_partitions)
        if each.topic in topics and each.offset >= 0
    }
    if not committed:
        return None
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    wanted = {TopicPartition(*key): latest for key in committed}
    ends = cluster.ask_each(lambda admin: admin.list_offsets(wanted, request_timeout=PATIENCE))
    behind = [
        max(int(end.offset) - committed[each.topic, each.partition], 0)
        for each, end in ends.items()
    ]
    return sum(behind)
