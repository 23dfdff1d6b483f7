"""Campaign traffic: tasks given out over a hydra's accounts, bans and all."""

import numpy as np

from stream.simulate import conversations
from stream.simulate.adoption import Adoption
from stream.simulate.background import WARM_UP
from stream.simulate.balancer import Balancer
from stream.simulate.columns import Columns, Flags, Floats, Ints, Pool, blank
from stream.simulate.hydra import Hydra
from stream.simulate.identity import NEW_MODEL
from stream.simulate.phrasing import phrase
from stream.simulate.world import DAY, World

_ORDINARY_TURNS = 4.0
_ORDINARY_TOKENS = (300.0, 0.9, 380.0, 400.0)  # opening, spread, growth, answer
_MOST_TURNS = 64
_RETRY_SECONDS = (0.4, 4.0)
_FIRST_RATE = 0.02  # of the full rate, at which an account that starts slowly begins


class Extraction:
    """Draw the requests of a campaign in event time.

    A task is one conversation: it starts at a moment of the operator's choosing, goes to an account
    by the balancer, and runs through its turns. Where its account is banned or throttled on the way
    it may go on under another.
    """

    def __init__(self, *, world: World, hydra: Hydra, first_actor: int) -> None:
        self._world = world
        self._shape = hydra.campaign.shape
        self._hydra = hydra
        self._first_actor = first_actor
        self._chance = np.random.default_rng([world.seed, 4, hydra.campaign.number])
        self._pool = Pool()
        self._balancer = Balancer(
            hydra=hydra, even_share=self._shape.even_share, chance=self._chance
        )
        begins = self._shape.at or -WARM_UP
        self._clock = world.start + begins
        self._ahead: Floats = np.zeros(0)
        # Sixteen campaigns have each a range of their own above all benign conversations.
        self._conversations = (1 << 46) + (hydra.campaign.number << 41)
        self._number = (hydra.campaign.number + 1) << 41
        self._begun = np.array([tenant.begins for tenant in hydra.tenants])
        ordinary = self._shape.mixing / _ORDINARY_TURNS
        wanted = (1 - self._shape.mixing) / self._shape.turns
        self._ordinary = ordinary / (ordinary + wanted)
        turns = self._ordinary * _ORDINARY_TURNS + (1 - self._ordinary) * self._shape.turns
        daily = self._shape.accounts * self._shape.requests_per_account_day / turns
        self._gap = DAY / daily

    def until(self, end: float) -> Columns:
        """Return the requests before `end` not yet returned, in no order."""
        starts = self._starts(end)
        drawn = [self._tasks(starts)] if len(starts) else []
        due = self._pool.exchange(drawn=drawn, until=end)
        due["number"] = self._number + np.arange(len(due))
        self._number += len(due)
        return due[due["ts"] >= self._world.start]

    def _starts(self, end: float) -> Floats:
        """Draw when tasks start: a clustered renewal process, the operator's day has no night."""
        found: list[Floats] = []
        session, duty = self._shape.session_seconds, self._shape.duty
        # The operator's clock stands still while all accounts pause, and makes up for it after.
        opened = np.floor(end / session) * session
        own = float(opened + min((end - opened) / duty, session))
        while self._clock < own:
            count = int((own - self._clock) / self._gap * 1.1) + 8
            gaps = self._chance.gamma(0.7, self._gap / 0.7, size=count)
            times = self._clock + np.cumsum(gaps)
            self._clock = float(times[-1])
            found.append(times)
        # What was drawn past the end belongs to the next slice.
        times = np.concatenate([self._ahead, *found]) if found else self._ahead
        self._ahead = times[times >= own]
        due = times[times < own]
        began = np.floor(due / session) * session
        wall: Floats = began + (due - began) * duty
        return wall

    def _tasks(self, starts: Floats) -> Columns:
        shape, chance = self._shape, self._chance
        # A campaign that is short of accounts does less, not the same with fewer.
        starts = starts[chance.random(len(starts)) < self._balancer.alive_share(starts)]
        ordinary = chance.random(len(starts)) < self._ordinary
        mean = np.where(ordinary, _ORDINARY_TURNS, shape.turns)
        sizes = np.minimum(chance.geometric(1 / mean), _MOST_TURNS).astype(np.int64)
        waits = ~ordinary & (chance.random(len(starts)) < shape.lockstep)
        wave = np.ceil(starts / shape.wave_seconds) * shape.wave_seconds
        jitter = shape.jitter * chance.random(len(starts))
        starts = np.where(waits, wave + jitter, starts)
        tenants = self._balancer.assign(starts=starts.tolist(), sizes=sizes.tolist())
        owners = np.array([-1 if each is None else each for each in tenants], dtype=np.int64)
        taken = owners >= 0
        if shape.slow_start:
            ramp = np.maximum((starts - self._begun[owners]) / shape.slow_start, _FIRST_RATE)
            taken &= chance.random(len(starts)) < ramp
        return self._requests(
            starts=starts[taken], sizes=sizes[taken], ordinary=ordinary[taken], owners=owners[taken]
        )

    def _requests(self, *, starts: Floats, sizes: Ints, ordinary: Flags, owners: Ints) -> Columns:
        shape, chance = self._shape, self._chance
        turn = conversations.spread(sizes)
        first = turn == 0
        gaps = shape.think * np.exp(shape.think_spread * chance.normal(size=len(turn)))
        plain = np.repeat(ordinary, sizes)
        gaps = np.where(plain, gaps * 6, gaps)
        requests = blank(len(turn))
        requests["ts"] = np.repeat(starts, sizes) + conversations.running(gaps, first=first)
        requests["actor"] = np.repeat(owners, sizes)  # tenants, until the bans are settled
        requests["turn"] = turn
        requests["extraction"] = ~plain
        names = conversations.named(np.ones(len(sizes), dtype=np.bool_), base=self._conversations)
        self._conversations += len(sizes)
        requests["conversation"] = np.repeat(names, sizes)
        requests["egress"] = np.repeat(
            chance.integers(0, self._hydra.egresses.shape[1], size=len(sizes)), sizes
        )
        requests["status"][chance.random(len(turn)) < shape.throttled] = 429
        phrase(requests, sizes=sizes, owners=owners, hydra=self._hydra, chance=chance)
        requests = requests[self._settle(requests, sizes=sizes)]
        self._rotate(requests)
        self._measure(requests)
        self._choose_model(requests)
        requests["actor"] += self._first_actor
        return requests

    def _settle(self, requests: Columns, *, sizes: Ints) -> Flags:
        """Let bans and throttles take effect; return which requests are sent at all."""
        sent = np.ones(len(requests), dtype=np.bool_)
        ends = np.cumsum(sizes)
        banned = np.array([tenant.banned for tenant in self._hydra.tenants])
        troubled = (requests["status"] == 429) | (requests["ts"] >= banned[requests["actor"]])
        tasks = np.unique(np.searchsorted(ends, np.flatnonzero(troubled), side="right"))
        moves = self._chance.random(len(tasks)) < self._shape.failover
        for task, fails_over in zip(tasks.tolist(), moves.tolist(), strict=True):
            rows = slice(ends[task] - sizes[task], ends[task])
            sent[rows] = self._walk(requests[rows], fails_over=fails_over)
        return sent

    def _walk(self, task: Columns, *, fails_over: bool) -> list[bool]:
        """Walk through the turns of one task that meets trouble."""
        tenants = self._hydra.tenants
        owner, turn, late = int(task["actor"][0]), 0, 0.0
        for place in range(len(task)):
            at = float(task["ts"][place]) + late
            its = tenants[owner]
            refused = at >= its.banned
            if refused and not self._balancer.denials_left(owner):
                other = self._balancer.any_alive(at=at, other_than=owner) if fails_over else None
                if other is None:
                    return [True] * place + [False] * (len(task) - place)
                owner, refused = other, False
            elif refused:
                self._balancer.deny(owner)
                task["status"][place] = its.refusal
            task["ts"][place], task["actor"][place], task["turn"][place] = at, owner, turn
            if task["status"][place] == 200:
                turn += 1
                continue
            other = self._balancer.any_alive(at=at, other_than=owner) if fails_over else None
            if other is not None:
                owner = other
            elif refused:
                return [True] * (place + 1) + [False] * (len(task) - place - 1)
            if place + 1 < len(task):
                soon = self._chance.uniform(*_RETRY_SECONDS)
                late = at + soon - float(task["ts"][place + 1])
        return [True] * len(task)

    def _rotate(self, requests: Columns) -> None:
        """Let accounts be where, and pay with what, they have moved to by now."""
        shape, rotations = self._shape, self._hydra.rotations
        tenants, at = requests["actor"], requests["ts"]
        moves = rotations(tenants=tenants, at=at, every=shape.rotate_egress)
        requests["egress"] += moves << 3
        requests["purse"] = rotations(tenants=tenants, at=at, every=shape.rotate_payment)

    def _measure(self, requests: Columns) -> None:
        shape, chance, count = self._shape, self._chance, len(requests)
        wanted, turn = requests["extraction"], requests["turn"]
        opening, spread, growth, answer = _ORDINARY_TOKENS
        medians = np.where(
            wanted, shape.input_tokens + shape.growth * turn, opening + growth * turn
        )
        tokens = conversations.lengths(
            chance, median=medians, spread=np.where(wanted, shape.input_spread, spread)
        )
        requests["input_tokens"] = tokens
        requests["cached_tokens"] = np.where(turn > 0, (tokens * 0.8).astype(np.int64), 0)
        answers = conversations.lengths(
            chance,
            median=np.where(wanted, shape.output_tokens, answer),
            spread=np.where(wanted, shape.output_spread, 0.8),
            most=32_000,
        )
        answers[requests["status"] != 200] = 0
        requests["output_tokens"] = answers
        requests["latency"] = 180 + answers * 14 * np.exp(0.25 * chance.normal(size=count))

    def _choose_model(self, requests: Columns) -> None:
        """Move the extraction by conversation, the rest as any crowd moves."""
        released, shape = self._world.released, self._shape
        chance, count = self._chance, len(requests)
        number = requests["conversation"]
        requests["model"] = np.where(number % 10 < 8, 0, 2)
        if released is None:
            return
        since = requests["ts"] - released - shape.pivot_delay
        moved = np.clip(since / max(shape.pivot_seconds, 1e-3), 0.0, 1.0) * shape.pivot_share
        pivoted = requests["extraction"] & (since >= 0) & (number % 9_973 / 9_973 < moved)
        crowd = Adoption.draw(haste=np.ones(count), chance=chance).moved(
            rows=np.arange(count), since=requests["ts"] - released, luck=chance.random(count)
        )
        requests["model"][pivoted | (crowd & ~requests["extraction"])] = NEW_MODEL
