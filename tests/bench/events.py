"""The benchmark's events: the same request records for every contender, from a seed."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, get_args

import numpy as np
import numpy.typing as npt

from tests.bench.event_topic import EventTopic
from tests.bench.stopwatch import counts_digest

Activity = Literal["uniform", "zipf", "each"]  # each: in turn, so that none is left out

# A fixed day in the past, so that no clock decides whether a record is late or from the future.
FIRST_EVENT_TIME = 1_750_000_000.0
MODELS = ("swift-1", "swift-2", "sage-1", "sage-2", "sage-2-mini", "coder-3")
CHUNK = 10_000
# One request in five comes from a gateway that sends a sketch; half of those share 64 templates.
SKETCHED = 0.2
TEMPLATES = 64
ACCOUNTS_PER_PROXY = 20
# The rest of an account's requests leave through the proxy that is its own.
ROAMING = 0.03
# What prompts are made of, where they are wanted: sixty words, as most are, one in eight with a
# wording that the capability model knows.
WORDS = ("river", "stone", "cloud", "market", "engine", "paper", "window", "garden", "silver",
         "harbour", "lantern", "meadow", "copper", "violin", "saddle", "pepper", "thunder",
         "bridge", "castle", "ladder", "between", "under", "before", "which", "every", "other",
         "small", "quiet", "early", "northern")  # fmt: skip
LEADS = ("", "", "", "", "", "", "Score the answer below from one to ten and give the reason.",
         "Edit the files below and run the tests until all of them pass.")  # fmt: skip
PROMPT_WORDS, PROMPTS = 60, 4096


@dataclass(frozen=True, kw_only=True)
class Events:
    """`count` requests of `accounts` accounts, evenly `rate` to the second of event time."""

    count: int
    accounts: int
    activity: Activity = "uniform"
    rate: float = 100_000.0
    seed: int = 1
    first_time: float = FIRST_EVENT_TIME
    text: float = 0.0  # share of the requests that carry a prompt in place of a sketch
    run: str = "r"  # begins each id: two loads of one topic must not share ids

    def chunks(self) -> Iterator[tuple[npt.NDArray[np.int64], list[bytes]]]:
        """Yield runs of records in event-time order: the account of each, and its JSON."""
        random, first_time, rate = np.random.default_rng(self.seed), self.first_time, self.rate
        shares = self._cumulative_shares()
        prompts = self._prompts()
        proxies = max(1, self.accounts // ACCOUNTS_PER_PROXY)
        heads = [
            f'"account":"{self.account(number)}","payment":"pay-{number // 3:06x}",'
            for number in range(self.accounts)
        ]
        for first in range(0, self.count, CHUNK):
            size = min(CHUNK, self.count - first)
            who = np.searchsorted(shares, random.random(size), side="right").astype(np.int64)
            if self.activity == "each":
                who = np.arange(first, first + size) % self.accounts
            away = random.random(size) < ROAMING
            proxy = np.where(away, random.integers(0, proxies, size), who % proxies)
            host = who // proxies % 254 + 1
            sketched = random.random(size) < SKETCHED
            shared = random.random(size) < 0.5
            sketch = random.integers(0, 2**63, size)
            sketch = np.where(shared, sketch % TEMPLATES * 0x9E3779B97F4A7, sketch)
            tails = [
                f',"prompt_sketch":"{fingerprint:016x}"' if present else ""
                for present, fingerprint in zip(sketched.tolist(), sketch.tolist(), strict=True)
            ]
            if prompts:  # drawn last, so that what has no text is the same as ever
                which = random.integers(0, len(prompts), size)
                written = random.random(size) < self.text
                for position in np.flatnonzero(written).tolist():
                    tails[position] = f',"prompt":"{prompts[which[position]]}"'
            columns = zip(
                range(first, first + size),
                who.tolist(),
                random.integers(0, len(MODELS), size).tolist(),
                proxy.tolist(),
                host.tolist(),
                (random.pareto(1.5, size) * 400 + 20).astype(np.int64).tolist(),
                (random.exponential(300, size) + 1).astype(np.int64).tolist(),
                np.where(random.random(size) < 0.02, 429, 200).tolist(),
                tails,
                strict=True,
            )
            yield (
                who,
                [
                    (
                        f'{{"id":"{self.run}{number:010x}","ts":{first_time + number / rate:.5f},'
                        f'{heads[account]}"model":"{MODELS[model]}",'
                        f'"ip":"10.{net >> 8}.{net & 255}.{address}","input_tokens":{tokens_in},'
                        f'"output_tokens":{tokens_out},"status":{status}{tail}}}'
                    ).encode()
                    for (
                        number,
                        account,
                        model,
                        net,
                        address,
                        tokens_in,
                        tokens_out,
                        status,
                        tail,
                    ) in columns
                ],
            )

    def account(self, number: int) -> str:
        """Name the account of this number."""
        return f"acct-{number:07d}"

    def write(self, file: IO[bytes]) -> npt.NDArray[np.int64]:
        """Write the records as JSON lines; return how many each account has."""
        counts = np.zeros(self.accounts, np.int64)
        for who, records in self.chunks():
            counts += np.bincount(who, minlength=self.accounts)
            file.write(b"\n".join(records) + b"\n")
        return counts

    def _prompts(self) -> list[str]:
        if not self.text:
            return []
        random = np.random.default_rng(self.seed + 1)
        return [
            f"{LEADS[number % len(LEADS)]} {' '.join(random.choice(WORDS, PROMPT_WORDS))}"
            for number in range(PROMPTS)
        ]

    def _cumulative_shares(self) -> npt.NDArray[np.float64]:
        ranks = np.arange(self.accounts, dtype=np.float64)
        # The offset keeps the first account at 1.7 % of 10,000 accounts' traffic, not 12.6 %.
        weights = 1 / (ranks + 10) ** 1.05 if self.activity == "zipf" else np.ones(self.accounts)
        shares: npt.NDArray[np.float64] = np.cumsum(weights) / weights.sum()
        shares[-1] = 1.0
        return shares


def main() -> None:
    """Write events to a file, or load them onto a topic."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--activity", choices=get_args(Activity), default="uniform")
    parser.add_argument("--rate", type=float, default=100_000.0, help="events per event second")
    parser.add_argument("--seed", type=int, default=1)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--to", type=Path, metavar="FILE.jsonl")
    target.add_argument("--bootstrap", metavar="HOST:PORT", help="load the topic weir.requests")
    options = parser.parse_args()
    events = Events(
        count=options.events,
        accounts=options.accounts,
        activity=options.activity,
        rate=options.rate,
        seed=options.seed,
    )
    if options.to:
        with options.to.open("wb") as file:
            counts = events.write(file)
    else:
        counts = EventTopic(bootstrap=options.bootstrap).load(events)
    by_account = {
        events.account(number): count for number, count in enumerate(counts.tolist()) if count
    }
    json.dump({"digest": counts_digest(by_account), "accounts_seen": len(by_account)}, sys.stdout)


if __name__ == "__main__":
    main()
