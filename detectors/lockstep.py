"""The accounts of a group come at the same moments, again and again."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from detectors.core.cadence import BINS, SERIES, WIDTHS
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.decayed import fade

#: Seconds over which blocks fade.
HORIZON = 7200.0
#: Accounts of a group, and pairs in step, below which nothing is said.
LEAST_ACCOUNTS, LEAST_PAIRS = 4.5, 3.0
#: A pair says less the fewer accounts there are to make others: two programs on one clock.
FEW = 10.0
#: What one block adds at most beyond what was expected, in standard deviations and in pairs.
MOST_DEVIATIONS, MOST_PAIRS = 4.0, 3.0
#: Dispersion of pairs believed at most; and pairs that the assumptions count as, and the memory.
MOST_DISPERSION, PRIOR_PAIRS, MEMORY = 10.0, 200.0, 20_000.0
#: Of each row and series: pairs seen, pairs expected, and whether there are any.
_Block = tuple[Floats, Floats, NDArray[np.bool_]]


class Lockstep(Detector):
    """Asserts that the accounts of a group come independently of each other.

    Time is cut into blocks, and blocks into bins.  Given how many members of the group came in a
    block, pairs of them share a bin as often as accounts without any company do in the same block
    (see `together`): what moves more slowly than a block, such as the morning, and what moves
    everybody, such as an outage, is no coincidence.  Pairs of two hours are held against that
    (a Poisson tail, wider by the dispersion that all groups show).  One moment adds little,
    however many share it: an alarm clock, a nightly batch or the end of a break rings once, a
    machine does it again and again, be it every minute or after every pause.  Where the times of
    lone accounts are rounded to five seconds or more, nothing is said.

    Args:
        dispersion: of pairs among independent accounts, before it is learned.

    References:
        Perkel, Gerstein, Moore (1967), Neuronal spike trains and stochastic point processes II
        (simultaneous trains).

    >>> Lockstep().signal
    'lockstep'
    """

    name: ClassVar[str] = "lockstep"
    signal: ClassVar[Signal] = "lockstep"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "payment", "template"})

    def __init__(self, *, dispersion: float = 2.0) -> None:
        prior = [PRIOR_PAIRS, PRIOR_PAIRS, PRIOR_PAIRS * dispersion]
        #: Of each series: pairs expected, pairs seen, squares of the difference.
        self._known = np.tile(np.array(prior), (len(SERIES), 1))

    @property
    def columns(self) -> Mapping[str, Column]:
        """Pairs of the last hours, and those expected."""
        return {
            "lockstep_shared": Column("float64", (len(SERIES),)),
            "lockstep_chance": Column("float64", (len(SERIES),)),
            "lockstep_faded_at": Column(TICK),
            "lockstep_since": Column(TICK),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the series most in step, less the choice among them."""
        scores = np.zeros(len(tick.rows))
        some = np.flatnonzero(profiles["present"][tick.rows] >= LEAST_ACCOUNTS)
        if len(some) and not tick.population.beat.rounded():
            scores[some] = self._scores(profiles, tick.take(some)).max(axis=1)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Add the blocks that ended; learn what is usual from groups that are not suspect."""
        closed = (profiles["cadence_closed_at"][tick.rows] == tick.number).any(axis=1)
        if not closed.any() or tick.population.beat.rounded():
            return
        part = tick.take(np.flatnonzero(closed))
        rows = part.rows
        block = seen, expected, fresh = self._block(profiles, part)
        shared, chance = self._sums(profiles, part, block)
        profiles["lockstep_shared"][rows] = shared
        profiles["lockstep_chance"][rows] = chance
        profiles["lockstep_faded_at"][rows] = tick.number
        above = shared > chance
        since = profiles["lockstep_since"]
        since[rows] = np.where(
            above.any(axis=1), np.where(since[rows] > 0, since[rows], tick.number), 0
        )
        taught = fresh & ~part.suspect[:, None]
        if taught.any():
            apart = np.where(taught, (seen - expected) ** 2, 0.0)
            plain = np.where(taught, profiles["cadence_chance"][rows], 0.0)
            pairs = np.where(taught, seen, 0.0)
            self._known += np.stack([plain.sum(0), pairs.sum(0), apart.sum(0)], axis=1)
            full = self._known[:, 0] > MEMORY
            self._known[full] *= 0.5

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say what the accounts do together, and how often they would by chance."""
        one = tick.only(position)
        row = int(one.rows[0])
        nats = self._scores(profiles, one)[0]
        sums = self._sums(profiles, one, self._block(profiles, one))
        shared, chance = (values[0] for values in sums)
        parts = share({series.name: float(n) for series, n in zip(SERIES, nats, strict=True)})
        best = int(nats.argmax())
        since = int(profiles["lockstep_since"][row]) or tick.number
        begins = max(since - BINS * int(WIDTHS[best]), int(profiles["first_seen"][row]))
        accounts = tick.accounts(profiles, position, since=tick.number - int(HORIZON))
        return Finding(
            summary=(
                f"{len(accounts)} accounts behind {profiles.names[row].replace(':', ' ', 1)} "
                f"come together: {shared[best]:.0f} pairs of {SERIES[best].name} within two "
                f"hours, where {chance[best]:.0f} were to be expected."
            ),
            evidence=[
                Evidence(
                    feature=series.name,
                    observed=float(shared[number]),
                    expected=float(chance[number]),
                    contribution=parts[series.name],
                    unit="pairs",
                )
                for number, series in enumerate(SERIES)
            ],
            onset=float(begins),
            accounts=accounts,
        )

    def snapshot(self) -> bytes:
        """Return how often accounts come together by chance."""
        return pack({"known": self._known.tolist()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self._known = np.array(unpack(state)["known"])

    def _usual(self) -> tuple[Floats, Floats]:
        """Return for each series the pairs seen for one expected, and their dispersion."""
        expected, seen, squares = self._known.T
        rate = np.maximum(seen / expected, 1.0)
        return rate, np.clip(squares / (expected * rate), 1.0, MOST_DISPERSION)

    def _block(self, profiles: Profiles, tick: Tick) -> _Block:
        """Return pairs of blocks that have just ended, pairs expected, and which there are."""
        rows = tick.rows
        fresh = profiles["cadence_closed_at"][rows] == tick.number
        rate, dispersion = self._usual()
        expected = np.where(fresh, profiles["cadence_chance"][rows], 0.0) * rate
        seen = np.where(fresh, profiles["cadence_shared"][rows], 0.0)
        most = expected + MOST_DEVIATIONS * np.sqrt(dispersion * expected) + MOST_PAIRS
        return np.minimum(seen, most), expected, fresh

    def _sums(self, profiles: Profiles, tick: Tick, block: _Block) -> tuple[Floats, Floats]:
        """Return pairs of the last hours and pairs expected, (k, series), the last block too."""
        rows, (seen, expected, _) = tick.rows, block
        elapsed = tick.number - profiles["lockstep_faded_at"][rows]
        shared = fade(profiles["lockstep_shared"][rows], elapsed=elapsed, horizon=HORIZON)
        chance = fade(profiles["lockstep_chance"][rows], elapsed=elapsed, horizon=HORIZON)
        return shared + seen, chance + expected

    def _scores(self, profiles: Profiles, tick: Tick) -> Floats:
        shared, chance = self._sums(profiles, tick, self._block(profiles, tick))
        nats = np.zeros_like(shared)
        present = profiles["present"][tick.rows]
        above = (shared >= LEAST_PAIRS) & (shared > chance)
        above &= (present >= LEAST_ACCOUNTS)[:, None]
        where, series = np.nonzero(above)
        if len(where):
            _, dispersion = self._usual()
            wider = dispersion[series] * (1.0 + FEW / present[where])
            tail = gammainc(shared[where, series] / wider, chance[where, series] / wider)
            nats[where, series] = -np.log(np.maximum(tail, 1e-300)) - np.log(len(SERIES))
        return np.maximum(nats, 0.0)
