"""A small world for a scenario: requests of many accounts, the same every time."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: A Monday, 08:00 UTC.
START = 1_767_600_000
MINUTE, HOUR, DAY = 60, 3600, 86_400
GRAIN = 60

WORDS = (
    "river",
    "stone",
    "cloud",
    "market",
    "engine",
    "paper",
    "window",
    "garden",
    "silver",
    "harbour",
    "lantern",
    "meadow",
    "copper",
    "violin",
    "saddle",
    "pepper",
    "thunder",
    "bridge",
    "castle",
    "ladder",
    "mirror",
    "needle",
    "orchard",
    "pocket",
    "quarry",
)


class World:
    """Requests of many accounts, gathered in any order and written in order of time.

    Times are rounded down to `GRAIN`, but where a detector must be fast: a world of few accounts
    then has as many requests a second as a large one, and takes as few ticks.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.records: list[dict[str, Any]] = []
        self.must: list[dict[str, Any]] = []
        self.must_not: list[dict[str, Any]] = []
        self.false_alerts_per_day = 1

    def created(self, account: str, *, at: float) -> None:
        """An account came into being."""
        self.records.append(
            {"kind": "lifecycle", "ts": round(at), "account": account, "event": "created"}
        )

    def banned(self, account: str, *, at: float) -> None:
        """An account was banned."""
        self.records.append(
            {"kind": "lifecycle", "ts": round(at), "account": account, "event": "banned"}
        )

    def known(self, *accounts: str) -> None:
        """Accounts were created some days or months before."""
        for account in accounts:
            self.created(account, at=START - self.chance.randrange(2, 400) * DAY)

    def ask(
        self,
        account: str,
        *,
        at: float,
        model: str = "opus-5",
        grain: float = GRAIN,
        **fields: Any,
    ) -> None:
        """One request."""
        fields.setdefault("output_tokens", self.tokens(300))
        time = round(at // grain * grain, 1)
        self.records.append({"ts": time, "account": account, "model": model, **fields})

    def released(self, model: str, *, at: float) -> None:
        """A model became available."""
        self.records.append({"kind": "release", "ts": at, "model": model})

    def tokens(self, median: float) -> int:
        """The length of an answer."""
        return int(self.chance.lognormvariate(0, 1.0) * median) // 10 * 10

    def words(self, count: int = 14) -> str:
        """A text of somebody's own."""
        return " ".join(self.chance.choices(WORDS, k=count))

    def sittings(self, *, start: float, end: float, an_hour: float) -> Iterator[float]:
        """Times of a person's requests: sittings of about five, half a minute apart."""
        at = start + self.chance.expovariate(an_hour / 5 / HOUR)
        while at < end:
            yield at
            last = self.chance.random() < 1 / 5
            at += self.chance.expovariate(an_hour / 5 / HOUR if last else 1 / 30)

    def arrivals(self, *, start: float, end: float, an_hour: float) -> Iterator[float]:
        """Times of requests that come independently of each other."""
        at = start + self.chance.expovariate(an_hour / HOUR)
        while at < end:
            yield at
            at += self.chance.expovariate(an_hour / HOUR)

    def steady(
        self, account: str, *, start: float, end: float, an_hour: float, **fields: Any
    ) -> None:
        """Requests of an account at an even rate."""
        for at in self.arrivals(start=start, end=end, an_hour=an_hour):
            self.ask(account, at=at, **fields)

    def people(self, count: int, *, end: float, an_hour: float = 6.0, created: bool = True) -> None:
        """Ordinary accounts, each on an address of its own, some of them busy."""
        for number in range(count):
            account = f"person-{number}"
            if created:
                self.known(account)
            usual = self.chance.choice(("opus-5", "haiku-5"))
            address = f"203.{number // 250}.{number % 250}.7"
            rate = an_hour * min(self.chance.lognormvariate(-0.5, 1.0), 8.0)
            for at in self.sittings(start=START, end=end, an_hour=rate):
                model = usual if self.chance.random() < 0.9 else "sonnet-5"
                self.ask(account, at=at, model=model, ip=address)

    def town(
        self,
        *,
        end: float,
        people: int = 80,
        firms: int = 12,
        an_hour: float = 6.0,
        alike: bool = False,
        payments: bool = False,
    ) -> Iterator[tuple[str, dict[str, str], Iterator[float]]]:
        """People at home and firms of as many as there are firms: each one, where from, and when.

        Each asks at a rate of its own, unless all are alike; a firm may have a payment too.
        """
        homes = {f"person-{n}": {"ip": f"203.{n // 200}.{n % 200}.7"} for n in range(people)}
        clerks = {f"clerk-{n}": {"proxy": f"firm-{n % firms}"} for n in range(firms * firms)}
        if payments:
            clerks = {name: {**at, "payment": at["proxy"]} for name, at in clerks.items()}
        for account, fields in (homes | clerks).items():
            self.known(account)
            rate = an_hour * (1.0 if alike else min(self.chance.lognormvariate(-0.5, 1.0), 6.0))
            yield account, fields, self.sittings(start=START, end=end, an_hour=rate)

    def pivot(
        self, accounts: dict[str, dict[str, Any]], *, at: float, within: float, share: float
    ) -> None:
        """From some moment on, each account asks for the new model for a part of its requests."""
        for account, fields in accounts.items():
            moment = at + self.chance.uniform(0, within)
            for _ in range(10):
                model = "fable-5" if self.chance.random() < share else "opus-5"
                self.ask(account, at=moment, model=model, grain=0.5, **fields)
                moment += self.chance.expovariate(1 / 15)

    def catch(self, detector: str, scope: str, **what: Any) -> None:
        """Such an alert must be raised: ``value``, ``capability``, ``after``, ``within``, …"""
        self.must.append({"detector": detector, "scope": scope, **what})

    def spare(self, detector: str, **what: Any) -> None:
        """No such alert may be raised: ``scope``, ``value`` (a pattern), ``after``, ``before``."""
        self.must_not.append({"detector": detector, **what})

    def write(self, folder: Path, description: str) -> None:
        """Write the scenario's three files."""
        folder.mkdir(exist_ok=True)
        lines = []
        ordered = sorted(self.records, key=lambda record: record["ts"])
        for number, record in enumerate(ordered):
            named = record if "kind" in record else {"id": f"r{number}", **record}
            lines.append(json.dumps(named, separators=(",", ":")) + "\n")
        data = gzip.compress("".join(lines).encode(), 9, mtime=0)
        (folder / "events.jsonl.gz").write_bytes(data)
        expected = {"must": self.must, "must_not": self.must_not}
        (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
        (folder / "scenario.toml").write_text(
            f'description = "{description}"\nfalse_alerts_per_day = {self.false_alerts_per_day}\n'
        )
