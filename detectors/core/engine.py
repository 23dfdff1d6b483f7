"""The levels chained in one process, without Kafka."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from detectors.core.account_level import AccountLevel
from detectors.core.batch import Batch
from detectors.core.campaign_level import CampaignLevel
from detectors.core.detector import Detector
from detectors.core.group_level import GroupLevel
from detectors.core.level import Level
from detectors.core.output import Output
from detectors.core.records import Alert, Lifecycle
from detectors.core.settings import Settings

#: Part of the budget that is the campaigns': they are what is looked for, and what detectors say of
#: their parts is mostly evidence.  Detectors, scopes and partitions share the rest alike.
OF_CAMPAIGNS = 0.25


class Engine:
    """Accounts and groups of every partition, and the campaigns, each feeding the next.

    A replay of what a worker reads from Kafka raises the alerts that the worker raises, when both
    have the same number of partitions.

    Args:
        partitions: how many partitions requests and groups have.
        settings: what the operator set, with the whole budget of false alerts a day; its capacity
            is that of the accounts.
        detectors: makes a new set of detectors; every level of every partition has its own.
        remember: request ids remembered in each partition.
        members: memberships kept at most in each partition.
        groups: profiles of groups kept at most in each partition.
    """

    def __init__(
        self,
        *,
        partitions: int,
        settings: Settings,
        detectors: Callable[[], Sequence[Detector]],
        remember: int = 262_144,
        members: int = 500_000,
        groups: int = 262_144,
    ) -> None:
        part = share_of(settings, detectors(), partitions)
        self.accounts = [
            AccountLevel(
                partition=number,
                partitions=partitions,
                settings=part,
                detectors=detectors(),
                remember=remember,
            )
            for number in range(partitions)
        ]
        self.groups = [
            GroupLevel(
                partition=number,
                settings=replace(part, capacity=groups),
                detectors=detectors(),
                members=members,
            )
            for number in range(partitions)
        ]
        self.campaigns = CampaignLevel(settings=share_of_campaigns(settings))
        self._deltas = [0] * partitions
        self._candidates = 0

    def process(self, batch: Batch, *, partition: int = 0) -> list[Alert]:
        """Take in requests of one partition, and return the alerts they raise."""
        return self._pass_on(self.accounts[partition].process(batch))

    def live(self, event: Lifecycle, time: float, offset: int, *, partition: int = 0) -> None:
        """Take in what happened to an account."""
        self.accounts[partition].live(event, time, offset)

    def release(self, model: str, time: float) -> None:
        """Take in that a model became available."""
        for level in self.groups:
            level.release(model, time)

    def finish(self) -> list[Alert]:
        """Close the ticks in progress, after the last record."""
        alerts = []
        for level in self.accounts:
            alerts += self._pass_on(level.pause(idle=True))
        return alerts

    def levels(self) -> Iterator[tuple[int, Level]]:
        """Yield every level that judges by a calibration, with its partition."""
        yield from enumerate(self.accounts)
        for partition, groups in enumerate(self.groups):
            for level in judging(groups):
                yield partition, level

    def _pass_on(self, output: Output) -> list[Alert]:
        alerts = []
        for partition, delta in output.deltas:
            offset, self._deltas[partition] = self._deltas[partition], self._deltas[partition] + 1
            for candidates in self.groups[partition].process([delta], offset).candidates:
                alerts += self.campaigns.process([candidates], self._candidates).alerts
                self._candidates += 1
        return alerts


def share_of(settings: Settings, detectors: Sequence[Detector], partitions: int) -> Settings:
    """Return the settings with the budget of one detector on one scope in one partition."""
    spending = [detector for detector in detectors if not detector.supports]
    pairs = sum(len(detector.scopes) for detector in spending)
    budget = (1 - OF_CAMPAIGNS) * settings.alerts_per_day / (pairs or 1) / partitions
    return replace(settings, alerts_per_day=budget)


def share_of_campaigns(settings: Settings) -> Settings:
    """Return the settings with the budget of the campaigns."""
    return replace(settings, alerts_per_day=OF_CAMPAIGNS * settings.alerts_per_day)


def judging(level: AccountLevel | GroupLevel) -> Iterator[Level]:
    """Yield a level and those within it: all that judge by calibrations of their own."""
    yield level
    if isinstance(level, GroupLevel):
        yield level.conversations
        if level.service is not None:
            yield level.service
            yield level.service.series
