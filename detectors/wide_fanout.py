"""Many accounts behind one egress or payment, or one account behind many egresses."""

from collections.abc import Mapping
from typing import ClassVar

from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.profiles import Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.distinct import estimate
from detectors.sketches.width import HOUR, Width

#: Entities of which less is known say nothing.
LEAST_ACCOUNTS, LEAST_EGRESSES = 5.0, 4.0


class WideFanout(Detector):
    """Asserts that an entity is no wider than it was.

    Of an egress or payment: accounts within the hour against its usual `Width`.  Of an account:
    different egresses within the hour, likewise against its own and the population's width.

    >>> WideFanout().signal
    'fanout'
    """

    name: ClassVar[str] = "wide_fanout"
    signal: ClassVar[Signal] = "fanout"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy", "payment"})

    def __init__(self) -> None:
        self.width = Width("fanout")

    @property
    def columns(self) -> Mapping[str, Column]:
        """The usual width."""
        return self.width.columns

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the width of the hour."""
        now = _width(profiles, tick)
        least = LEAST_EGRESSES if tick.members is None else LEAST_ACCOUNTS
        return self.width.surprise(profiles, tick, now, enough=now >= least)

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn the width of hours that ended, but for suspects."""
        self.width.learn(profiles, tick, _width(profiles, tick))

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Say how wide the entity is."""
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
        return Finding(
            summary=(
                f"{now:.0f} accounts within the hour behind {name.replace(':', ' ', 1)}, where "
                f"{usual:.1f} are usual."
            ),
            evidence=[
                Evidence(
                    feature="accounts in the hour",
                    observed=now,
                    expected=usual,
                    contribution=1.0,
                    unit="accounts",
                )
            ],
            onset=float(max(tick.number - HOUR, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(profiles, position, since=tick.number - HOUR),
        )

    def snapshot(self) -> bytes:
        """Return the usual width of all entities."""
        return pack({"width": self.width.snapshot()})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        self.width.restore(unpack(state)["width"])


def _width(profiles: Profiles, tick: Tick) -> Floats:
    if tick.members is None:
        return estimate(profiles["egress_bits"][tick.rows])
    present: Floats = profiles["present"][tick.rows]
    return present
