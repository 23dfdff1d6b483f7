"""Where Weir runs: settings from the environment."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from detectors.core.errors import ConfigError

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process is told by its environment; each field is read from ``WEIR_<FIELD>``.

    Secrets are left out of the representation, so that no log shows them.
    """

    bootstrap: str = "127.0.0.1:9092"  # host:port, several with commas
    group: str = "weir"  # Kafka's consumer group; prefix of the changelog topics
    partitions: int = 4  # of topics that Weir creates
    replication: int = 1  # of topics that Weir creates
    topic_prefix: str = "weir."
    config: str | None = None  # path of weir.toml
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464  # 0 chooses a free one
    checkpoint_seconds: float = 5.0
    stall_seconds: float = 120.0  # without progress, after which the worker ends itself
    stop_seconds: float = 8.0  # for an orderly end; less than the supervisor gives, often ten
    session_seconds: float = 30.0  # after which the group gives a silent worker's partitions away
    log_level: str = "INFO"
    create_topics: bool = True
    hash_seed: int = field(default=0, repr=False)  # key of the hashes; the same in every worker
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    tls: bool = False
    tls_ca: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None

    def topic(self, name: str) -> str:
        """Return a topic's full name."""
        return self.topic_prefix + name

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the TLS context, or None where TLS is off."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.tls_ca)
            if self.tls_certificate:
                context.load_cert_chain(self.tls_certificate, self.tls_key)
        except OSError as error:
            raise ConfigError(
                f"the TLS files cannot be used ({error}): check WEIR_TLS_CA, "
                "WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY"
            ) from None
        return context

    def client(self) -> dict[str, object]:
        """Return what an aiokafka client needs to reach the broker."""
        context = self.ssl_context()
        protocol = ("SASL_" if self.sasl_mechanism else "") + ("SSL" if context else "PLAINTEXT")
        options: dict[str, object] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": protocol,
            "ssl_context": context,
        }
        if self.sasl_mechanism:
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        return options


def read(environment: Mapping[str, str] | None = None, **given: str | None) -> Settings:
    """Read the settings; what is given by name, and is not None, stands above the environment.

    Raises:
        ConfigError: a variable holds what it may not; the message names it.

    >>> read({"WEIR_PARTITIONS": "8"}).partitions
    8
    """
    variables = os.environ if environment is None else environment
    known = {f"WEIR_{f.name.upper()}": f for f in fields(Settings)}
    values: dict[str, object] = {}
    for variable, text in variables.items():
        if variable in known:
            kind = known[variable].type
            values[known[variable].name] = _value(variable, text, str(kind))
    values |= {name: value for name, value in given.items() if value is not None}
    settings = Settings(**values)  # type: ignore[arg-type]
    _check(settings)
    return settings


def _value(variable: str, text: str, kind: str) -> object:
    if "int" in kind or "float" in kind:
        try:
            return int(text) if "int" in kind else float(text)
        except ValueError:
            raise ConfigError(f"{variable}={text!r} is not a number: set it to one") from None
    if "bool" in kind:
        if text.lower() not in {"0", "1", "true", "false"}:
            raise ConfigError(f"{variable}={text!r} is neither true nor false")
        return text.lower() in {"1", "true"}
    return text


def _check(settings: Settings) -> None:
    if settings.partitions < 1 or settings.replication < 1:
        raise ConfigError("WEIR_PARTITIONS and WEIR_REPLICATION must be at least 1")
    if not 0 <= settings.metrics_port < 65536:
        raise ConfigError("WEIR_METRICS_PORT must lie between 0 and 65535")
    if settings.checkpoint_seconds <= 0 or settings.stall_seconds <= 0:
        raise ConfigError("WEIR_CHECKPOINT_SECONDS and WEIR_STALL_SECONDS must be above 0")
    if settings.stop_seconds < 1:
        raise ConfigError("WEIR_STOP_SECONDS must be at least 1: a last checkpoint takes some time")
    if settings.session_seconds < 6:
        raise ConfigError("WEIR_SESSION_SECONDS must be at least 6: brokers refuse less")
    for server in settings.bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(f"WEIR_BOOTSTRAP={settings.bootstrap!r} is not HOST:PORT[,HOST:PORT]")
    if settings.sasl_mechanism:
        if settings.sasl_mechanism not in MECHANISMS:
            raise ConfigError(f"WEIR_SASL_MECHANISM must be one of {', '.join(MECHANISMS)}")
        if not settings.sasl_username or settings.sasl_password is None:
            raise ConfigError(
                "WEIR_SASL_MECHANISM needs WEIR_SASL_USERNAME and WEIR_SASL_PASSWORD beside it"
            )
