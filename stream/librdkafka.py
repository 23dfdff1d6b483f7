"""What a librdkafka client needs to reach the broker."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from confluent_kafka import KafkaException

from detectors.core.errors import ConfigError
from stream.settings import Settings

Client = TypeVar("Client")


def options(settings: Settings) -> dict[str, Any]:
    """Return the settings of Weir in librdkafka's words.

    >>> options(Settings(bootstrap="kafka:9092"))["security.protocol"]
    'PLAINTEXT'
    """
    security = "SSL" if settings.tls else "PLAINTEXT"
    found = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": f"SASL_{security}" if settings.sasl_mechanism else security,
        "log_level": 0,  # faults come as errors, which become sentences
    }
    if settings.sasl_mechanism:
        found["sasl.mechanism"] = settings.sasl_mechanism
        found["sasl.username"] = settings.sasl_username
        found["sasl.password"] = settings.sasl_password
    if settings.tls:
        files = (settings.tls_ca, settings.tls_certificate, settings.tls_key)
        names = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")
        found |= {name: file for name, file in zip(names, files, strict=True) if file}
    return found


def client(
    make: Callable[[dict[str, Any]], Client], settings: Settings, more: Mapping[str, Any]
) -> Client:
    """Return a client of librdkafka.

    Raises:
        ConfigError: what the environment says of TLS or SASL cannot be.
    """
    settings.ssl_context()  # says it better than librdkafka does
    try:
        return make({**options(settings), **more})
    except KafkaException as error:
        raise ConfigError(
            f"the broker's settings cannot be used ({error.args[0].str()}): check WEIR_TLS, "
            "WEIR_SASL_MECHANISM and what stands beside them"
        ) from None
