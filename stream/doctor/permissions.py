"""May Weir do what it must?"""

from confluent_kafka import TopicCollection
from confluent_kafka.admin._acl import AclOperation

from stream.doctor.cluster import PATIENCE, Cluster
from stream.doctor.finding import Finding, fail, ok, warn
from stream.settings import Settings
from stream.topics import wanted

_READ, _WRITE = "read", "write"
#: What a worker does with each topic; the rest, the changelogs, it reads and writes.
_NEEDS = {
    "requests": {_READ},
    "lifecycle": {_READ},
    "releases": {_READ},
    "verdicts": {_READ},
    "deltas": {_READ, _WRITE},
    "alerts": {_WRITE},
    "dead-letters": {_WRITE},
}


def examine(cluster: Cluster) -> list[Finding]:
    """Ask what is allowed on the topics that are there, and for the group; nothing is tried."""
    if cluster.embedded:
        return [ok("permissions", "the embedded broker allows everything.")]
    metadata, settings = cluster.metadata(), cluster.settings
    if metadata is None:
        return []
    names = [name for name in wanted(settings) if name in metadata.topics]
    if not names:
        return [warn("permissions", "there are no topics yet whose permissions could be asked.")]
    described = cluster.ask_each(
        lambda admin: admin.describe_topics(
            TopicCollection(names),
            include_authorized_operations=True,
            request_timeout=PATIENCE,
        )
    )
    found = []
    for name in names:
        if name not in described:
            found.append(fail("permissions", f"{name} must not be described: allow DESCRIBE."))
            continue
        missing = _needs(name, settings) - _allowed(described[name].authorized_operations)
        if missing:
            words = " and ".join(sorted(word.upper() for word in missing))
            found.append(fail("permissions", f"{name} lacks a permission: allow {words} on it."))
    found += _group(cluster)
    return found or [ok("permissions", f"topics and group {settings.group} may be used as needed.")]


def _group(cluster: Cluster) -> list[Finding]:
    group = cluster.settings.group
    described = cluster.ask_each(
        lambda admin: admin.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=PATIENCE
        )
    ).get(group)
    if described is None:
        return [
            fail("permissions", f"group {group} must not be described: allow DESCRIBE and READ.")
        ]
    if _READ not in _allowed(described.authorized_operations):
        return [fail("permissions", f"group {group} lacks a permission: allow READ on it.")]
    return []


def _needs(name: str, settings: Settings) -> set[str]:
    return _NEEDS.get(name.removeprefix(settings.topic_prefix), {_READ, _WRITE})


def _allowed(operations: "list[AclOperation] | None") -> set[str]:
    """Return what may be done; a broker that does not say is taken to allow it."""
    if operations is None:
        return {_READ, _WRITE}
    return {operation.name.lower() for operation in operations}
