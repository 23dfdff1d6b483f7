"""The line under each table: what it was measured on."""

import os
import platform

from stream.bench.public import processor, versions

PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "confluent-kafka",
    "msgspec",
    "numpy",
    "orjson",
    "river",
    "bytewax",
    "quixstreams",
)


def machine() -> str:
    """Name the processor, its cores, the system, Python and the packages that matter."""
    return (
        f"{processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; {versions(*PACKAGES)}"
    )
