"""What the levels share: profiles, detectors, and the judging of scores."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import xxhash
from msgspec import structs
from numpy.typing import NDArray

from detectors.core.calibration import DAY, MOST_LIMIT, Calibration
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.models import Models
from detectors.core.parts import fitting
from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows
from detectors.core.prose import shown
from detectors.core.records import (
    Alert,
    Candidates,
    Delta,
    Entity,
    Scope,
    Severity,
    Window,
)
from detectors.core.severity import SEVERITIES, severity_of
from detectors.sketches import mixture

#: Seconds of event time in which a profile's highest score counts as one test.
TEST = 600
#: Seconds an entity stays under suspicion after an alert; and how long learning is held at most.
SUSPICION, HOLD = 3600, DAY
#: Nats above which an entity is under suspicion even where the limit lies higher: what is so odd
#: must not teach the calibration that it is normal until it has been so for `HOLD`.
ODD = 12.0
#: A group whose p-value lies below is a candidate, though no alert of its own: with others that it
#: shares accounts with it may be one.
FAINT = 1e-3
#: Columns of levels that have candidates: the detectors to which a row was seldom, a bit each.
SELDOM = {
    "seldom_by": Column("int32"),
    "seldom_since": Column(TICK),
    "seldom_until": Column(TICK),
}
#: Nats below which nothing can be an alert or a candidate: no p-value is less than a score claims.
LEAST_SCORE = -math.log(max(MOST_LIMIT, FAINT))
#: Accounts that one alert names at most, and the bytes of their names as JSON: a broker takes a
#: megabyte.
MOST_ACCOUNTS, ACCOUNTS_BYTES = 5000, 200_000
#: An alert of the same entity is repeated after this long, or when its score has doubled.
REPEAT = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a level is told by the operator."""

    alerts_per_day: float  # the budget of one detector on one scope in one partition
    capacity: int  # profiles at most
    seed: int  # key of the hashes
    version: str  # shown in alerts


@dataclass(slots=True, kw_only=True)
class Output:
    """What came out of a level, in order."""

    alerts: list[Alert] = field(default_factory=list)  # raised at this level
    deltas: list[tuple[int, Delta]] = field(default_factory=list)  # by partition of the groups
    candidates: list[Candidates] = field(default_factory=list)  # to the campaigns
    checkpoint: "Checkpoint | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A level's state after one tick: what is to be written, in this order, and then dropped."""

    position: dict[str, int]  # what has been applied: offset by source
    segments: dict[str, bytes]
    manifest: bytes
    dropped: list[str]


