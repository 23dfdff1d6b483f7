"""`weir worker`: waits for the broker, runs the app, and ends in an orderly way."""

import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import time
from dataclasses import replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, start_http_server

from detectors.core.errors import ConfigError
from detectors.text.verdicts import Verdicts
from stream import app as weir_app
from stream.agents import Agents
from stream.config import Config
from stream.lookout import Lookout
from stream.metrics import Metrics
from stream.settings import Settings
from stream.topics import IN_ORDER, changelogs, create_missing, partitions_of
from stream.verdict_reader import VerdictReader
from stream.watchdog import EXIT_FAILED, EXIT_STALLED, Watchdog

log = logging.getLogger("weir.worker")

#: Seconds between attempts to reach a broker that is away, at first and at most.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: Seconds between two looks at the app.
LOOK = 0.5
#: Part of the time for an orderly end that a last checkpoint may take, so that some is left to
#: leave the group.
LAST_CHECKPOINT = 0.75
#: Seconds for which no request is taken in before all verdicts are learned.
VERDICTS = 30.0


async def run(settings: Settings, config: Config) -> int:
    """Run until a signal or a fault, and return the exit code."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    partitions = await _prepare(settings, stop)
    if partitions is None:
        return 0
    settings = replace(settings, partitions=partitions)
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    server, thread = _serve(settings, registry)
    log.info(
        "reading %s on %s in group %s, %d partitions; metrics on http://%s:%d/metrics",
        settings.topic("requests"),
        settings.bootstrap,
        settings.group,
        partitions,
        settings.metrics_host,
        server.server_port,
    )
    try:
        return await _run_app(settings, config, metrics, stop)
    finally:
        server.shutdown()
        thread.join(timeout=2.0)
        log.info("stopped")


async def _run_app(
    settings: Settings, config: Config, metrics: Metrics, stop: asyncio.Event
) -> int:
    # Records come and go by the ten thousand: with Python's usual thresholds the collector would
    # look at all that wait, again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    app, agents, lookout = weir_app.build(settings, config, metrics)
    verdicts = VerdictReader(settings, Verdicts(agents.capability), metrics)
    reading = asyncio.create_task(verdicts.run())
    await _caught_up(verdicts, reading, stop)
    if stop.is_set():
        return 0
    dog = Watchdog(stall=settings.stall_seconds, session=settings.session_seconds, metrics=metrics)
    tasks = [
        reading,
        asyncio.create_task(app.start()),
        asyncio.create_task(_tick(app, agents, lookout)),
    ]
    code = 0
    try:
        while not stop.is_set() and code == 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=LOOK)
            for task in tasks:
                if task.done():
                    task.result()
            code = _look(app, agents, dog)
    except Exception as error:
        log.error("ended by %r", error)
        code = EXIT_FAILED
    finally:
        for task in tasks:
            task.cancel()
        stopped = await _stop(app, agents, orderly=code == 0, seconds=settings.stop_seconds)
    if not stopped:
        # What hangs on a broker that is away would hang on when the loop is closed.
        log.warning("ended without waiting for the broker")
        logging.shutdown()
        os._exit(code)
    return code


async def _caught_up(
    verdicts: VerdictReader, reading: asyncio.Task[None], stop: asyncio.Event
) -> None:
    """Wait until the verdicts are learned, so that a restart does not judge by an older model."""
    waits = [asyncio.create_task(event.wait()) for event in (verdicts.caught_up, stop)]
    await asyncio.wait([reading, *waits], timeout=VERDICTS, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if not (verdicts.caught_up.is_set() or stop.is_set() or reading.done()):
        log.warning("going on before all verdicts are learned: they follow")


async def _tick(app: Any, agents: Agents, lookout: Lookout) -> None:
    while agents.fault is None:
        await asyncio.sleep(LOOK)
        if app.consumer_generation_id and not (app.in_recovery or app.rebalancing):
            try:
                await agents.tick()
                await lookout.look()
            except Exception as error:
                agents.fail(error)


def _look(app: Any, agents: Agents, dog: Watchdog) -> int:
    """Return an exit code once the worker must end."""
    fault = agents.fault or app.crash_reason
    if fault is not None:
        log.error("ended by %r; what was read since the last checkpoint is read again", fault)
        return EXIT_FAILED
    reason = dog.verdict(weir_app.view(app, agents))
    if reason is not None:
        log.error("ended by the watchdog: %s", reason)
        return EXIT_STALLED
    return 0


async def _stop(app: Any, agents: Agents, *, orderly: bool, seconds: float) -> bool:
    """Stop in the time that a supervisor gives: with a last checkpoint if all is well.

    Returns:
        Whether the app stopped.
    """
    began = time.monotonic()
    if orderly and not (app.in_recovery or app.rebalancing):
        try:
            await asyncio.wait_for(agents.close(), timeout=LAST_CHECKPOINT * seconds)
            log.info("last checkpoint written in %.1f s", time.monotonic() - began)
        except Exception as error:
            log.warning("no last checkpoint (%r): what follows the one before is read again", error)
    agents.stop_counting()
    try:
        await asyncio.wait_for(app.stop(), timeout=began + seconds - time.monotonic())
    except Exception as error:
        log.debug("the app could not stop: %r", error)
        return False
    return True


async def _prepare(settings: Settings, stop: asyncio.Event) -> int | None:
    """Wait for the broker, make the topics, and return how many partitions requests have."""
    wait, told = FIRST_WAIT, -60.0
    while not stop.is_set():
        admin = AIOKafkaAdminClient(**settings.client())
        try:
            await admin.start()
            existing = await partitions_of(admin)
            requests = existing.get(settings.topic("requests"))
            chosen = replace(settings, partitions=requests or settings.partitions)
            _check_partitions(chosen, existing)
            if settings.create_topics:
                made = await create_missing(admin, chosen, existing)
                if made:
                    log.info("created the topics %s", ", ".join(made))
            return chosen.partitions
        except (KafkaError, OSError) as error:
            if time.monotonic() - told >= 60.0:
                told = time.monotonic()
                log.warning("waiting for the broker at %s (%s)", settings.bootstrap, error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=wait * (0.5 + random.random()))
            wait = min(2 * wait, LONGEST_WAIT)
        finally:
            with contextlib.suppress(Exception):
                await admin.close()
    return None


def _check_partitions(settings: Settings, existing: dict[str, int]) -> None:
    wanted_of = dict.fromkeys(map(settings.topic, ("lifecycle", "deltas")), settings.partitions)
    wanted_of |= dict.fromkeys(map(settings.topic, IN_ORDER), 1)
    wanted_of |= changelogs(settings)
    if not settings.create_topics:  # made on first use, all are alike
        wanted_of = {topic: count for topic, count in wanted_of.items() if count > 1}
    for topic, wanted in wanted_of.items():
        if existing.get(topic, wanted) != wanted:
            raise ConfigError(
                f"topic {topic} has {existing[topic]} partitions and must have {wanted}, as "
                f"{settings.topic('requests')} has {settings.partitions}: delete the one that "
                "holds nothing and let Weir create it"
            )


def _serve(settings: Settings, registry: CollectorRegistry) -> tuple[Any, Any]:
    try:
        return start_http_server(
            settings.metrics_port, addr=settings.metrics_host, registry=registry
        )
    except OSError as error:
        raise ConfigError(
            f"metrics cannot be served on {settings.metrics_host}:{settings.metrics_port} "
            f"({error.strerror}): set WEIR_METRICS_PORT to a free port, or to 0"
        ) from None
