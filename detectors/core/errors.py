"""The errors that Weir raises on purpose.

::

    WeirError
    ├── ConfigError         the operator's: stops the start, names file, key and remedy
    └── InvalidEventError   the sender's: the record goes to the dead letters, the stream goes on

Everything else is a bug in Weir and is not caught here.
"""


class WeirError(Exception):
    """Base of the errors that Weir raises on purpose."""


class ConfigError(WeirError):
    """A setting is missing, unknown or out of range; the message is a sentence with the remedy."""


class InvalidEventError(WeirError):
    """A record breaks its contract.

    Args:
        reason: one of `detectors.core.records.DEAD_LETTER_REASONS`.
        detail: a sentence for whoever sent the record; never holds text of a prompt.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
