"""A group moves to another model faster than everybody else does."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.adoption import (
    CORRELATION,
    LEAST_ADOPTION,
    LEAST_LONE,
    LEAST_MOVERS,
    adopting,
    surprise,
)
from detectors.sketches.baseline import Usual
from detectors.sketches.mixture import SLOTS, shares

#: Columns of the accounts that were there, and that moved, for each of `HORIZONS`: within five
#: minutes, within an hour, and just now, where a sharp pivot stands out from who was there before.
COUNTS = (("active", "moved"), ("present", "moved_hour"), ("active_now", "moved_now"))
#: Requests lately that an account needs before its own mix is judged.
LEAST_REQUESTS = 20.0


class ModelPivot(Detector):
    """Asserts that a group's accounts move to a model no faster than accounts at large.

    Of a group: with n accounts active in five minutes (or an hour, or a quarter of a minute), k of
    which moved to one model, the chance that as many move when each does with the probability q
    seen in all *other* accounts, or in those that share nothing with anybody, as a binomial tail
    that allows for members of one office moving alike.  A release that everybody follows raises q
    and so explains itself.

    Of one account alone: the G-test of its last minute's mix against its usual one, never more
    surprising than that some account moves at all; alone it seldom is an alert, as customers do
    move in a minute and with everything they have.

    References:
        Sokal, Rohlf (1981), Biometry (G-test).

    >>> ModelPivot().signal
    'pivot'
    """

    name: ClassVar[str] = "model_pivot"
    signal: ClassVar[Signal] = "pivot"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy", "payment", "template"})

    def __init__(
        self, *, correlation: float = CORRELATION, adoption: float = LEAST_ADOPTION
    ) -> None:
        self.correlation, self.adoption = correlation, adoption
        self._moving = Usual(fading=0.001)  # share of active accounts that move

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return nats: of the group's movers, or of the account's own change."""
        if tick.members is None:
            return self._score_accounts(profiles, tick)
        scores, _ = self._score_groups(profiles, tick)
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn how often accounts move at all."""
        active = tick.population.active
        if active > 0:
            self._moving.update(float(tick.population.moved.sum() / active))

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the model, who moved to it, and what was to be expected."""
        one = tick.only(position)
        row = int(one.rows[0])
        name = profiles.names[row]
        lately, usually = shares(profiles, row)
        models = tick.population.models
        if tick.members is None:
            slot = int((lately - usually).argmax())
            accounts, moved, expected = [name], 1.0, self._moving.value
            who, onset = f"account {name} moves", float(tick.number - 60)
        else:
            _, slots = self._score_groups(profiles, one)
            slot = int(slots[0])
            # What is older is of another group that had the row before.
            since = max(tick.number - 3600, int(profiles["first_seen"][row]))
            accounts = tick.accounts(profiles, position, since=since, moved_to=slot)
            active = max(float(profiles["present"][row]), float(len(accounts)))
            moved = float(len(accounts))
            k = np.array([float(profiles["moved_hour"][row, slot])])
            rate = self._adoption(tick, 1, np.array([active]), k, np.array([slot]))
            expected = float(rate[0]) * active
            chosen = tick.members["group"] == row
            chosen &= tick.members["moved_to"] == slot
            chosen &= tick.members["moved_at"] >= since
            onset = float(tick.members["moved_at"][chosen].min(initial=tick.number))
            who = f"{moved:.0f} of {active:.0f} accounts behind {name.replace(':', ' ', 1)} moved"
        model = models[slot] if slot < len(models) else "another model"
        released = tick.population.released.get(model)
        age = "" if released is None else f", released {tick.number + 1 - released:,.0f} s ago,"
        return Finding(
            summary=(
                f"{who} to {model}{age} within {max(tick.number + 1 - onset, 1):.0f} s, where "
                f"{expected:.1f} were to be expected; it is {lately[slot]:.0%} of the requests of "
                f"the last minute, {usually[slot]:.0%} usually."
            ),
            evidence=[
                Evidence(
                    feature="accounts moved to the model",
                    observed=moved,
                    expected=expected,
                    contribution=0.8,
                    unit="accounts",
                    note=model,
                ),
                Evidence(
                    feature="share of the model in the last minute",
                    observed=float(lately[slot]),
                    expected=float(usually[slot]),
                    contribution=0.2,
                ),
            ],
            onset=onset,
            accounts=accounts,
        )

    def snapshot(self) -> bytes:
        """Return how often accounts move."""
        return pack({"moving": self._moving.state})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self._moving = Usual(fading=0.001, state=unpack(state)["moving"])

    def _score_groups(self, profiles: Profiles, tick: Tick) -> tuple[Floats, NDArray[np.int64]]:
        """Return each row's nats, and the model slot they speak of."""
        best = np.zeros((len(tick.rows), SLOTS))
        for horizon, (active, moved) in enumerate(COUNTS):
            counts = profiles[moved][tick.rows]
            where, slot = np.nonzero(counts[:, 1:] >= LEAST_MOVERS - 0.05)
            if not len(where):
                continue
            slot += 1
            k = counts[where, slot].astype(np.float64)
            n = np.maximum(profiles[active][tick.rows][where], k)
            rate = self._adoption(tick, horizon, n, k, slot)
            choices = SLOTS * len(COUNTS)
            nats = surprise(k, of=n, rate=rate, choices=choices, correlation=self.correlation)
            best[where, slot] = np.maximum(best[where, slot], nats)
        return best.max(axis=1), best.argmax(axis=1)

    def _adoption(
        self, tick: Tick, horizon: int, n: Floats, k: Floats, slot: NDArray[np.int64]
    ) -> Floats:
        """Return the share of the accounts outside the group that moved to the model.

        Accounts alone behind their egress, or with their payment, are asked where there are
        enough of them: a campaign of many groups hides in the average of all accounts, but has
        few members without company.
        """
        rates = []
        if horizon == 0:
            others = np.maximum(tick.population.active - n, 0.0)
            movers = np.clip(tick.population.moved[slot] - k, 0.0, others)
            rates.append(adopting(movers, others))
        for lone in tick.population.lone.values():
            if lone.active[horizon] >= LEAST_LONE:
                rates.append(adopting(lone.moved[horizon][slot], float(lone.active[horizon])))
        if not rates:
            return np.full(len(slot), 0.999)
        lowest: Floats = np.maximum(np.min(rates, axis=0), self.adoption)
        return lowest

    def _score_accounts(self, profiles: Profiles, tick: Tick) -> Floats:
        scores = np.zeros(len(tick.rows))
        recent = tick.number - profiles["moved_at"][tick.rows] < 60
        if not recent.any():
            return scores
        rows = tick.rows[recent]
        lately = profiles["lately"][rows].astype(np.float64)
        usually = profiles["usually"][rows].astype(np.float64)
        total = lately.sum(axis=1)
        expected = (usually + 0.5) / (usually.sum(axis=1) + 0.5 * SLOTS)[:, None]
        change = xlogy(lately, lately / (total[:, None] * expected)).sum(axis=1)
        anybody = -np.log(max(self._moving.value, 1e-4))
        nats = np.minimum(change / 4.0, anybody + np.log1p(total / LEAST_REQUESTS))
        scores[recent] = np.where(total >= LEAST_REQUESTS, np.maximum(nats, 0.0), 0.0)
        return scores
