"""Benign traffic: every account of a population, burst by burst."""

from typing import Final

import numpy as np

from stream.simulate import conversations
from stream.simulate.classes import CLASSES
from stream.simulate.columns import Columns, Flags, Floats, Ints, Pool, blank
from stream.simulate.identity import NEW_MODEL
from stream.simulate.population import Population
from stream.simulate.rhythm import Rhythm
from stream.simulate.wording import (
    CODING,
    CUSTOMER,
    OUTPUT,
    PERSON,
    POPULAR,
    POPULAR_TEMPLATES,
    PRODUCT,
    RUBRIC,
    is_asked,
    wording,
)
from stream.simulate.world import World

WARM_UP: Final = 300.0  # seconds before the start whose bursts may reach into the simulation
_LONG: Final = 64  # mean requests from which on bursts do not overlap
_BURSTS_AT_A_TIME: Final = 256
_CHUNK: Final = 256  # requests of a long burst drawn at a time, so that memory stays bounded
_AT_ONCE: Final = 0.04  # median seconds between parallel calls


class Background:
    """Draw the requests of a population in event time; state is a few numbers an account."""

    def __init__(self, *, world: World, population: Population) -> None:
        self._people = population
        self._released = world.released
        self._start = world.start
        self._chance = np.random.default_rng([world.seed, 2])
        self._rhythm = Rhythm()
        self._pool = Pool()
        self._left = np.zeros(world.accounts, dtype=np.int64)
        self._conversations = 1 << 32
        self._classes = _ClassColumns(population)
        everyone = np.arange(world.accounts, dtype=np.int64)
        opening = np.maximum(population.born + 60.0, world.start - WARM_UP)
        gap = self._chance.random(world.accounts) * population.burst_gap
        self._clock = (
            self._rhythm.own(rhythm=population.rhythm, wall=opening + population.zone) + gap
        )
        self._due = self._wall(everyone, self._clock)
        batches = np.flatnonzero(population.spacing > 0)
        self._due[batches] = self._first_night(batches, opening)
        self._clock[batches] = self._due[batches] + population.zone[batches]

    def until(self, end: float) -> Columns:
        """Return the requests before `end` not yet returned, in no order."""
        drawn: list[Columns] = []
        while True:
            rows = np.flatnonzero(self._due < end)
            if not len(rows):
                break
            long = self._people.burst[rows] > _LONG
            drawn.append(self._short_bursts(rows[~long], end))
            drawn.append(self._long_bursts(rows[long]))
        due = self._pool.exchange(drawn=drawn, until=end)
        return due[due["ts"] >= self._start]

    def _short_bursts(self, rows: Ints, end: float) -> Columns:
        """Draw about as many bursts for each row as it will begin before the end."""
        expected = (end - self._due[rows]) / self._people.burst_gap[rows]
        bursts = np.clip(np.ceil(expected), 1, _BURSTS_AT_A_TIME).astype(np.int64)
        repeated = np.repeat(rows, bursts)
        gaps = self._burst_gaps(repeated)
        first = conversations.spread(bursts) == 0
        shifted = np.concatenate([[0.0], gaps[:-1]]) if len(gaps) else gaps
        starts = self._clock[repeated] + conversations.running(shifted, first=first)
        last = np.cumsum(bursts) - 1
        self._clock[rows] = starts[last] + gaps[last]
        requests = self._requests(
            rows=repeated,
            starts=self._wall(repeated, starts),
            sizes=np.minimum(self._sizes(repeated), _CHUNK),
        )
        self._due[rows] = self._wall(rows, self._clock[rows])
        return requests

    def _long_bursts(self, rows: Ints) -> Columns:
        """Draw the next part of the burst that each row is in, or begins."""
        people = self._people
        fresh = self._left[rows] == 0
        self._left[rows] = np.where(fresh, self._sizes(rows), self._left[rows])
        sizes = np.minimum(self._left[rows], _CHUNK)
        self._left[rows] -= sizes
        requests = self._requests(rows=rows, starts=self._due[rows], sizes=sizes)
        self._clock[rows] += np.where(fresh, self._burst_gaps(rows), 0.0)
        rest = requests["ts"][np.cumsum(sizes) - 1]
        rest = rest + np.maximum(people.spacing[rows], self._classes.think[rows])
        # A burst longer than the gap to the next one puts the next one off.
        late = (self._left[rows] == 0) & (rest > self._wall(rows, self._clock[rows]))
        self._clock[rows[late]] = self._rhythm.own(
            rhythm=people.rhythm[rows[late]], wall=rest[late] + people.zone[rows[late]]
        )
        self._due[rows] = np.where(self._left[rows] > 0, rest, self._wall(rows, self._clock[rows]))
        return requests

    def _sizes(self, rows: Ints) -> Ints:
        chance, spread = self._chance, self._classes.burst_spread[rows]
        drawn = np.exp(spread * chance.normal(size=len(rows)) - 0.5 * spread**2)
        whole = np.floor(drawn * self._people.burst[rows] + chance.random(len(rows)))
        return np.maximum(whole, 1).astype(np.int64)

    def _burst_gaps(self, rows: Ints) -> Floats:
        shape = self._classes.gap_shape[rows]
        return self._chance.gamma(shape, self._people.burst_gap[rows] / shape)

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
        self._converse(requests, first=first, at_once=at_once)
        self._choose_model(requests)
        self._fail(requests)
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
        tokens = conversations.lengths(chance, median=medians, spread=people.input_spread[actor])
        requests["input_tokens"] = tokens
        requests["cached_tokens"] = np.where(turn > 0, (tokens * 0.8).astype(np.int64), 0)
        answer = conversations.lengths(
            chance, median=people.output_tokens[actor], spread=of.output_spread[actor], most=32_000
        )
        requests["output_tokens"] = answer
        requests["latency"] = 180 + answer * 14 * np.exp(0.25 * chance.normal(size=count))
        requests["application"] = of.application[actor]
        requests["wording"] = np.where(turn > 0, of.following[actor], of.opening[actor])
        requests["chance"] = chance.integers(0, 1 << 62, size=count)
        requests["cue"] = (chance.random(count) < people.cue[actor]) & is_asked(requests["wording"])
        requests["toolset"] = of.toolset[actor]

    def _choose_model(self, requests: Columns) -> None:
        actor, luck = requests["actor"], self._chance.random(len(requests))
        requests["model"] = self._people.model[actor]
        if self._released is not None:
            moved = self._people.adoption.moved(
                rows=actor, since=requests["ts"] - self._released, luck=luck
            )
            requests["model"][moved] = NEW_MODEL

    def _fail(self, requests: Columns) -> None:
        luck = self._chance.random(len(requests))
        for below, status in ((0.018, 429), (0.006, 500), (0.002, 400)):
            requests["status"][luck < below] = status
        requests["output_tokens"][luck < 0.018] = 0

    def _wall(self, rows: Ints, own: Floats) -> Floats:
        people = self._people
        return self._rhythm.wall(rhythm=people.rhythm[rows], own=own) - people.zone[rows]

    def _first_night(self, rows: Ints, opening: Floats) -> Floats:
        """Start batches on the full or half hour of a night, local time, and a few seconds."""
        hour = np.floor(self._chance.random(len(rows)) * 12) * 1_800.0
        local = opening[rows] + self._people.zone[rows]
        wait = (hour - local) % 86_400.0
        return opening[rows] + wait + self._chance.exponential(3.0, size=len(rows))


