"""Many accounts behind one egress or payment, or one account behind many egresses."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.distinct import estimate
from detectors.sketches.proportion import at_least
from detectors.sketches.width import HOUR, Width

#: Entities of which less is known say nothing.
LEAST_ACCOUNTS, LEAST_EGRESSES = 5.0, 4.0
#: How alike in age the accounts of one ordinary egress are.
CORRELATION = 0.1
DAY = 86_400


class WideFanout(Detector):
    """Asserts that an entity is no wider than it was, and that its accounts are of all ages.

    Of an egress or payment: accounts within the hour against its usual `Width`; and the share of
    them younger than a day against the share among all *other* accounts, which tells a farm of
    new accounts from an office that was always wide.  Of an account: different egresses within the
    hour, likewise against its own and the population's width.

    >>> WideFanout().signal
    'fanout'
    """

    name: ClassVar[str] = "wide_fanout"
    signal: ClassVar[Signal] = "fanout"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy", "payment"})

    def __init__(self, *, correlation: float = CORRELATION) -> None:
        self.correlation = correlation
        self.width = Width("fanout")

    @property
    def columns(self) -> Mapping[str, Column]:
        """The usual width."""
        return self.width.columns

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of width and of youth, the higher, less the choice between two."""
        width, youth = self._scores(profiles, tick)
        higher: Floats = np.maximum(np.maximum(width, youth) - np.log(2.0), 0.0)
        return higher

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn the width of hours that ended, but for suspects."""
        self.width.learn(profiles, tick, _width(profiles, tick))

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how wide the entity is, and how young its accounts are."""
        one = tick.only(position)
        row = int(one.rows[0])
        now, usual = float(_width(profiles, one)[0]), float(self.width.usual(profiles, one)[0])
        name = profiles.names[row]
        if tick.members is None:
            return Finding(
                summary=(
                    f"account {name} came from about {now:.0f} egresses within the hour, "
                    f"where {usual:.1f} are usual."
                ),
                evidence=[
                    Evidence(
                        feature="egresses in the hour",
                        observed=now,
                        expected=usual,
                        contribution=1.0,
                        unit="egresses",
                    )
                ],
                onset=float(tick.number // HOUR * HOUR),
                accounts=[name],
            )
        width, youth = self._scores(profiles, one)
        parts = share({"width": float(width[0]), "youth": float(youth[0])})
        young = float(profiles["young"][row])
        expected = float(_young_share(profiles, one)[0]) * now
        return Finding(
            summary=(
                f"{now:.0f} accounts within the hour behind {name.replace(':', ' ', 1)}, where "
                f"{usual:.1f} are usual; {young:.0f} of them are younger than a day, where "
                f"{expected:.1f} were to be expected."
            ),
            evidence=[
                Evidence(
                    feature="accounts in the hour",
                    observed=now,
                    expected=usual,
                    contribution=parts["width"],
                    unit="accounts",
                ),
                Evidence(
                    feature="accounts younger than a day",
                    observed=young,
                    expected=expected,
                    contribution=parts["youth"],
                    unit="accounts",
                ),
            ],
            onset=float(max(tick.number - HOUR, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(
                profiles,
                position,
                since=tick.number - HOUR,
                born_after=tick.number - DAY if parts["youth"] > parts["width"] else None,
            ),
        )

    def snapshot(self) -> bytes:
        """Return the usual width of all entities."""
        return pack({"width": self.width.snapshot()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self.width.restore(unpack(state)["width"])

    def _scores(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats]:
        """Return nats of width and of youth."""
        now = _width(profiles, tick)
        least = LEAST_EGRESSES if tick.members is None else LEAST_ACCOUNTS
        width = self.width.surprise(profiles, tick, now, enough=now >= least)
        youth = np.zeros(len(now))
        if tick.members is not None:
            young = np.minimum(profiles["young"][tick.rows], now)
            some = np.flatnonzero(young >= LEAST_ACCOUNTS)
            if len(some):
                youth[some] = at_least(
                    young[some],
                    of=now[some],
                    rate=_young_share(profiles, tick)[some],
                    correlation=self.correlation,
                )
        return width, youth


def _young_share(profiles: Profiles, tick: Tick) -> Floats:
    """Return the share of accounts younger than a day among those outside each group."""
    here = profiles["active"][tick.rows]
    young = here * profiles["young"][tick.rows] / np.maximum(profiles["present"][tick.rows], 1.0)
    others = np.maximum(tick.population.active - here, 0.0)
    share: Floats = (np.clip(tick.population.young - young, 0.0, others) + 1.0) / (others + 2.0)
    return share


def _width(profiles: Profiles, tick: Tick) -> Floats:
    if tick.members is None:
        return estimate(profiles["egress_bits"][tick.rows])
    present: Floats = profiles["present"][tick.rows]
    return present
