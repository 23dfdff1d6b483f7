"""Level 3: groups that share accounts become one campaign; candidates in, alerts out."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from detectors.core import campaign_alert
from detectors.core.calibration import DAY
from detectors.core.campaign import Campaign, Members
from detectors.core.campaigns import Campaigns
from detectors.core.detector import pack, unpack
from detectors.core.discovery import Discovery
from detectors.core.level import FAINT, REPEAT
from detectors.core.moves import Moves
from detectors.core.output import Checkpoint, Output
from detectors.core.records import SUPPORTING, Alert, Behind, Candidates
from detectors.core.settings import Settings
from detectors.core.suspects import Suspect
from detectors.core.waiting import Waiting
from detectors.sketches.crowding import Crowd

#: Seconds between two looks at what has faded, if there is room till then; and of one test of how a
#: campaign moves.
LOOK = 600
#: How many times as many accounts of a campaign are worth telling.
GROWTH = 1.25
#: Members of suspects for which a second must pass until it is looked again what hangs together,
#: unless an alert came that belongs to no campaign: that takes a second's work for each 100,000.
NAMES_A_SECOND = 20_000


class CampaignLevel:
    """Decides what is told: alerts of entities that stand alone, and of campaigns.

    A candidate that shares no accounts with another is told if it is an alert by itself.  Those
    that do share are one campaign, which is told when one of them is an alert by itself or when
    all together are one, again when it has grown by a quarter, shows a new signal, changes anew or
    lasts another hour; what its suspects and accounts raise meanwhile is its evidence, and is not
    told besides.

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
        self.moves = Moves()
        self._tracked: dict[int, int] = {}
        self._crowds: dict[int, Crowd] = {}
        self._looked = 0
        self._grouped = 0
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
        return 100 * self.campaigns.suspects.held

    def process(self, candidates: Sequence[Candidates], offset: int) -> Output:
        """Take in one record; ticks that all partitions of the groups have closed are judged."""
        self.waiting.take(candidates, offset, clock=self.clock)
        output = Output()
        for tick, ready in self.waiting.ready():
            self.clock = tick
            for part in ready:
                self._tracked[part.source] = part.tracked
                if part.crowd is not None:
                    self._crowds[part.source] = part.crowd
            campaign_of = self.campaigns.campaign_of
            moved = [self.moves.take(p, tick=tick, campaign_of=campaign_of) for p in ready]
            alerts = [one for part in ready for one in zip(part.alerts, part.behind, strict=True)]
            if alerts or any(moved) or tick - self._looked >= LOOK:
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
            "crowds": sorted(self._crowds.items()),
            "moves": self.moves.snapshot(),
            "clock": self.clock,
            "looked": self._looked,
            "grouped": self._grouped,
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
        self._tracked = dict(kept["tracked"])
        self._crowds = {source: Crowd(*crowd) for source, crowd in kept["crowds"]}
        self.moves.restore(kept["moves"])
        self.clock, self._looked, self._grouped = kept["clock"], kept["looked"], kept["grouped"]
        self.alerts_raised, self._next_segment = kept["alerts_raised"], kept["next_segment"]
        self.campaigns.restore(kept["campaigns"])

    def _close(self, tick: int, alerts: Sequence[tuple[Alert, Behind]]) -> list[Alert]:
        campaigns = self.campaigns
        alone = [alert for alert, _ in alerts if alert.entity.scope == "account"]
        groups = [one for one in alerts if one[0].entity.scope not in ("account", "service")]
        others = [alert for alert, _ in groups]
        touched = {one[0].id: campaigns.suspects.take(*one) for one in groups}
        due = any(a.severity != "info" and touched[a.id].campaign is None for a in others)
        due |= tick - self._grouped >= campaigns.suspects.names // NAMES_A_SECOND
        if tick - self._looked >= LOOK or campaigns.suspects.overfull:
            self._looked, due = tick, True
            campaigns.suspects.fade(tick)
        if due:
            self._grouped = tick
            # As often as where they meet most: to find two at one place is no wonder there.
            crowd = Crowd.closest(list(self._crowds.values()))
            campaigns.group(tick, accounts=max(self._tracked.values(), default=0), crowd=crowd)
        told = [alert for alert, _ in alerts if alert.entity.scope == "service"]
        since: dict[str, float] = {}  # when the newest change of each campaign began
        if due:
            since = dict.fromkeys((n for n, c in campaigns.by_id.items() if not c.told_at), 0.0)
        for alert in others:
            name = touched[alert.id].campaign
            if name is not None:
                onset = alert.window.start if alert.severity != "info" else 0.0
                since[name] = max(onset, since.get(name, 0.0))
        for name, own in self._pivots(tick):
            campaigns.take(name, own)
            onset = own.window.start if own.severity != "info" else 0.0
            since[name] = max(onset, since.get(name, 0.0))
        of = {alert.id: campaigns.of_most(alert.accounts) for alert in alone}
        for alert in alone:
            name = of[alert.id]
            if name is not None and alert.severity != "info":
                campaigns.take(name, alert)
                since.setdefault(name, 0.0)  # one account of many is no new change of them all
        for name, onset in since.items():
            if self._due(campaigns.by_id[name], tick, onset):
                told.append(self._tell(campaigns.by_id[name], campaigns.members[name], tick))
        for alert in others:
            if touched[alert.id].campaign is None and (again := touched[alert.id].tell(alert)):
                told.append(again)
        for alert in alone:
            name = of[alert.id]
            if name is None or not campaigns.by_id[name].told_at:
                told.append(replace(alert, campaign=name))
        self.alerts_raised += len(told)
        return told

    def _pivots(self, tick: int) -> list[tuple[str, Alert]]:
        """Return alerts of the campaigns whose accounts now move faster than customers do."""
        campaigns = self.campaigns
        sizes = {name: len(members.accounts) for name, members in campaigns.members.items()}
        found = self.moves.pivots(tick, sizes=sizes, campaign_of=campaigns.campaign_of)
        tests = max(len(sizes), 1) * DAY / LOOK
        limit = min(self.settings.alerts_per_day / tests, FAINT)
        return [
            (
                name,
                campaign_alert.pivot_of(
                    name, pivot, tick=tick, limit=limit, settings=self.settings
                ),
            )
            for name, pivot in found.items()
            if math.exp(-pivot.nats) <= FAINT
        ]

    def _due(self, campaign: Campaign, tick: int, onset: float) -> bool:
        """Say whether a campaign is to be told now, whose newest change began at ``onset``."""
        members = self.campaigns.members[campaign.id]
        signals = members.signals()
        if not members.accounts or signals <= SUPPORTING:
            return False
        if campaign.told_at:
            waited, untold = tick - campaign.told_at, len(members.accounts) - campaign.told_accounts
            grown = len(members.accounts) >= GROWTH * campaign.told_accounts
            grown |= untold > 0 and waited >= LOOK
            new = not signals <= set(campaign.told_signals)
            changed = onset > campaign.told_at
            return grown or new or changed or waited >= REPEAT
        if members.strong():
            return True
        nats = members.beyond(tick)
        if nats <= campaign.tested + 1.0:
            return False
        campaign.tested = nats
        return self.discovery.test(math.exp(-nats), tick=tick)

    def _tell(self, campaign: Campaign, members: Members, tick: int) -> Alert:
        best = [alerts[0] for alerts in members.claims().values()]
        campaign.onset = min(campaign.onset, *(alert.window.start for alert in best))
        campaign.told_at, campaign.told_accounts = tick, len(members.accounts)
        campaign.told_signals = sorted({*campaign.told_signals, *members.signals()})
        self.campaigns.note(campaign.id, tick)
        limit = FAINT * self.discovery.stake
        return campaign_alert.of(campaign, members, tick=tick, limit=limit, settings=self.settings)
