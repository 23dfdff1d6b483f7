"""After a ban, a newcomer takes over what the banned account left."""

from typing import ClassVar

import numpy as np
from scipy.special import betainc

from detectors.core.detector import Detector, Finding, Floats, Tick, share
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.core.succession import REGROWTH, Succession, regrowth_of
from detectors.sketches.decayed import fade

#: Heirs of which nothing is said yet: one person may come back, and a friend.
LEAST_HEIRS = 2.5
#: Seconds that a place counts as open at least, however fast it was filled.
LEAST_OPEN = 60.0
#: How much one newcomer makes the next more likely.
CORRELATION = 0.02
#: Seconds over which counts fade.
DAY = 86_400


class Heir(Detector):
    """Asserts that newcomers join a group no faster when one of its accounts was banned.

    Compares the newcomers that filled the places of banned accounts (see `Heirs`), in the time in
    which a place was open, with the rate at which newcomers join while none is: the group's own,
    and before that is known the rate of everybody's groups of that many accounts.  The chance of
    so many is a gamma-Poisson tail; that every place is filled at once by somebody is what an exit
    with a hundred newcomers an hour shows as well, and says nothing there.

    References:
        Przyborowski and Wilenski (1940), Homogeneity of results in testing samples from Poisson
        series (two counts, compared by the times in which they came together).

    >>> Heir().signal
    'heir'
    """

    name: ClassVar[str] = "heir"
    signal: ClassVar[Signal] = "heir"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "payment", "template"})

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the places filled while they were open."""
        scores = np.zeros(len(tick.rows))
        some = np.flatnonzero(profiles["filled"][tick.rows] >= LEAST_HEIRS)
        if len(some):
            filled, exposed, weight, seconds = _measured(profiles, tick.take(some))
            effect = 1.0 + (filled - 1.0) * self.correlation
            tail = betainc(filled / effect, weight, exposed / (exposed + seconds))
            scores[some] = -np.log(np.maximum(tail, 1e-300))
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn nothing: the level counts bans and newcomers."""

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the heirs, and say how much of what was banned came back."""
        one = tick.only(position)
        row = int(one.rows[0])
        name = profiles.names[row]
        filled, exposed, weight, seconds = (float(v[0]) for v in _measured(profiles, one))
        expected = weight / seconds * exposed
        seen = Succession.of(tick.members, row, name, now=tick.number)
        regrown = {
            label: seen.regrowth(within=within, now=tick.number)
            for label, within in REGROWTH.items()
        }
        by_chance = {
            label: weight / seconds * seen.open_for(within=within, now=tick.number)
            for label, within in REGROWTH.items()
        }
        parts = share({"heirs": max(filled - expected, 1e-9), "back": 0.0})
        told = "; ".join(
            f"{accounts:.0%} of the accounts and {load:.0%} of the load came back within {label}"
            for label, (accounts, load) in regrown.items()
        )
        return Finding(
            summary=(
                f"{len(seen.active)} newcomers took the places of {len(seen.banned_at)} banned "
                f"accounts of {name.replace(':', ' ', 1)}, where {expected:.1f} were to be "
                f"expected in the time; {told}."
            ),
            evidence=[
                Evidence(
                    feature="newcomers in places of banned accounts",
                    observed=filled,
                    expected=expected,
                    contribution=parts["heirs"],
                    unit="accounts",
                    note=f"{len(seen.banned_at)} banned; places were open for {exposed:.0f} s",
                ),
                *(
                    Evidence(
                        feature=regrowth_of(what, label),
                        observed=value,
                        expected=min(by_chance[label] / max(len(seen.banned_at), 1), 1.0),
                        contribution=0.0,
                        unit="share",
                        note=f"of bans {label} old or older, of all while there is none",
                    )
                    for label, values in regrown.items()
                    for what, value in zip(("accounts", "requests"), values, strict=True)
                ),
            ],
            onset=float(min(seen.banned_at, default=tick.number)),
            accounts=seen.active,
        )


def _measured(profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats, Floats]:
    """Return of each row: places filled; seconds they were open; newcomers and seconds without.

    The latter two are the shape and the rate of what is believed of the rate of newcomers.
    """
    rows = tick.rows
    elapsed = tick.number - profiles["counted_at"][rows]
    filled, exposed, joins, seconds = (
        fade(profiles[column][rows], elapsed=elapsed, horizon=float(DAY))
        for column in ("filled", "exposed", "joins", "unexposed")
    )
    until = np.minimum(profiles["vacant_until"][rows], tick.number)
    open_now = np.maximum(until - profiles["counted_at"][rows], 0) * (profiles["vacant"][rows] > 0)
    exposed = exposed + open_now + LEAST_OPEN * filled
    present = np.maximum(profiles["present"][rows], 1.0)
    usual = tick.population.newcomers[profiles["scope"][rows]] * present
    return filled, exposed, joins + 1.0, seconds + elapsed - open_now + 1.0 / usual
