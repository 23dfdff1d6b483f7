"""What a librdkafka client needs to reach the broker."""

from stream.settings import Settings


def options(settings: Settings) -> dict[str, str | int | float | bool]:
    """Return the settings of Weir in librdkafka's words.

    >>> options(Settings(bootstrap="kafka:9092"))["security.protocol"]
    'PLAINTEXT'
    """
    protocol = ("SASL_" if settings.sasl_mechanism else "") + ("SSL" if settings.tls else "PLAINTEXT")
    found: dict[str, str | int | float | bool] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": protocol,
        "log_level": 0,  # faults come as errors, which become sentences
    }
    given = {
        "sasl.mechanism": settings.sasl_mechanism,
        "sasl.username": settings.sasl_username if settings.sasl_mechanism else None,
        "sasl.password": settings.sasl_password if settings.sasl_mechanism else None,
        "ssl.ca.location": settings.tls_ca if settings.tls else None,
        "ssl.certificate.location": settings.tls_certificate if settings.tls else None,
        "ssl.key.location": settings.tls_key if settings.tls else None,
    }
    return found | {name: value for name, value in given.items() if value is not None}
