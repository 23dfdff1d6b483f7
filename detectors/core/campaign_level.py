"""Level 3: groups that share accounts become one campaign; candidates in, alerts out."""

import math
from collections.abc import Sequence

import xxhash
from msgspec.structs import replace

from detectors.core.campaigns import Campaign, Campaigns, Members
from detectors.core.detector import pack, share, unpack
from detectors.core.discovery import Discovery
from detectors.core.level import REPEAT, Checkpoint, Output, Settings, severity_of
from detectors.core.records import Alert, Candidates, Entity, Evidence, Window
from detectors.core.suspects import Suspect, nats_of
from detectors.core.waiting import Waiting

#: Seconds between two looks at what has faded.
LOOK = 600
#: Accounts, samples and kinds of evidence in one alert at most.
MOST_ACCOUNTS, MOST_SAMPLES, MOST_EVIDENCE = 5000, 20, 30


class CampaignLevel:
    """Decides what is told: alerts of entities that stand alone, and of campaigns.

    A candidate that shares no accounts with another is told if it is an alert by itself.  Those
    that do share are one campaign, which is told when one of them is an alert by itself or when
    all together are one, again when it has doubled, shows a new signal, changes anew or lasts
    another hour; what its suspects raise meanwhile is its evidence, and is not told besides.

    Args:
        settings: what the operator set; the budget is that of campaigns alone.
    """

    def __init__(self, *, settings: Settings) -> None:
        self.settings = settings
        self.waiting: Waiting[Candidates] = Waiting()
        self.campaigns = Campaigns(seed=settings.seed)
        self.discovery = Discovery(alerts_per_day=settings.alerts_per_day)
        self.clock = 0
        self.alerts_raised = 0
        self._tracked: dict[int, int] = {}
        self._tests: dict[int, float] = {}
        self._looked = 0
        self._segments: dict[tuple[str, str], int] = {}  # number of each suspect's segment
        self._next_segment = 1

    @property
    def position(self) -> dict[str, int]:
        """What has been taken in: offset by source."""
        return {"candidates": self.waiting.position}

    @property
    def entities(self) -> int:
        """How many entities are under suspicion."""
        return len(self.campaigns.suspects.by_key)

    @property
    def evicted(self) -> int:
        """How many suspects were given up for want of room."""
        return self.campaigns.suspects.evicted

    @property
    def state_bytes(self) -> int:
        """Bytes of the accounts' names, which are nearly all of it, roughly."""
        suspects = self.campaigns.suspects
        return sum(100 * (len(suspect.members) + len(suspect.named)) for suspect in suspects)

    def process(self, candidates: Sequence[Candidates], offset: int) -> Output:
        """Take in one record; ticks that all partitions of the groups have closed are judged."""
        self.waiting.take(candidates, offset, clock=self.clock)
        output = Output()
        for tick, ready in self.waiting.ready():
            self.clock = tick
            for part in ready:
                self._tracked[part.source] = part.tracked
                self._tests[part.source] = part.tests or self._tests.get(part.source, 0.0)
            alerts = [
                pair for part in ready for pair in zip(part.alerts, part.members, strict=True)
            ]
            if alerts or tick - self._looked >= LOOK:
                output.alerts += self._close(tick, alerts)
        return output

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of the ticks that are closed."""
        segments, dropped = {}, []
        suspects = self.campaigns.suspects
        for key in self._segments.keys() - suspects.by_key.keys():
            dropped.append(f"suspect/{self._segments.pop(key)}")
        for suspect in suspects:
            if suspect.changed or suspect.key not in self._segments:
                if suspect.key in self._segments:
                    dropped.append(f"suspect/{self._segments.pop(suspect.key)}")
                self._segments[suspect.key] = self._next_segment
                segments[f"suspect/{self._next_segment}"] = pack(suspect.snapshot())
                self._next_segment += 1
                suspect.changed = False
        waiting = self.waiting.snapshot()
        manifest = {
            "suspects": [self._segments[suspect.key] for suspect in suspects],
            "campaigns": self.campaigns.snapshot(),
            "waiting": waiting,
            "discovery": self.discovery.snapshot(),
            "tracked": sorted(self._tracked.items()),
            "tests": sorted(self._tests.items()),
            "clock": self.clock,
            "looked": self._looked,
            "alerts_raised": self.alerts_raised,
            "next_segment": self._next_segment,
        }
        return Checkpoint(
            position={"candidates": waiting["position"]},
            segments=segments,
            manifest=pack(manifest),
            dropped=sorted(dropped),
        )

    def restore(self, segments: dict[str, bytes], manifest: bytes) -> None:
        """Take back a checkpoint, into a level that has seen nothing."""
        kept = unpack(manifest)
        for number in kept["suspects"]:
            suspect = Suspect.restored(unpack(segments[f"suspect/{number}"]))
            self.campaigns.suspects.by_key[suspect.key] = suspect
            self._segments[suspect.key] = number
        self.waiting.restore(kept["waiting"])
        self.discovery.restore(kept["discovery"])
        self._tracked, self._tests = dict(kept["tracked"]), dict(kept["tests"])
        self.clock, self._looked = kept["clock"], kept["looked"]
        self.alerts_raised, self._next_segment = kept["alerts_raised"], kept["next_segment"]
        self.campaigns.restore(
            kept["campaigns"], accounts=max(self._tracked.values(), default=0), tick=self.clock
        )

    def _close(self, tick: int, alerts: Sequence[tuple[Alert, list[str]]]) -> list[Alert]:
        campaigns = self.campaigns
        alone = [alert for alert, _ in alerts if alert.entity.scope == "account"]
        others = [alert for alert, _ in alerts if alert.entity.scope != "account"]
        touched = {
            alert.id: campaigns.suspects.take(alert, members)
            for alert, members in alerts
            if alert.entity.scope != "account"
        }
        if tick - self._looked >= LOOK:
            self._looked = tick
            campaigns.suspects.fade(tick)
        campaigns.group(tick, accounts=max(self._tracked.values(), default=0))
        told = []
        since: dict[str, float] = {}  # when the newest change of each campaign began
        for alert in others:
            name = touched[alert.id].campaign
            if name is not None:
                onset = alert.window.start if alert.severity != "info" else 0.0
                since[name] = max(onset, since.get(name, 0.0))
        for name, onset in since.items():
            if self._due(campaigns.by_id[name], tick, onset):
                told.append(self._tell(campaigns.by_id[name], campaigns.members[name], tick))
        for alert in others:
            if touched[alert.id].campaign is None and alert.severity != "info":
                told.append(alert)
        for alert in alone:
            campaign = campaigns.campaign_of(alert.entity.value)
            if campaign is None:
                told.append(alert)
            elif not campaign.told_at:
                told.append(replace(alert, campaign=campaign.id))
        self.alerts_raised += len(told)
        return told

    def _due(self, campaign: Campaign, tick: int, onset: float) -> bool:
        """Say whether a campaign is to be told now, whose newest change began at ``onset``."""
        members = self.campaigns.members[campaign.id]
        if not members.accounts:
            return False
        if campaign.told_at:
            grown = len(members.accounts) >= 2 * campaign.told_accounts
            signals = {alert.signal for alerts in members.claims().values() for alert in alerts}
            new = not signals <= set(campaign.told_signals)
            changed = onset > campaign.told_at
            return grown or new or changed or tick - campaign.told_at >= REPEAT
        if members.strong():
            return True
        nats = members.nats(tick)
        if nats <= campaign.tested + 1.0:
            return False
        campaign.tested = nats
        return self.discovery.test(min(math.exp(-nats) * self._looks, 1.0), tick=tick)

    @property
    def _looks(self) -> float:
        """How many tests a day the evidence was picked from."""
        return max(sum(self._tests.values()), 1.0)

    def _tell(self, campaign: Campaign, members: Members, tick: int) -> Alert:
        claims = members.claims()
        p_value = math.exp(-members.nats(tick))
        best = {detector: alerts[0] for detector, alerts in claims.items()}
        newest = max(
            (alert for alerts in claims.values() for alert in alerts),
            key=lambda alert: (alert.severity != "info", alert.ts, -alert.p_value, alert.id),
        )
        weights = share({detector: nats_of(alert, tick) for detector, alert in best.items()})
        ordered = sorted(best, key=lambda detector: (-weights[detector], detector))
        onset = min(alert.window.start for alert in best.values())
        capabilities = [a.capability for d in ordered for a in claims[d] if a.capability]
        campaign.told_at, campaign.told_accounts = tick, len(members.accounts)
        campaign.told_signals = sorted({alert.signal for alert in best.values()})
        self.campaigns.note(campaign.id, tick)
        key = f"campaign|{campaign.id}|{tick}"
        return Alert(
            id=xxhash.xxh3_128_hexdigest(key.encode(), self.settings.seed),
            ts=float(tick + 1),
            raised_at=float(tick + 1),
            detector="campaign",
            signal="campaign",
            severity=severity_of(
                p_value, limit=self.discovery.stake / self._looks, accounts=len(members.accounts)
            ),
            p_value=p_value,
            entity=Entity(scope="campaign", value=campaign.id),
            accounts=members.accounts[:MOST_ACCOUNTS],
            accounts_total=len(members.accounts),
            window=Window(start=onset, end=float(tick + 1)),
            summary=(
                f"{len(members.accounts)} accounts act together behind "
                f"{_described(members.suspects)}, since {max(tick + 1 - onset, 0):,.0f} s: "
                f"{newest.summary}"
            ),
            evidence=[
                _evidence(best[detector], len(claims[detector]), weights[detector])
                for detector in ordered[:MOST_EVIDENCE]
            ],
            samples=_samples(members.suspects),
            version=self.settings.version,
            campaign=campaign.id,
            capability=capabilities[0] if capabilities else None,
        )


def _described(suspects: Sequence[Suspect]) -> str:
    """Return how many suspects of each scope there are, in words."""
    scopes: dict[str, int] = {}
    for suspect in suspects:
        scopes[suspect.key[0]] = scopes.get(suspect.key[0], 0) + 1
    plural = {"proxy": "proxies"}
    words = [
        f"{count} {scope if count == 1 else plural.get(scope, scope + 's')}"
        for scope, count in sorted(scopes.items())
    ]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _evidence(alert: Alert, entities: int, contribution: float) -> Evidence:
    """Return the first evidence of a detector's strongest alert, as part of a campaign's."""
    first = alert.evidence[0]
    note = f"{alert.detector} on {alert.entity.scope} {alert.entity.value}"
    if entities > 1:
        note += f" and {entities - 1} more"
    return Evidence(
        feature=first.feature,
        observed=first.observed,
        expected=first.expected,
        contribution=contribution,
        unit=first.unit,
        note=note if first.note is None else f"{note}: {first.note}",
    )


def _samples(suspects: Sequence[Suspect]) -> list[str]:
    """Return requests to look at, some of each suspect."""
    columns = [a.samples for s in suspects for a in s.claims.values()]
    rounds = (c[n] for n in range(MOST_SAMPLES) for c in columns if n < len(c))
    return list(dict.fromkeys(rounds))[:MOST_SAMPLES]
