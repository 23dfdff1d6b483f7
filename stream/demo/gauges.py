"""The worker's metrics, as far as the demo shows them."""

import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Self

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """A moment of the worker.

    >>> page = 'weir_records_total{outcome="applied"} 7.0' + chr(10)
    >>> Gauges.read(page).taken
    7
    """

    taken: int = 0  # requests that became something
    dead_letters: int = 0
    lag: Counter[str] = field(default_factory=Counter)  # records not yet taken in, by topic
    partitions: int = 0  # of the requests, that the worker has begun to read
    profiles: Counter[str] = field(default_factory=Counter)  # by level

    @classmethod
    def read(cls, page: str) -> Self:
        """Read what the worker serves."""
        taken = dead = partitions = 0
        lag: Counter[str] = Counter()
        profiles: Counter[str] = Counter()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                value = int(sample.value)
                if sample.name == "weir_records_total":
                    taken += value
                    dead += value if sample.labels["outcome"] == "dead_letter" else 0
                elif sample.name == "weir_lag_records":
                    lag[sample.labels["topic"]] += value
                    partitions += sample.labels["topic"] == "requests"
                elif sample.name == "weir_profiles":
                    profiles[sample.labels["level"]] += value
        return cls(
            taken=taken, dead_letters=dead, lag=lag, partitions=partitions, profiles=profiles
        )


def scrape(address: str, *, seconds: float = 2.0) -> Gauges | None:
    """Ask a worker, and return None where it does not answer yet, or not now."""
    try:
        with urllib.request.urlopen(address, timeout=seconds) as answer:
            return Gauges.read(answer.read().decode())
    except (OSError, HTTPException, ValueError):
        return None
