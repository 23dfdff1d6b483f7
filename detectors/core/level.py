"""What the levels share: profiles, detectors, and the judging of scores."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import xxhash
from msgspec import structs
from numpy.typing import NDArray

from detectors.core import suspicion
from detectors.core.calibration import MOST_LIMIT
from detectors.core.detector import Detector, Finding, Floats, Tick, pack, unpack
from detectors.core.models import Models
from detectors.core.parts import fitting
from detectors.core.profiles import OVERFLOW, Column, Profiles, Rows
from detectors.core.prose import shown
from detectors.core.records import (
    Alert,
    Entity,
    Scope,
    Severity,
    Window,
)
from detectors.core.segmented import Segmented
from detectors.core.settings import Settings
from detectors.core.severity import SEVERITIES, severity_of
from detectors.core.suspicion import TEST, Suspicion
from detectors.sketches import mixture

#: Nats above which an entity is under suspicion even where the limit lies higher: what is so odd
#: must not teach the calibration that it is normal until it has been so for `HOLD`.
ODD = 12.0
#: A group whose p-value lies below is a candidate, though no alert of its own: with others that it
#: shares accounts with it may be one.
FAINT = 1e-3
#: Nats below which nothing can be an alert or a candidate: no p-value is less than a score claims.
LEAST_SCORE = -math.log(max(MOST_LIMIT, FAINT))
#: Accounts that one alert names at most, and the bytes of their names as JSON: a broker takes a
#: megabyte.
MOST_ACCOUNTS, ACCOUNTS_BYTES = 5000, 200_000
#: An alert of the same entity is repeated after this long, or when its score has doubled.
REPEAT = 3600


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
            **suspicion.COLUMNS,
            **columns,
        }
        for detector in self.detectors:
            every |= detector.columns
            every[f"{detector.name}_peak"] = Column("float32")
        self.profiles = Profiles(capacity=settings.capacity, columns=every)
        self.suspicion = Suspicion(self.profiles)
        self.calibrations = {
            (d.name, scope): Segmented()
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
        ended = self.suspicion.ended(tick.rows, test, tick=tick.number)
        self.profiles["test"][tick.rows] = number
        seldom, same = self.suspicion.seldom_by(tick.rows, test), test == number
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
        suspect = self.suspicion.of(tick.rows, tick.number)
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
                rows = tick.rows[here]
                calibration.observe_each(
                    peaks[rows].astype(np.float64), self._segments(rows), tick=tick.number
                )

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
                self.suspicion.begin(rows[odd], tick.number)
            if (scores > seldom).any():
                first = ~same | (peaks[rows] <= seldom) | (scores > 2 * peaks[rows])
                first[found] = False
                faint = np.flatnonzero((scores > seldom) & first & (rows != OVERFLOW)).tolist()
                self.suspicion.seldom(rows[scores > seldom], tick.number, bit=self._bit(detector))
        if highest > 0.0 or not same.all():
            peaks[rows] = np.where(same, np.maximum(peaks[rows], scores), scores)
        return found, faint

    def _limits(self, detector: Detector, tick: Tick) -> tuple[Floats, Floats]:
        """Return above which score each row is an alert, and above which a candidate."""
        limits, seldom = np.full(len(tick.rows), np.inf), np.full(len(tick.rows), np.inf)
        segments = self._segments(tick.rows)
        for code, calibration in self._calibrations_of(detector):
            limit = calibration.limit(alerts_per_day=self.settings.alerts_per_day, tick=tick.number)
            for segment in np.unique(segments[tick.scopes == code]).tolist():
                here = (tick.scopes == code) & (segments == segment)
                of = calibration.of(segment)
                if not detector.supports:
                    limits[here] = of.score_at(limit)
                if tick.members is not None:
                    seldom[here] = of.score_at(max(limit, FAINT))
        return limits, seldom

    def _segments(self, rows: Rows) -> NDArray[np.int64]:
        """Return the segment of each row, 0 where the level knows of none."""
        if "segment" not in self.profiles:
            return np.zeros(len(rows), dtype=np.int64)
        return self.profiles["segment"][rows].astype(np.int64)

    def _calibrations_of(self, detector: Detector) -> list[tuple[int, Segmented]]:
        """Return the codes of the scopes that a detector looks at, with their calibrations."""
        return [
            (code, self.calibrations[detector.name, scope])
            for code, scope in enumerate(self.scopes)
            if scope in detector.scopes
        ]

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
        calibration = self.calibrations[detector.name, scope]
        segment = int(self._segments(tick.rows[position : position + 1])[0])
        p_value = calibration.of(segment).p_value(score)
        if not faint:
            self.suspicion.begin(tick.rows[position : position + 1], tick.number)
            self._note(detector.name, profiles.names[row], tick.number, score)
        value = profiles.names[row].partition(":")[2] if scope != "account" else profiles.names[row]
        limit = calibration.limit(alerts_per_day=self.settings.alerts_per_day, tick=tick.number)
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
