"""Every metric that Weir exposes, with its meaning."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from detectors.core.account_level import AccountLevel
from detectors.core.calibration import ENOUGH
from detectors.core.campaign_level import CampaignLevel
from detectors.core.engine import judging
from detectors.core.group_level import GroupLevel

#: What can become of a record: the closed set behind the label.
OUTCOMES = ("applied", "repeated", "denied", "dead_letter")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

AnyLevel = AccountLevel | GroupLevel | CampaignLevel


class Metrics:
    """The metrics of one process; labels come from closed sets only, never from an entity."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._shown: dict[str, set[int]] = {}
        self._learning: dict[str, set[tuple[str, str, int]]] = {}
        self._counted: dict[tuple[Counter, int], int] = {}
        self.records = Counter(
            "weir_records", "Records by what became of them.", ["outcome"], registry=registry
        )
        self.dead_letters = Counter(
            "weir_dead_letters", "Dead letters by reason.", ["reason"], registry=registry
        )
        self.batch_size = Histogram(
            "weir_batch_size_records",
            "Records in a micro-batch.",
            buckets=(1, 10, 100, 500, 1000, 2000, 4000, 8000, 16000),
            registry=registry,
        )
        self.processing = Histogram(
            "weir_processing_seconds",
            "Time to take in a micro-batch, by stage.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.delay = Histogram(
            "weir_event_to_alert_seconds",
            "From the event time of the evidence to the alert's acknowledgement by Kafka.",
            ["level"],
            buckets=(0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0),
            registry=registry,
        )
        self.lag = Gauge(
            "weir_lag_records",
            "Records in Kafka that are not yet taken in.",
            ["topic", "partition"],
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "weir_lag_seconds",
            "How long ago that happened which is read next; zero while nothing waits.",
            ["topic", "partition"],
            registry=registry,
        )
        self.service_share = Gauge(
            "weir_service_share",
            "Part of a minute's accounts, requests or records that fail, by what they fail in.",
            ["what"],
            registry=registry,
        )
        self.profiles = Gauge(
            "weir_profiles", "Live profiles.", ["level", "partition"], registry=registry
        )
        self.state = Gauge(
            "weir_state_bytes", "Bytes of the profiles.", ["level", "partition"], registry=registry
        )
        self.learned = Gauge(
            "weir_calibration_learned_ratio",
            "How far a calibration is; below 1 its limit is cautious, and only the blatant passes.",
            ["detector", "scope", "partition"],
            registry=registry,
        )
        self.evictions = Counter(
            "weir_evictions",
            "Profiles evicted to stay below the ceiling.",
            ["level"],
            registry=registry,
        )
        self.untold_bans = Counter(
            "weir_untold_bans",
            "Bans that were never told to the groups, or not again, as too many came at once.",
            ["telling"],
            registry=registry,
        )
        self.checkpoint_seconds = Histogram(
            "weir_checkpoint_seconds",
            "Time from the capture of a checkpoint to its commit.",
            ["level"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.checkpoint_bytes = Counter(
            "weir_checkpoint_bytes", "Bytes written to changelogs.", ["level"], registry=registry
        )
        self.checkpoint_age = Gauge(
            "weir_checkpoint_age_seconds",
            "Time since the last commit of a checkpoint.",
            ["level", "partition"],
            registry=registry,
        )
        self.alerts = Counter(
            "weir_alerts", "Alerts raised.", ["detector", "severity"], registry=registry
        )
        self.verdicts = Counter(
            "weir_verdicts",
            "Verdicts read since the start, by what they say and what became of them.",
            ["verdict", "outcome"],
            registry=registry,
        )
        self.healthy = Gauge(
            "weir_watchdog_healthy",
            "1 while assignment, lag and progress are as they should be.",
            ["check"],
            registry=registry,
        )
        for outcome in OUTCOMES:
            self.records.labels(outcome)
        for check in ("assignment", "lag", "progress"):
            self.healthy.labels(check).set(1)

    def levels(self, name: str, levels: Mapping[int, AnyLevel]) -> None:
        """Show the levels that live here, by partition; others know of those that went there."""
        for gauge in (self.profiles, self.state):
            for number in self._shown.get(name, set()) - levels.keys():
                gauge.remove(name, number)
        self._shown[name] = set(levels)
        for number, level in levels.items():
            self.profiles.labels(name, number).set(level.entities)
            self.state.labels(name, number).set(level.state_bytes)
            self._count(self.evictions.labels(name), number, level.evicted)
            if isinstance(level, AccountLevel):
                self._count(self.untold_bans.labels("first"), number, level.bans.lost)
                self._count(self.untold_bans.labels("again"), number, level.bans.unrepeated)
        self._calibrations(name, levels)

    def _count(self, counter: Counter, partition: int, total: int) -> None:
        """Add what has come to the total of a level, which a restart lets begin anew."""
        before = self._counted.get((counter, partition), 0)
        self._counted[counter, partition] = total
        counter.inc(max(total - before, 0))

    def _calibrations(self, name: str, levels: Mapping[int, AnyLevel]) -> None:
        shares = {
            (detector, scope, number): min(calibration.windows / ENOUGH, 1.0)
            for number, level in levels.items()
            if not isinstance(level, CampaignLevel)
            for part in judging(level)
            for (detector, scope), calibration in part.calibrations.items()
        }
        for labels in self._learning.get(name, set()) - shares.keys():
            self.learned.remove(*labels)
        self._learning[name] = set(shares)
        for labels, share in shares.items():
            self.learned.labels(*labels).set(share)
