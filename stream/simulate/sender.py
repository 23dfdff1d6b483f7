"""Simulated records to Kafka."""

import logging
import random
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Producer

from detectors.core.errors import ConfigError, WeirError
from stream import librdkafka
from stream.settings import Settings
from stream.simulate.line import route

log = logging.getLogger("weir.simulate")

#: Topics that are written to, without prefix.
TOPICS = ("requests", "lifecycle", "releases")
#: Seconds between attempts to reach a broker that is away, at first and at most.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: Seconds that one attempt takes at most, and that the last records get to arrive.
ATTEMPT, FLUSH = 3.0, 15.0
#: Attempts in which a broker that makes topics on first use has made them.
MAKING = 6


class SendError(WeirError):
    """Records cannot be sent; the message is a sentence with the broker's reason."""


class Sender:
    """Sends records to the topics they belong to, keyed as the contracts have it.

    Requests and events go by account to the partition that Java's clients would choose.  A broker
    that goes away is waited for; one that refuses is an error.

    Args:
        settings: where the broker and the topics are.
        sleep: how the attempts to reach the broker are kept apart.
    """

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.handed_over = 0
        self._settings, self._sleep = settings, sleep
        self._fault: KafkaError | None = None
        self._reason = "it does not answer"
        self._told = -60.0
        self._unknown = 0
        self._topics = {name: settings.topic(name) for name in TOPICS}
        self._producer = librdkafka.client(
            Producer,
            settings,
            {
                "partitioner": "murmur2_random",
                "enable.idempotence": True,  # keeps the order of an account's records
                "linger.ms": 20,
                "message.timeout.ms": 0,  # a broker that is away is waited for
                "delivery.report.only.error": True,
                "error_cb": self._failed,
                "on_delivery": self._refused,
            },
        )

    @property
    def arrived(self) -> int:
        """Records that the broker has acknowledged."""
        return self.handed_over - len(self._producer)

    def wait(self) -> None:
        """Return when the broker answers and has the topics.

        Raises:
            SendError: it refuses the connection or does not have a topic.
        """
        wait = FIRST_WAIT
        while not self._answers():
            self._sleep(wait * (0.5 + random.random()))
            wait = min(2 * wait, LONGEST_WAIT)

    def send(self, line: bytes) -> None:
        """Send one record; returns at once unless too many are on their way.

        Raises:
            SendError: the broker refused this or an earlier record.
        """
        name, key = route(line)
        while True:
            try:
                self._producer.produce(self._topics[name], line, key)
                break
            except BufferError:
                self._producer.poll(0.2)
                self._complain()
        self.handed_over += 1
        if not self.handed_over & 0x3FF:
            self._producer.poll(0)
            self._complain()

    def poll(self) -> None:
        """Let what the broker said take effect; called while nothing is sent."""
        self._producer.poll(0)
        self._complain()

    def flush(self, *, seconds: float = FLUSH) -> None:
        """Wait for the records on their way, not for ever.

        Raises:
            SendError: the broker refused one.
        """
        self._producer.flush(seconds)
        self._complain()

    def _answers(self) -> bool:
        try:
            for topic in self._topics.values():
                missing = self._producer.list_topics(topic, timeout=ATTEMPT).topics[topic].error
                if missing is not None:
                    self._unknown += 1
                    if self._unknown >= MAKING:
                        raise SendError(
                            f"topic {topic} cannot be written to ({missing.str()}): "
                            "`weir doctor --create-topics` makes what is missing"
                        )
                    return False
        except KafkaException:
            self._producer.poll(0)  # brings the reason
            self._complain()
            self._tell()
            return False
        return True

    def _failed(self, error: KafkaError) -> None:
        # Called by librdkafka for faults of connections; only a refusal is for the operator now.
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL) or error.fatal():
            self._fault = error
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._reason = error.str()
        if self.handed_over:
            self._tell()

    def _refused(self, error: KafkaError | None, _: object) -> None:
        if error is not None and error.code() != KafkaError._PURGE_QUEUE:
            self._fault = self._fault or error

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= 60.0:
            self._told = now
            log.warning("waiting for the broker at %s (%s)", self._settings.bootstrap, self._reason)

    def _complain(self) -> None:
        fault, where = self._fault, self._settings.bootstrap
        if fault is None:
            return
        if fault.code() == KafkaError._AUTHENTICATION:
            raise ConfigError(
                f"the broker at {where} refuses the credentials: check WEIR_SASL_MECHANISM, "
                "WEIR_SASL_USERNAME and WEIR_SASL_PASSWORD"
            )
        if fault.code() == KafkaError._SSL:
            raise ConfigError(
                f"TLS with the broker at {where} fails ({fault.str()}): check WEIR_TLS and "
                "WEIR_TLS_CA"
            )
        raise SendError(f"the broker at {where} refuses records ({fault.str()})")
