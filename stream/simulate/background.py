"""Benign traffic: every account of a population, burst by burst."""

from typing import Final

import numpy as np

from stream.simulate import conversations
from stream.simulate.class_columns import ClassColumns
from stream.simulate.clocks import Clocks
from stream.simulate.columns import Columns, Flags, Floats, Ints, Pool, blank
from stream.simulate.failures import Failures
from stream.simulate.identity import NEW_MODEL
from stream.simulate.population import Population
from stream.simulate.wording import is_asked
from stream.simulate.world import World

WARM_UP: Final = 300.0  # seconds before the start whose bursts may reach into the simulation
_LONG: Final = 64  # mean requests from which on bursts do not overlap
_BURSTS_AT_A_TIME: Final = 256
_CHUNK: Final = 256  # requests of a long burst drawn at a time, so that memory stays bounded
_AT_ONCE: Final = 0.04  # median seconds between parallel calls


class Background:
    """Draw the requests of a population in event time; state is a few numbers an account."""

    def __init__(self, *, world: World, population: Population, clocks: Clocks) -> None:
        self._people = population
        self._released = world.released
        self._start = world.start
        self._chance = np.random.default_rng([world.seed, 2])
        self._clocks = clocks
        self._pool = Pool()
        self._left = np.zeros(world.accounts, dtype=np.int64)
        self._conversations = 1 << 32
        self._number = 0
        self._retries: list[Columns] = []
        self._failures = Failures(population=population, chance=self._chance)
        self._classes = ClassColumns(population)
        everyone = np.arange(world.accounts, dtype=np.int64)
        opening = np.maximum(population.born + 60.0, world.start - WARM_UP)
        gap = self._chance.random(world.accounts) * population.burst_gap
        self._clock = clocks.own(rows=everyone, wall=opening) + gap
        self._due = clocks.wall(rows=everyone, own=self._clock)
        batches = np.flatnonzero(population.spacing > 0)
        self._due[batches] = self._first_night(batches, opening)
        self._clock[batches] = clocks.own(rows=batches, wall=self._due[batches])

    def until(self, end: float) -> Columns:
        """Return the requests before `end` not yet returned, in no order."""
        drawn: list[Columns] = []
        self._retries = []
        while True:
            rows = np.flatnonzero(self._due < end)
            if not len(rows):
                break
            long = self._people.burst[rows] > _LONG
            drawn.append(self._short_bursts(rows[~long], end))
            drawn.append(self._long_bursts(rows[long]))
        due = self._pool.exchange(drawn=[*drawn, *self._retries], until=end)
        due = due[due["ts"] >= self._start]
        due = due[self._people.leaving.sent(due)]
        due["number"] = self._number + np.arange(len(due))
        self._number += len(due)
        return due

    def _short_bursts(self, rows: Ints, end: float) -> Columns:
        """Draw about as many bursts for each row as it will begin before the end."""
        expected = (end - self._due[rows]) / self._people.burst_gap[rows]
        bursts = np.clip(np.ceil(expected), 1, _BURSTS_AT_A_TIME).astype(np.int64)
        repeated = np.repeat(rows, bursts)
        gaps = self._burst_gaps(repeated, np.repeat(self._due[rows], bursts))
        first = conversations.spread(bursts) == 0
        shifted = np.concatenate([[0.0], gaps[:-1]]) if len(gaps) else gaps
        starts = self._clock[repeated] + conversations.running(shifted, first=first)
        last = np.cumsum(bursts) - 1
        self._clock[rows] = starts[last] + gaps[last]
        requests = self._requests(
            rows=repeated,
            starts=self._clocks.wall(rows=repeated, own=starts),
            sizes=np.minimum(self._sizes(repeated), _CHUNK),
        )
        self._due[rows] = self._clocks.wall(rows=rows, own=self._clock[rows])
        return requests

    def _long_bursts(self, rows: Ints) -> Columns:
        """Draw the next part of the burst that each row is in, or begins."""
        people = self._people
        fresh = self._left[rows] == 0
        self._left[rows] = np.where(fresh, self._sizes(rows), self._left[rows])
        sizes = np.minimum(self._left[rows], _CHUNK)
        self._left[rows] -= sizes
        requests = self._requests(rows=rows, starts=self._due[rows], sizes=sizes)
        self._clock[rows] += np.where(fresh, self._burst_gaps(rows, self._due[rows]), 0.0)
        rest = requests["ts"][np.cumsum(sizes) - 1]
        rest = rest + np.maximum(people.spacing[rows], self._classes.think[rows])
        # A burst longer than the gap to the next one puts the next one off.
        following = self._clocks.wall(rows=rows, own=self._clock[rows])
        late = (self._left[rows] == 0) & (rest > following)
        self._clock[rows[late]] = self._clocks.own(rows=rows[late], wall=rest[late])
        following[late] = self._clocks.wall(rows=rows[late], own=self._clock[rows[late]])
        self._due[rows] = np.where(self._left[rows] > 0, rest, following)
        return requests

    def _sizes(self, rows: Ints) -> Ints:
        chance, spread = self._chance, self._classes.burst_spread[rows]
        drawn = np.exp(spread * chance.normal(size=len(rows)) - 0.5 * spread**2)
        whole = np.floor(drawn * self._people.burst[rows] + chance.random(len(rows)))
        return np.maximum(whole, 1).astype(np.int64)

    def _burst_gaps(self, rows: Ints, at: Floats) -> Floats:
        gaps = self._clocks.gaps(rows=rows, at=at, chance=self._chance)
        return gaps * self._people.burst_gap[rows]

    def _requests(self, *, rows: Ints, starts: Floats, sizes: Ints) -> Columns:
        """Draw the requests of one burst, or a part of one, for each of the rows."""
        chance, of = self._chance, self._classes
        actor = np.repeat(rows, sizes)
        first = conversations.spread(sizes) == 0
        at_once = ~first & (chance.random(len(actor)) < of.parallel[actor])
        requests = blank(len(actor))
        offset = conversations.running(self._gaps(actor, at_once), first=first)
        requests["ts"] = np.repeat(starts, sizes) + offset
        requests["actor"] = actor
        luck = chance.random(len(rows)) * self._people.places[rows]
        requests["egress"] = np.repeat(luck.astype(np.int64), sizes)
        moves = self._people.moves[actor]
        since = np.maximum(requests["ts"] - self._start, 0.0)
        moved = np.floor(since / np.where(moves > 0, moves, np.inf) + actor % 97 / 97)
        requests["egress"] += np.where(moves > 0, moved, 0).astype(np.int64) << 3
        self._converse(requests, first=first, at_once=at_once)
        self._choose_model(requests)
        self._retries.append(self._failures.strike(requests))
        return requests

    def _gaps(self, actor: Ints, at_once: Flags) -> Floats:
        of, chance, count = self._classes, self._chance, len(actor)
        median = np.where(at_once, _AT_ONCE, of.think[actor])
        gaps = median * np.exp(of.think_spread[actor] * chance.normal(size=count))
        spacing = self._people.spacing[actor]
        return np.where(spacing > 0, spacing * (0.97 + 0.06 * chance.random(count)), gaps)

    def _converse(self, requests: Columns, *, first: Flags, at_once: Flags) -> None:
        """Cut bursts into conversations; lengths and words depend on the turn."""
        people, chance, of = self._people, self._chance, self._classes
        actor, count = requests["actor"], len(requests)
        talks = of.turns[actor] > 0
        opening = first | ~talks | (chance.random(count) * of.turns[actor] < 1)
        turn = conversations.turns(opening=opening, at_once=at_once)
        numbers = conversations.named(opening, base=self._conversations)
        self._conversations += count
        requests["conversation"] = np.where(talks, numbers, 0)
        requests["turn"] = turn
        medians = people.input_tokens[actor] + of.growth[actor] * turn
        spread = people.input_spread[actor]
        requests["input_tokens"] = conversations.lengths(chance, median=medians, spread=spread)
        requests["output_tokens"] = conversations.lengths(
            chance, median=people.output_tokens[actor], spread=of.output_spread[actor], most=32_000
        )
        self._clocks.measure(requests, chance=chance)
        cached = (requests["input_tokens"] * 0.8).astype(np.int64)
        requests["cached_tokens"] = np.where(turn > 0, cached, 0)
        slowness = 14 * np.exp(0.25 * chance.normal(size=count))
        requests["latency"] = 180 + requests["output_tokens"] * slowness
        requests["application"] = of.application[actor]
        requests["wording"] = np.where(turn > 0, of.following[actor], of.opening[actor])
        requests["chance"] = chance.integers(0, 1 << 62, size=count)
        requests["cue"] = (chance.random(count) < people.cue[actor]) & is_asked(requests["wording"])
        requests["toolset"] = of.toolset[actor]
        requests["capability"] = of.capability[actor]
        users = conversations.named_as(requests["conversation"], actor)
        requests["end_user"] = np.where(of.serves[actor], users, 0)

    def _choose_model(self, requests: Columns) -> None:
        actor, luck = requests["actor"], self._chance.random(len(requests))
        requests["model"] = self._people.model[actor]
        if self._released is not None:
            moved = self._people.adoption.moved(
                rows=actor, since=requests["ts"] - self._released, luck=luck
            )
            requests["model"][moved] = NEW_MODEL

    def _first_night(self, rows: Ints, opening: Floats) -> Floats:
        """Start batches on the full or half hour of a night, local time, and a few seconds."""
        hour = np.floor(self._chance.random(len(rows)) * 12) * 1_800.0
        local = opening[rows] + self._people.zone[rows]
        wait = (hour - local) % 86_400.0
        return opening[rows] + wait + self._chance.exponential(3.0, size=len(rows))
