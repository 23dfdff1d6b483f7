"""The accounts of a group share its work more evenly than people ever would."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.core.cadence import MEASURES, WINDOWS
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, share, unpack
from detectors.core.profiles import TICK, Column, Profiles
from detectors.core.records import Evidence, Scope, Signal
from detectors.sketches.alike import Alike
from detectors.sketches.evenness import TRIM, bucket_of, spread

#: What is compared between the accounts of a group, in each of `WINDOWS`.
WHAT = ("requests", "starts after a pause")
SPANS = ("hour", "day")
KINDS = len(WINDOWS) * MEASURES
#: Parts of a window that are told apart: its first sixteenth, what follows up to an eighth, to a
#: quarter, to a half, and the rest.
STAGES = 5
#: Accounts of a group, and what each does in the middle, below which nothing can be said.
LEAST_ACCOUNTS, LEAST_COUNT = 10, 3
LEAST_BUCKET = int(bucket_of(np.array(LEAST_COUNT)))
#: Standard deviation of the logarithm of counts above which a group is not even, however many its
#: accounts are and however much others differ: users of one tool are a little alike.
MOST_APART = np.log(2.0)
#: The part of the accounts that a variance trimmed at both ends is worth.
USED = 0.6
#: Variance of the logarithm of counts, freedom of it, and how many groups that is taken for.
PRIOR_VARIANCE, PRIOR_FREEDOM, PRIOR_GROUPS = 0.6, 4.0, 20.0
#: Seconds between two looks at a group.
LOOK = 15
#: Nats that a missing rhythm of the day adds at most, and starts without which none is missed.
MOST_RHYTHM, LEAST_STARTS = 3.0, 200.0
DAY = 86_400


class EvenShare(Detector):
    """Asserts that the accounts of a group differ as much as accounts of other groups do.

    Independent customers differ by orders of magnitude in what they ask; the accounts that a load
    balancer feeds are alike.  For each window (hour, day) and measure (requests, starts after a
    pause) the variance of the logarithm of the members' counts, trimmed so that strangers on the
    same egress do not hide it and less what counting alone explains, is held against those of all
    groups (`Alike`), which are learned: where accounts are even by nature, no group stands out.
    It is held against those that had as large a part of the window behind them, as who has only
    just begun has asked once or twice like everybody else, until the busy ones go on.  Those who
    differ by more than a factor of two are not even, though there be a hundred of them.
    A group that is even and, for a day at least, knows no night either, is a little odder.

    Args:
        least_accounts: of a group, in a window, below which nothing is said of it.

    References:
        Cao et al. (2014), Uncovering large groups of active malicious accounts in online social
        networks (SynchroTrap).

    >>> EvenShare().signal
    'evenshare'
    """

    name: ClassVar[str] = "even_share"
    signal: ClassVar[Signal] = "evenshare"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"proxy", "payment", "template"})

    def __init__(self, *, least_accounts: int = LEAST_ACCOUNTS) -> None:
        self.least_accounts = least_accounts
        self.usual = [
            Alike(variance=PRIOR_VARIANCE, freedom=PRIOR_FREEDOM, weight=PRIOR_GROUPS)
            for _ in range(STAGES * KINDS)
        ]

    @property
    def columns(self) -> Mapping[str, Column]:
        """When a group was looked at, and what was seen in the stages in progress."""
        return {
            "even_looked_at": Column(TICK),
            "even_stage": Column("int32", (len(WINDOWS),)),  # of all windows, one after the other
            "even_variance": Column("float32", (KINDS,)),  # 0: nothing to say
            "even_freedom": Column("float32", (KINDS,)),
        }

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of the most even measure, less the choice; 0 between two looks."""
        scores = np.zeros(len(tick.rows))
        due = self._due(profiles, tick)
        if len(due):
            scores[due] = self._total(profiles, tick.take(due))
        return scores

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        """Learn stages that ended, but for suspects; keep what is seen of those in progress."""
        rows, stages = tick.rows, _stages(profiles, tick)
        before = profiles["even_stage"][rows]
        ended = before != stages
        if ended.any():
            variances, freedoms = profiles["even_variance"], profiles["even_freedom"]
            ended = np.repeat(ended, MEASURES, axis=1)
            taught, kinds = np.nonzero(ended & ~tick.suspect[:, None] & (variances[rows] > 0))
            of = _kinds(before)[taught, kinds]
            for number in np.unique(of).tolist():
                some, kind = rows[taught[of == number]], number % KINDS
                self.usual[number].learn(
                    variances[some, kind].astype(np.float64),
                    freedom=freedoms[some, kind].astype(np.float64),
                )
            variances[rows] = np.where(ended, 0.0, variances[rows])
            profiles["even_stage"][rows] = stages
        due = self._due(profiles, tick)
        if len(due):
            variance, freedom, _ = self._seen(profiles, tick.take(due))
            looked = rows[due]
            profiles["even_variance"][looked] = variance
            profiles["even_freedom"][looked] = freedom
            profiles["even_looked_at"][looked[variance.any(axis=1)]] = tick.number

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        """Name the measure that is most even, and how much it differs elsewhere."""
        one = tick.only(position)
        row = int(one.rows[0])
        nats = self._scores(profiles, one)[0]
        variance, _, middle = (values[0] for values in self._seen(profiles, one))
        best = int(nats.argmax())
        window, measure = divmod(best, MEASURES)
        members = int(profiles["cadence_members"][row, window, measure].sum())
        rhythm = float(_rhythm(profiles, one)[0]) if nats[best] > 0 else 0.0
        parts = share({"even": float(nats[best]), "night": rhythm})
        like = int(_kinds(_stages(profiles, one))[0, best])
        usual = float(np.sqrt(self.usual[like].variance))
        apart = float(np.sqrt(variance[best]))
        begins = int(tick.number // WINDOWS[window] * WINDOWS[window])
        return Finding(
            summary=(
                f"{members} accounts behind {profiles.names[row].replace(':', ' ', 1)} made "
                f"{middle[best]:.0f} {WHAT[measure]} each this {SPANS[window]}, equal within a "
                f"factor of {np.exp(apart):.1f} where accounts elsewhere differ by "
                f"{np.exp(usual):.1f}."
            ),
            evidence=[
                Evidence(
                    feature=f"spread of {WHAT[measure]} per account in the {SPANS[window]}",
                    observed=apart,
                    expected=usual,
                    contribution=parts["even"],
                    note=f"standard deviation of the logarithm over {members} accounts",
                ),
                Evidence(
                    feature="concentration on some hours of the day",
                    observed=float(_concentration(profiles["cadence_hours"][[row]])[0]),
                    expected=float(_concentration(tick.population.beat.hours[None, :])[0]),
                    contribution=parts["night"],
                ),
            ],
            onset=float(max(begins, int(profiles["first_seen"][row]))),
            accounts=tick.accounts(profiles, position, since=begins),
        )

    def snapshot(self) -> bytes:
        """Return how far the accounts of groups usually differ."""
        return pack({"usual": [usual.snapshot() for usual in self.usual]})

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        for usual, kept in zip(self.usual, unpack(state)["usual"], strict=True):
            usual.restore(kept)

    def _due(self, profiles: Profiles, tick: Tick) -> NDArray[np.int64]:
        wide = profiles["present"][tick.rows] >= self.least_accounts / 2
        return np.flatnonzero(wide & (tick.number - profiles["even_looked_at"][tick.rows] >= LOOK))

    def _seen(self, profiles: Profiles, tick: Tick) -> tuple[Floats, Floats, Floats]:
        """Return variance, its freedom and the middle count, (k, kinds); 0 where too little."""
        histograms = profiles["cadence_members"][tick.rows].reshape(len(tick.rows) * KINDS, -1)
        variance, freedom, middle = (np.zeros(len(histograms)) for _ in range(3))
        members = histograms.sum(axis=1)
        above = histograms[:, LEAST_BUCKET:].sum(axis=1)  # else the middle lies below for sure
        some = np.flatnonzero((members >= self.least_accounts) & (above >= TRIM * members))
        if len(some):
            _, middle[some], apart = spread(histograms[some])
            freedom[some] = USED * (members[some] - 1.0)
            # What counting adds, in parts of the variance where accounts differ by a factor e.
            noise = 1.0 + 1.0 / np.maximum(middle[some], 1.0)
            variance[some] = np.where(middle[some] >= LEAST_COUNT, apart / noise, 0.0)
        shape = (-1, KINDS)
        return variance.reshape(shape), freedom.reshape(shape), middle.reshape(shape)

    def _scores(self, profiles: Profiles, tick: Tick) -> Floats:
        """Return the nats of each measure, (k, kinds)."""
        variance, freedom, _ = self._seen(profiles, tick)
        nats = np.zeros_like(variance)
        alike = (variance > 0) & (variance <= MOST_APART**2)
        of = np.where(alike, _kinds(_stages(profiles, tick)), -1)
        for number in np.unique(of[alike]).tolist():
            some = of == number
            nats[some] = self.usual[number].surprise(variance[some], freedom=freedom[some])
        above: Floats = np.maximum(nats - np.log(KINDS), 0.0)
        return above

    def _total(self, profiles: Profiles, tick: Tick) -> Floats:
        even = self._scores(profiles, tick).max(axis=1)
        total: Floats = np.where(even > 0, even + _rhythm(profiles, tick), 0.0)
        return total


def _stages(profiles: Profiles, tick: Tick) -> NDArray[np.int64]:
    """Return which stage of which window each row is in, (k, windows), counted from the first.

    A group that came during the window had that much less of it.
    """
    windows = tick.number // WINDOWS
    begun = np.maximum(windows * WINDOWS, profiles["first_seen"][tick.rows][:, None])
    passed = (tick.number - begun) * 2 ** (STAGES - 1) // WINDOWS  # 0 to 15
    stages: NDArray[np.int64] = windows * STAGES + np.frexp(passed)[1]
    return stages


def _kinds(stages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of what is usual belongs to each measure of each row, (k, kinds)."""
    kinds: NDArray[np.int64] = np.repeat(stages % STAGES, MEASURES, axis=1) * KINDS
    return kinds + np.arange(KINDS)


def _concentration(hours: Floats) -> Floats:
    """Return how unevenly starts lie over the hours of the day, 0 for evenly."""
    total = np.maximum(hours.sum(axis=1), 1e-9)
    concentration: Floats = (hours.astype(np.float64) ** 2).sum(axis=1) * 24 / total**2 - 1.0
    return concentration


def _rhythm(profiles: Profiles, tick: Tick) -> Floats:
    """Return the nats of knowing no night, where everybody else does, after a day."""
    hours = profiles["cadence_hours"][tick.rows]
    starts = hours.sum(axis=1)
    theirs = tick.population.beat.hours
    known = (starts >= LEAST_STARTS) & (tick.number - profiles["first_seen"][tick.rows] >= DAY)
    if not known.any() or theirs.sum() < LEAST_STARTS:
        return np.zeros(len(tick.rows))
    by_chance = 24.0 / np.maximum(starts, 1.0)
    flatness = np.log(
        (_concentration(theirs[None, :])[0] + by_chance)
        / (np.maximum(_concentration(hours), 0.0) + by_chance)
    )
    return np.where(known, np.clip(flatness, 0.0, MOST_RHYTHM), 0.0)