class Level:
    """Scores the entities that changed in a tick, and raises alerts.

    Each detector's scores are reduced to one test in ten minutes and entity: the highest.  Tests
    that ended without suspicion teach the calibration of the detector and scope; the running one
    becomes an alert when its p-value lies below the limit that the budget allows.  At the level of
    groups, what is merely seldom becomes an alert of severity ``info``, a candidate.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        detectors: Sequence[Detector],
        scopes: Sequence[Scope],
        columns: dict[str, Column],
        reads: str = "requests",
    ) -> None:
        self.settings = settings
        self.detectors = [d for d in detectors if d.reads == reads and d.scopes & set(scopes)]
        self.scopes = list(scopes)
        self._lives_on = {
            d.name: np.array([scope in d.scopes for scope in self.scopes]) for d in self.detectors
        }
        self.models = Models()
        self.clock = 0
        self.alerts_raised = 0
        #: By detector and name, when an alert was raised last and with which score, oldest first.
        self._raised: dict[tuple[str, str], tuple[int, float]] = {}
        every = {
            "scope": Column("int8"),
            "suspect_since": Column(TICK),
            "test": Column(TICK),  # number of the test in progress, the same for all detectors
            **columns,
        }
        for detector in self.detectors:
            every |= detector.columns
            every[f"{detector.name}_peak"] = Column("float32")
        self.profiles = Profiles(capacity=settings.capacity, columns=every)
        self.calibrations = {
            (d.name, scope): Calibration()
            for d in self.detectors
            for scope in self.scopes
            if scope in d.scopes
        }

    def judge(self, tick: Tick, samples_of: Callable[[int, Finding], list[str]]) -> list[Alert]:
        """Score the tick with every detector, raise what stands out, and learn the rest.

        Args:
            tick: what changed.
            samples_of: gives request ids to look at, for a position of the tick and its finding.
        """
        alerts = []
        alike = {d.scopes: d for d in self.detectors}  # one for each of the sets of scopes
        part_of = {scopes: self._part(detector, tick) for scopes, detector in alike.items()}
        test, number = self.profiles["test"][tick.rows], tick.number // TEST
        ended = self._ended(tick, test)
        self.profiles["test"][tick.rows] = number
        seldom, same = self._seldom_by(tick.rows, test), test == number
        same_of = {scopes: same[positions] for scopes, (positions, _) in part_of.items()}
        any_ended = ended.any()  # many ticks end no test
        for detector in self.detectors:
            positions, part = part_of[detector.scopes]
            scores = detector.score(self.profiles, part)
            if any_ended:
                self._teach(detector, part, ended[positions], seldom[positions])
            found, faint = self._standing_out(detector, part, scores, same_of[detector.scopes])
            for position in found + faint:
                samples = partial(samples_of, int(positions[position]))
                alerts.append(
                    self._raise(detector, part, position, scores, samples, faint=position in faint)
                )
        suspect = self.suspect(tick.rows, tick.number)
        taught = {
            scopes: structs.replace(part, suspect=suspect[positions])
            for scopes, (positions, part) in part_of.items()
        }
        for detector in self.detectors:
            detector.learn(self.profiles, taught[detector.scopes])
        self.alerts_raised += sum(alert.severity != "info" for alert in alerts)
        return alerts

    @property
    def entities(self) -> int:
        """How many entities have a profile."""
        return len(self.profiles)

    @property
    def evicted(self) -> int:
        """How many profiles were given up for want of room."""
        return self.profiles.evicted

    def _part(self, detector: Detector, tick: Tick) -> tuple[NDArray[np.int64], Tick]:
        """Return where the rows of the detector's scopes stand in the tick, and these alone."""
        lives_on = self._lives_on[detector.name]
        if lives_on.all():
            return np.arange(len(tick.rows)), tick
        positions = np.flatnonzero(lives_on[tick.scopes])
        return positions, tick.take(positions)

    def capability_of(self, row: int) -> str | None:
        """Say what else than the ordinary an entity is mostly after, where the level knows."""
        return None

    def snapshot_models(self) -> bytes:
        """Return what the level learned of the population, beside its rows."""
        return pack(
            {
                "clock": self.clock,
                "alerts_raised": self.alerts_raised,
                "raised": [[*of, *raised] for of, raised in self._raised.items()],
                "models": self.models.snapshot(),
                "detectors": {d.name: d.snapshot() for d in self.detectors},
                "calibrations": {
                    f"{name}/{scope}": calibration.snapshot()
                    for (name, scope), calibration in self.calibrations.items()
                },
            }
        )

    def restore_models(self, state: bytes) -> None:
        """Take back `snapshot_models`; a detector that was not there before starts anew."""
        kept = unpack(state)
        self.clock, self.alerts_raised = kept["clock"], kept["alerts_raised"]
        self._raised = {(name, of): (at, score) for name, of, at, score in kept["raised"]}
        self.models.restore(kept["models"])
        for detector in self.detectors:
            if detector.name in kept["detectors"]:
                detector.restore(kept["detectors"][detector.name])
        for (name, scope), calibration in self.calibrations.items():
            if f"{name}/{scope}" in kept["calibrations"]:
                calibration.restore(kept["calibrations"][f"{name}/{scope}"])

    def use_models(self, counts: list[int], elapsed: int) -> None:
        """Count a tick's requests by model slot, and forget a model that lost its slot."""
        slot = self.models.use(counts, elapsed)
        if slot is not None:
            self.forget_model(slot)

    def forget_model(self, slot: int) -> None:
        """Forget what is known of a model slot that from now on means another model."""
        mixture.forget(self.profiles, slot)
        self.profiles.mark(self.profiles.live)

    def suspect(self, rows: Rows, tick: int) -> NDArray[np.bool_]:
        """Say which rows are under suspicion, so that nothing may be learned of them."""
        until = self.profiles["suspect_until"][rows]
        since = self.profiles["suspect_since"][rows]
        suspect: NDArray[np.bool_] = (until > tick) & (tick - since < HOLD)
        return suspect

    def _ended(self, tick: Tick, test: Rows) -> NDArray[np.bool_]:
        """Say which rows' last tests have ended, those left out that ran under suspicion."""
        ended: NDArray[np.bool_] = (test != tick.number // TEST) & (test > 0)
        if ended.any():
            ended &= ~self._held("suspect", tick.rows, test * TEST)
        return ended

    def _held(self, what: str, rows: Rows, start: Rows) -> NDArray[np.bool_]:
        """Say which rows were suspect, or seldom, in tests that began at ``start``."""
        since, until = (self.profiles[f"{what}_{end}"][rows] for end in ("since", "until"))
        held: NDArray[np.bool_] = (since < start + TEST) & (start < until) & (start - since < HOLD)
        return held

    def _seldom_by(self, rows: Rows, test: Rows) -> NDArray[np.int32]:
        """Return the bits of the detectors to which rows were seldom in tests of these numbers."""
        if "seldom_by" not in self.profiles:
            return np.zeros(len(rows), dtype=np.int32)
        seldom: NDArray[np.int32] = self.profiles["seldom_by"][rows]
        if not seldom.any():
            return seldom
        return np.where(self._held("seldom", rows, test * TEST), seldom, 0)

    def _bit(self, detector: Detector) -> int:
        return 1 << self.detectors.index(detector)

    def _teach(
        self, detector: Detector, tick: Tick, ended: NDArray[np.bool_], seldom: NDArray[np.int32]
    ) -> None:
        """Teach the calibrations the tests that ended, but for those of what others found odd."""
        mature = ended & ((seldom & ~self._bit(detector)) == 0)
        if not mature.any():
            return
        mature &= ~detector.withholds(self.profiles, tick)
        peaks = self.profiles[f"{detector.name}_peak"]
        for code, calibration in self._calibrations_of(detector):
            here = mature & (tick.scopes == code)
            if here.any():
                calibration.observe(peaks[tick.rows[here]].astype(np.float64), tick=tick.number)

    def _standing_out(
        self,
        detector: Detector,
        tick: Tick,
        scores: Floats,
        same: NDArray[np.bool_],
    ) -> tuple[list[int], list[int]]:
        """Return the positions of those above the limit, and of those that are merely seldom.

        Args:
            detector: whose scores they are.
            tick: its part.
            scores: of each row.
            same: whose test is the one in which they were scored before.
        """
        rows, peaks = tick.rows, self.profiles[f"{detector.name}_peak"]
        found: list[int] = []
        faint: list[int] = []
        highest = scores.max(initial=0.0)
        if highest > LEAST_SCORE:
            limits, seldom = self._limits(detector, tick)
            high = (scores > limits) & (rows != OVERFLOW)
            for position in np.flatnonzero(high).tolist():
                of = detector.name, self.profiles.names[rows[position]]
                at, score = self._raised.get(of, (tick.number - REPEAT, 0.0))
                if tick.number - at >= REPEAT or scores[position] > 2 * score:
                    found.append(position)
            odd = np.flatnonzero(scores > ODD)
            if len(odd) and not detector.supports:
                self._suspect(rows[odd], tick.number)
            if (scores > seldom).any():
                first = ~same | (peaks[rows] <= seldom) | (scores > 2 * peaks[rows])
                first[found] = False
                faint = np.flatnonzero((scores > seldom) & first & (rows != OVERFLOW)).tolist()
                self._seldom(detector, rows[scores > seldom], tick.number)
        if highest > 0.0 or not same.all():
            peaks[rows] = np.where(same, np.maximum(peaks[rows], scores), scores)
        return found, faint

    def _limits(self, detector: Detector, tick: Tick) -> tuple[Floats, Floats]:
        """Return above which score each row is an alert, and above which a candidate."""
        limits, seldom = np.full(len(tick.rows), np.inf), np.full(len(tick.rows), np.inf)
        for code, calibration in self._calibrations_of(detector):
            here = tick.scopes == code
            limit = calibration.limit(alerts_per_day=self.settings.alerts_per_day, tick=tick.number)
            if not detector.supports:
                limits[here] = calibration.score_at(limit)
            if tick.members is not None:
                seldom[here] = calibration.score_at(max(limit, FAINT))
        return limits, seldom

    def _calibrations_of(self, detector: Detector) -> list[tuple[int, Calibration]]:
        """Return the codes of the scopes that a detector looks at, with their calibrations."""
        return [
            (code, self.calibrations[detector.name, scope])
            for code, scope in enumerate(self.scopes)
            if scope in detector.scopes
        ]

    def _suspect(self, rows: Rows, tick: int) -> None:
        new = rows[self.profiles["suspect_until"][rows] <= tick]
        self.profiles["suspect_since"][new] = tick
        self.profiles["suspect_until"][rows] = tick + SUSPICION

    def _seldom(self, detector: Detector, rows: Rows, tick: int) -> None:
        """Note that rows are seldom to a detector: they do not teach the others what is usual.

        Its own calibration goes on learning of them, or it would come to take for seldom what is
        not; where detectors have nothing to do with each other, the others lose nothing by it.
        """
        profiles = self.profiles
        new = rows[profiles["seldom_until"][rows] <= tick]
        profiles["seldom_since"][new] = tick
        profiles["seldom_by"][new] = 0
        profiles["seldom_by"][rows] |= self._bit(detector)
        profiles["seldom_until"][rows] = tick + SUSPICION

    def _note(self, detector: str, name: str, tick: int, score: float) -> None:
        """Keep that an alert is raised, and forget those that may be repeated anyway."""
        self._raised.pop((detector, name), None)
        self._raised[detector, name] = tick, score
        while tick - next(iter(self._raised.values()))[0] >= REPEAT:
            del self._raised[next(iter(self._raised))]

    def _raise(
        self,
        detector: Detector,
        tick: Tick,
        position: int,
        scores: Floats,
        samples_of: Callable[[Finding], list[str]],
        *,
        faint: bool,
    ) -> Alert:
        profiles, row = self.profiles, int(tick.rows[position])
        score = float(scores[position])
        finding = detector.explain(profiles, tick, position)
        scope = self.scopes[int(profiles["scope"][row])]
        p_value = self.calibrations[detector.name, scope].p_value(score)
        if not faint:
            self._suspect(tick.rows[position : position + 1], tick.number)
            self._note(detector.name, profiles.names[row], tick.number, score)
        value = profiles.names[row].partition(":")[2] if scope != "account" else profiles.names[row]
        limit = self.calibrations[detector.name, scope].limit(
            alerts_per_day=self.settings.alerts_per_day, tick=tick.number
        )
        severity: Severity = "info"
        if not faint:
            usual = severity_of(p_value, limit=limit, accounts=len(finding.accounts))
            usual = min(usual, detector.ceiling, key=SEVERITIES.index)
            severity = finding.severity or usual
        key = f"{detector.name}|{scope}|{value}|{tick.number}"
        return Alert(
            id=xxhash.xxh3_128_hexdigest(key.encode(), self.settings.seed),
            ts=float(tick.number + 1),
            raised_at=float(tick.number + 1),
            detector=detector.name,
            signal=detector.signal,
            severity=severity,
            p_value=p_value,
            entity=Entity(scope=scope, value=value),
            accounts=fitting(finding.accounts[:MOST_ACCOUNTS], ACCOUNTS_BYTES),
            accounts_total=len(finding.accounts),
            window=Window(start=finding.onset, end=float(tick.number + 1)),
            summary=shown(finding.summary),
            evidence=finding.evidence,
            samples=samples_of(finding)[:20],
            version=self.settings.version,
            capability=self.capability_of(row),
        )
