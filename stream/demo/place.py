"""Where the demo takes place: the embedded broker, or topics of its own on a real Kafka."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from detectors.core.errors import WeirError
from stream import settings as environment
from stream.broker import EmbeddedBroker
from stream.demo.worker_process import free_port
from stream.settings import Settings
from stream.topics import create_missing, wanted


@contextmanager
def place(bootstrap: str | None) -> Iterator[Settings]:
    """Yield the settings of a demo, and remove what it made at the end."""
    own = {"metrics_host": "127.0.0.1", "metrics_port": free_port(), "log_level": "WARNING"}
    if bootstrap is None:
        config = os.environ.get("WEIR_CONFIG")
        with EmbeddedBroker() as broker:
            yield Settings(bootstrap=broker.bootstrap, create_topics=False, config=config, **own)  # type: ignore[arg-type]
        return
    name = f"weir-demo-{os.getpid()}"
    given = replace(
        environment.read(bootstrap=bootstrap),
        group=name,
        topic_prefix=f"{name}.",
        create_topics=True,
        **own,  # type: ignore[arg-type]
    )
    try:
        asyncio.run(_create(given))
    except (KafkaError, OSError) as error:
        raise WeirError(
            f"the demo cannot make its topics on {bootstrap} ({error}): "
            "`weir doctor` tells what is wrong"
        ) from None
    try:
        yield given
    finally:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            asyncio.run(asyncio.wait_for(_delete(given), timeout=10.0))


async def _create(given: Settings) -> None:
    admin = AIOKafkaAdminClient(**given.client())
    try:
        await admin.start()
        await create_missing(admin, given, {})
    finally:
        await admin.close()


async def _delete(given: Settings) -> None:
    admin = AIOKafkaAdminClient(**given.client())
    try:
        await admin.start()
        await admin.delete_topics(list(wanted(given)))
    finally:
        await admin.close()
