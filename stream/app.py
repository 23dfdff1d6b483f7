"""The Faust app: topics, tables and agents put together."""

import asyncio
from typing import Any

import faust
from faust.exceptions import ConsumerNotStarted

from detectors.core.account_level import AccountLevel
from detectors.core.campaign_level import CampaignLevel
from detectors.core.group_level import GroupLevel
from detectors.text.capability import Capability
from stream.agents import Agents
from stream.checkpoint import Checkpoints
from stream.config import Config
from stream.intake import Intake
from stream.lookout import Lookout
from stream.metrics import Metrics
from stream.outlet import Outlet
from stream.settings import Settings
from stream.shelf import ProfileTable
from stream.topics import MESSAGE_BYTES, TOPICS
from stream.transport import App, RunSchema
from stream.watchdog import View

#: Runs that wait for an agent; each is up to a fetch of records.
RUNS = 8
#: Bytes fetched of a partition at a time; the length of a run.
FETCH_BYTES = 1_048_576


def build(settings: Settings, config: Config, metrics: Metrics) -> tuple[App, Agents, Lookout]:
    """Return the app, ready to start, what its agents do, and what looks after them."""
    app = App(
        settings.group,
        broker=[f"aiokafka://{server}" for server in settings.bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_seconds,
        broker_request_timeout=settings.session_seconds + 10,
        broker_heartbeat_interval=min(3.0, settings.session_seconds / 4),
        broker_max_poll_records=50_000,
        consumer_max_fetch_size=FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        producer_max_request_size=MESSAGE_BYTES,
        producer_linger=0.02,
        producer_acks=-1,
        stream_buffer_maxsize=RUNS,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_allow_declare=settings.create_topics,
        topic_disable_leader=True,
        table_standby_replicas=0,  # a standby would be assigned our changelogs, and be taken for us
        web_enabled=False,
        autodiscover=False,
        store="memory://",
    )
    accounts: ProfileTable[AccountLevel] = ProfileTable(
        app,
        name="accounts",
        partitions=settings.partitions,
        build=lambda partition: config.account_level(
            partition=partition, partitions=settings.partitions, seed=settings.hash_seed
        ),
    )
    groups: ProfileTable[GroupLevel] = ProfileTable(
        app,
        name="groups",
        partitions=settings.partitions,
        build=lambda partition: config.group_level(
            partition=partition, partitions=settings.partitions, seed=settings.hash_seed
        ),
    )
    campaigns: ProfileTable[CampaignLevel] = ProfileTable(
        app,
        name="campaigns",
        partitions=1,
        build=lambda _: config.campaign_level(seed=settings.hash_seed),
    )
    topics = {
        topic.name: app.topic(
            settings.topic(topic.name),
            schema=RunSchema(key_serializer="raw", value_serializer="raw"),
            acks=False,
            key_serializer="raw",
            value_serializer="raw",
        )
        for topic in TOPICS
    }
    agents = Agents(
        accounts=accounts.shelf,
        groups=groups.shelf,
        campaigns=campaigns.shelf,
        outlet=Outlet(topics=topics, metrics=metrics),
        intake=Intake(
            app,
            {
                settings.topic("requests"): (accounts.shelf, "requests"),
                settings.topic("lifecycle"): (accounts.shelf, "lifecycle"),
                settings.topic("deltas"): (groups.shelf, "deltas"),
                settings.topic("candidates"): (campaigns.shelf, "candidates"),
            },
        ),
        requests_topic=settings.topic("requests"),
        account_checkpoints=Checkpoints(
            accounts,
            topics={name: settings.topic(name) for name in ("requests", "lifecycle")},
            metrics=metrics,
            interval=settings.checkpoint_seconds,
        ),
        group_checkpoints=Checkpoints(
            groups,
            topics={"deltas": settings.topic("deltas")},
            metrics=metrics,
            interval=settings.checkpoint_seconds,
        ),
        campaign_checkpoints=Checkpoints(
            campaigns,
            topics={"candidates": settings.topic("candidates")},
            metrics=metrics,
            interval=settings.checkpoint_seconds,
        ),
        metrics=metrics,
        seed=settings.hash_seed,
        capability=Capability.shipped(),
        max_ahead=config.max_ahead_seconds,
        limit=config.record_bytes,
    )
    for name, take in (
        ("requests", agents.requests),
        ("lifecycle", agents.lifecycle),
        ("releases", agents.releases),
        ("verdicts", agents.verdicts),
        ("deltas", agents.deltas),
        ("candidates", agents.candidates),
    ):
        app.agent(topics[name], name=f"{settings.group}.{name}")(_agent(take, agents))

    async def hand_over(*_: Any, **__: Any) -> None:
        try:
            await asyncio.wait_for(agents.hand_over(), timeout=settings.session_seconds)
        except TimeoutError as error:
            agents.fail(error)

    app.on_partitions_revoked.connect(hand_over, weak=False)
    lookout = Lookout(
        intake=agents.intake,
        groups=groups.shelf,
        outlet=agents.outlet,
        lateness=config.lateness(seed=settings.hash_seed),
        metrics=metrics,
    )
    return app, agents, lookout


def view(app: App, agents: Agents) -> View:
    """Return what the watchdog looks at."""
    try:
        assignment = {tp for tp in app.consumer.assignment() if not tp.topic.endswith("-changelog")}
    except ConsumerNotStarted:
        assignment = set()
    requests = agents.requests_topic
    recovering = bool(app.in_recovery or app.rebalancing)
    behind = {tp: None if recovering else agents.intake.behind(tp) for tp in assignment}
    agents.metrics.lag.clear()  # of partitions that went elsewhere others know
    for tp, records in behind.items():
        if records is not None:
            name = tp.topic.removeprefix(requests.removesuffix("requests"))
            agents.metrics.lag.labels(name, tp.partition).set(records)
    agents.metrics.levels("accounts", agents.accounts.levels)
    agents.metrics.levels("groups", agents.groups.levels)
    agents.metrics.levels("campaigns", agents.campaigns.levels)
    known = [records for records in behind.values() if records is not None]
    return View(
        assigned=sum(tp.topic == requests for tp in assignment),
        others=app.consumer_generation_id > 0 and not app.rebalancing,
        lag=sum(known) if len(known) == len(behind) else None,
        progress=max(agents.intake.progress, *(shelf.progress for shelf in agents.shelves)),
        recovering=recovering,
    )


def _agent(take: Any, agents: Agents) -> Any:
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            if agents.fault is not None:  # Faust starts an agent anew, behind what it failed on
                continue
            try:
                await take(event.message.tp, event.value)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                agents.fail(error)
                raise

    return agent


def _credentials(settings: Settings) -> Any:
    context = settings.ssl_context()
    if settings.sasl_mechanism:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
