"""Is the broker within reach, and does it let us in?"""

import socket
import ssl

from confluent_kafka import KafkaError

from detectors.core.errors import ConfigError
from stream.doctor.cluster import PATIENCE, Cluster
from stream.doctor.finding import Finding, fail, ok, warn
from stream.settings import Settings


def examine(cluster: Cluster) -> list[Finding]:
    """Go the way of a client: name, port, TLS, login; stop at the first closed door."""
    settings = cluster.settings
    faults = [
        fault for server in settings.bootstrap.split(",") for fault in [_door(server, settings)]
    ]
    closed = [fault for fault in faults if fault is not None]
    if len(closed) == len(faults):
        return closed
    metadata = cluster.metadata()
    if metadata is None:
        return [*closed, _refused(cluster)]
    found = [warn(fault.check, fault.sentence) for fault in closed]
    count = len(metadata.brokers)
    brokers = "1 broker answers" if count == 1 else f"{count} brokers answer"
    found.append(ok("broker", f"{brokers} at {settings.bootstrap}."))
    if cluster.embedded:
        found.append(
            warn(
                "broker",
                "this is the embedded broker: it is for trying, and cannot be asked about "
                "topics' settings, permissions or groups.",
            )
        )
    if settings.sasl_mechanism:
        found.append(
            ok("login", f"{settings.sasl_username} is let in by {settings.sasl_mechanism}.")
        )
    return found


def _door(server: str, settings: Settings) -> Finding | None:
    """Try one address; return what is wrong with it."""
    host, _, port = server.strip().rpartition(":")
    try:
        context = settings.ssl_context()
    except ConfigError as error:
        return fail("tls", f"{error}.")
    try:
        door = socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
    except socket.gaierror:
        return fail("broker", f"the name {host} is not known here: check WEIR_BOOTSTRAP and DNS.")
    except OSError as error:
        reason = error.strerror or "it does not answer in time"
        return fail(
            "broker", f"{server} cannot be reached ({reason}): is Kafka up, and the port open?"
        )
    with door:
        return None if context is None else _handshake(door, host.strip("[]"), server, context)


def _handshake(
    door: socket.socket, host: str, server: str, context: ssl.SSLContext
) -> Finding | None:
    try:
        context.wrap_socket(door, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return fail(
            "tls",
            f"{server} shows a certificate that is not trusted ({error.verify_message}): name its "
            "authority in WEIR_TLS_CA.",
        )
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or "no answer to the greeting"
        return fail(
            "tls", f"{server} does not speak TLS as asked ({reason}): check the port and WEIR_TLS."
        )
    return None


def _refused(cluster: Cluster) -> Finding:
    reason = cluster.refusal
    code = None if reason is None else reason.code()
    where = cluster.settings.bootstrap
    if code == KafkaError._AUTHENTICATION:
        return fail(
            "login",
            f"{where} refuses {cluster.settings.sasl_username}: check WEIR_SASL_MECHANISM, "
            "WEIR_SASL_USERNAME and WEIR_SASL_PASSWORD.",
        )
    said = "no answer" if reason is None else reason.str()
    return fail(
        "broker",
        f"{where} takes connections and gives no answer ({said}): is it a Kafka listener, and do "
        "its WEIR_TLS and WEIR_SASL settings fit?",
    )
