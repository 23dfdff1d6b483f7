"""A background whose accounts act as real clients did."""

import math
from dataclasses import replace
from typing import Final, Self

import numpy as np

from stream.simulate.classes import CLASSES
from stream.simulate.columns import Columns, Flags, Floats, Ints
from stream.simulate.conversations import ranks
from stream.simulate.population import Population
from stream.simulate.servegen import CHANCES, SPAN, TOKEN_WINDOWS, WINDOW, WINDOWS, Clients
from stream.simulate.world import DAY, World

_DAYS: Final = 14
_LEAST: Final = 0.5  # requests of a day
_SETTLED: Final = 120.0  # seconds from birth to the first request, at most
_LEAN: Final = 0.75  # how much of a length is its conversation's and not its own
# The mean of Weibull's distribution of scale 1, by its shape.
_LOG_SHAPES: Final = np.linspace(math.log(0.04), math.log(60.0), 2_000)
_LOG_MEANS: Final = np.array([math.lgamma(1 + math.exp(-each)) for each in _LOG_SHAPES.tolist()])


class Trace:
    """Clocks that run as fast as a real client's requests came in each ten minutes.

    A renewal process in such a clock's time has the client's rate, pauses and first day, and gaps
    of the shape that was fitted to that window. Which client and which of its days an account has
    is drawn; how much it does is the client's rate against all clients', times what is usual for
    the account's class. Nightly batches keep their timetable.

    Args:
        client: for each account, the row of its client.
        offset: for each account, what to add to event time to come to the client's.
        timetabled: the accounts that act by a timetable of their own.
    """

    def __init__(
        self, *, clients: Clients, client: Ints, offset: Floats, timetabled: Flags
    ) -> None:
        self._clients, self._client, self._offset = clients, client, offset
        clock = np.concatenate(
            [np.zeros((len(clients.rate), 1)), np.cumsum(clients.rate, axis=1)], axis=1
        )
        clock *= SPAN / clock[:, -1:]
        self._clock = clock
        # One rising row for all clients, so that one search serves all accounts.
        self._flat = (clock + 2 * SPAN * np.arange(len(clock))[:, None]).ravel()
        self._timetabled = timetabled

    @classmethod
    def draw(cls, *, world: World, clients: Clients, timetabled: Flags) -> Self:
        """Give each account a client and one of its days on which it is busy in this world."""
        chance = np.random.default_rng([world.seed, 7])
        midnight = math.floor(world.start / DAY) * DAY
        first = int((world.start - midnight) // WINDOW)
        count = min(WINDOWS, math.ceil(world.hours * 3_600 / WINDOW) + 1)
        busy = []
        for day in range(_DAYS):
            windows = (first + day * WINDOWS // _DAYS + np.arange(count)) % WINDOWS
            busy.append((clients.rate[:, windows] > 0).any(axis=1))
        day_of, client_of = np.nonzero(np.array(busy))
        drawn = chance.integers(0, len(day_of), size=world.accounts)
        return cls(
            clients=clients,
            client=client_of[drawn],
            offset=np.asarray(day_of[drawn] * DAY - midnight, dtype=np.float64),
            timetabled=timetabled,
        )

    def settle(self, population: Population, *, world: World) -> Population:
        """Return the population with the rates and first days of its clients."""
        classes = [CLASSES[name] for name in population.names]
        kind = population.kind
        weight = self._clients.rate.mean(axis=1)[self._client]
        together = np.bincount(kind, weights=weight, minlength=len(classes))
        mean = together / np.maximum(np.bincount(kind, minlength=len(classes)), 1)
        usual = np.array([e.requests_day * math.exp(e.requests_spread**2 / 2) for e in classes])
        ceiling = np.array([each.ceiling for each in classes])[kind]
        rate = np.clip(weight * (usual / np.maximum(mean, 1e-12))[kind], _LEAST, ceiling)
        rate *= world.intensity
        batch = self._timetabled
        # Who holds no conversations sends requests as the client's came, one by one.
        alone = np.array([each.turns == 0 for each in classes])[kind] & ~batch
        burst = np.where(alone, 1.0, np.where(batch, rate, population.burst))
        seen = self._clients.first[self._client] * WINDOW - self._offset
        fresh = (seen > world.start) & (seen < world.end)
        born = np.where(fresh & ~batch, np.maximum(seen - _SETTLED, world.start), population.born)
        gone = population.leaving.gone
        return replace(
            population,
            born=born,
            burst=burst,
            burst_gap=np.where(batch, DAY, DAY * burst / rate),
            leaving=replace(
                population.leaving, gone=np.where(gone < born + _SETTLED, np.inf, gone)
            ),
        )

    def own(self, *, rows: Ints, wall: Floats) -> Floats:
        """Return what the accounts' own clocks show at these moments."""
        at, client = wall + self._offset[rows], self._client[rows]
        rounds = np.floor(at / SPAN)
        place = (at - rounds * SPAN) / WINDOW
        window = np.minimum(place.astype(np.int64), WINDOWS - 1)
        low, high = self._clock[client, window], self._clock[client, window + 1]
        shown = rounds * SPAN + low + (high - low) * (place - window)
        return np.where(self._timetabled[rows], wall, shown)

    def wall(self, *, rows: Ints, own: Floats) -> Floats:
        """Return the moments at which the accounts' own clocks show this."""
        client = self._client[rows]
        rounds = np.floor(own / SPAN)
        shown = own - rounds * SPAN
        first = client * (WINDOWS + 1)
        found = np.searchsorted(self._flat, shown + 2 * SPAN * client, side="right") - first
        window = np.clip(found - 1, 0, WINDOWS - 1)
        low, high = self._clock[client, window], self._clock[client, window + 1]
        part = np.clip((shown - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
        at = rounds * SPAN + (window + part) * WINDOW - self._offset[rows]
        return np.where(self._timetabled[rows], own, at)

    def gaps(self, *, rows: Ints, at: Floats, chance: np.random.Generator) -> Floats:
        """Draw gaps as they were fitted to the client's window."""
        client = self._client[rows]
        window = ((at + self._offset[rows]) % SPAN // WINDOW).astype(np.int64) % WINDOWS
        shape, weibull = self._clients.shape[client, window], self._clients.weibull[client, window]
        gamma = chance.gamma(shape) / shape
        other = chance.weibull(shape) / np.exp(np.interp(np.log(shape), _LOG_SHAPES, _LOG_MEANS))
        return np.where(self._timetabled[rows], 1.0, np.where(weibull, other, gamma))

    def measure(self, requests: Columns, *, chance: np.random.Generator) -> None:
        """Draw lengths from what is told of the client's six hours, alike within conversations."""
        actor = requests["actor"]
        at = (requests["ts"] + self._offset[actor]) % SPAN
        window = np.minimum((at / SPAN * TOKEN_WINDOWS).astype(np.int64), TOKEN_WINDOWS - 1)
        for field, name in enumerate(("input_tokens", "output_tokens")):
            told = self._clients.tokens[self._client[actor], window, field]
            lean = _LEAN if name == "input_tokens" else 0.0
            rank = ranks(chance, conversation=requests["conversation"], lean=lean)
            step = np.clip(np.searchsorted(CHANCES, rank, side="right") - 1, 0, len(CHANCES) - 2)
            every = np.arange(len(actor))
            low, high = told[every, step], told[every, step + 1]
            part = (rank - CHANCES[step]) / (CHANCES[step + 1] - CHANCES[step])
            length = np.rint(np.exp(low + (high - low) * part))
            requests[name] = np.where(np.isnan(length), requests[name], length)