class _ClassColumns:
    """The parameters of each account's class as columns, so that no step asks for the class."""

    def __init__(self, population: Population) -> None:
        classes = [CLASSES[name] for name in population.names]
        kind = population.kind

        def column(field: str) -> Floats:
            return np.array([getattr(each, field) for each in classes], dtype=np.float64)[kind]

        self.burst_spread = np.where(column("burst") == 0, 0.25, column("burst_spread"))
        self.gap_shape = column("gap_shape")
        self.think = column("think")
        self.think_spread = column("think_spread")
        self.parallel = column("parallel")
        self.turns = column("turns")
        self.growth = column("growth")
        self.output_spread = column("output_spread")
        rows = np.arange(len(kind), dtype=np.int64)
        tools = np.array([each.tools for each in classes])[kind]
        self.toolset = np.where(tools, 1 + rows % 2, 0)
        self.opening = _wordings([each.wordings[0] for each in classes], kind, rows)
        self.following = _wordings([each.wordings[1] for each in classes], kind, rows)
        # Those who write a template bring their own system prompt; others use their client's.
        own = self.opening >= wording(PRODUCT)
        self.application = np.where(own, rows + 1_000, 1 + population.client)


def _wordings(words: list[str], kind: Ints, rows: Ints) -> Ints:
    """Return what each account draws its prompts from: a grammar, or a template of its own."""
    family = np.array([wording(_FAMILIES[word]) for word in words], dtype=np.int64)[kind]
    shared = np.array([word in _SHARED for word in words])[kind]
    popular = np.array([word == "popular" for word in words])[kind]
    # Squares are uneven modulo 3: one popular template is more popular than the next.
    number = np.where(popular, rows * rows % POPULAR_TEMPLATES, rows)
    return np.where(shared, family, family + number)


_FAMILIES: Final = {
    "person": PERSON,
    "coding": CODING,
    "output": OUTPUT,
    "customer": CUSTOMER,
    "product": PRODUCT,
    "rubric": RUBRIC,
    "popular": POPULAR,
}
_SHARED: Final = {"person", "coding"}
