"""Campaigns: suspects that share accounts, under a name that stays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import xxhash
from msgspec import convert

from detectors.core.campaign import Campaign, Members, Together, members_of, thin
from detectors.core.records import Alert
from detectors.core.suspects import LEAST_NATS, Suspect, Suspects, nats_of, says_more
from detectors.core.ties import components
from detectors.sketches.crowding import Crowd

#: Looks back that are kept of one campaign.
HISTORY = 200
#: Campaigns that one is remembered to have taken in.
MOST_MERGED = 50


class Campaigns:
    """Keeps names for the components of a graph that changes.

    Suspects that share accounts are one campaign.  When campaigns merge, the older name stays, or
    that which was told already; when one falls apart, the part with most accounts keeps it.
    """

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self.suspects = Suspects()
        self.by_id: dict[str, Campaign] = {}
        self.members: dict[str, Members] = {}
        self._campaign_of: dict[str, str] = {}

    def campaign_of(self, account: str) -> str | None:
        """Return the name of the campaign that an account takes part in."""
        return self._campaign_of.get(account)

    def of_most(self, accounts: Sequence[str]) -> str | None:
        """Return the name of the campaign that more than half of some accounts take part in."""
        names = Counter(self._campaign_of.get(account) for account in accounts)
        ((name, count),) = names.most_common(1) or [(None, 0)]
        return name if 2 * count > len(accounts) else None

    def take(self, name: str, own: Alert) -> None:
        """Take in what a campaign's accounts did, together or one, unless more is known of it."""
        campaign = self.by_id[name]
        known = {(alert.detector, alert.entity.scope): alert for alert in campaign.own}
        kind = own.detector, own.entity.scope
        if says_more(own, known.get(kind)):
            campaign.own = sorted((known | {kind: own}).values(), key=_when)
            self.members[name] = replace(self.members[name], own=campaign.own)

    def group(self, tick: int, *, accounts: int, crowd: Crowd | None) -> None:
        """Give what hangs together its names, where there are so many accounts in all."""
        parts = components(self.suspects, accounts=accounts, crowd=crowd)
        found = [members_of(part, crowd=crowd) for part in parts]
        found.sort(key=lambda m: (-len(m.accounts), m.suspects[0].key))
        before, self.members = self.members, {}
        for members in found:
            self.members[self._name(members, tick)] = members
        own = [(alert, name) for name, campaign in self.by_id.items() for alert in campaign.own]
        names = {s.key: name for name, members in self.members.items() for s in members.suspects}
        for name in sorted(before.keys() - self.members.keys()):
            self._merge(
                self.by_id.pop(name), Counter(names.get(s.key) for s in before[name].suspects)
            )
        self._place_accounts()
        for suspect in self.suspects:
            name_now = names.get(suspect.key)
            suspect.changed |= suspect.campaign != name_now
            suspect.campaign = name_now
        self._hand_on([(a, name) for a, name in own if nats_of(a, tick) >= LEAST_NATS])

    def note(self, name: str, tick: int) -> None:
        """Write down how large a campaign is by now."""
        campaign, members = self.by_id[name], self.members[name]
        campaign.history.append((tick, len(members.accounts), len(members.suspects)))
        thin(campaign.history, most=HISTORY)

    def snapshot(self) -> dict[str, Any]:
        """Return the campaigns; their suspects, which know their names, are saved one by one.

        Accounts are saved as they were agreed on: by now their suspects may name others.
        """
        return {
            "campaigns": [asdict(campaign) for campaign in self.by_id.values()],
            "members": [[name, m.accounts, m.meeting] for name, m in self.members.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`, once the suspects are there."""
        for kept in state["campaigns"]:
            kept["history"] = [tuple(entry) for entry in kept["history"]]
            kept["own"] = convert(kept["own"], list[Alert])
            self.by_id[kept["id"]] = Campaign(**kept)
        suspects: dict[str | None, list[Suspect]] = {}
        for suspect in sorted(self.suspects, key=lambda suspect: suspect.key):
            suspects.setdefault(suspect.campaign, []).append(suspect)
        for name, accounts, meeting in state["members"]:
            self.members[name] = Members(
                suspects=suspects[name],
                accounts=accounts,
                meeting=meeting and Together(*meeting),
                own=self.by_id[name].own,
            )
        self._place_accounts()

    def _place_accounts(self) -> None:
        """Note which campaign each account is in, of several the largest."""
        self._campaign_of = {}
        for name, members in self.members.items():
            for account in members.accounts:
                self._campaign_of.setdefault(account, name)

    def _merge(self, gone: Campaign, into: Counter[str | None]) -> None:
        """Note which campaign most of one that was told are part of by now, if of any."""
        ((name, _),) = into.most_common(1)
        if name is None or not gone.told_at:
            return
        campaign = self.by_id[name]
        campaign.merged = [*campaign.merged, *gone.merged, gone.id][-MOST_MERGED:]
        campaign.onset = min(campaign.onset, gone.onset)

    def _hand_on(self, own: list[tuple[Alert, str]]) -> None:
        """Give what accounts did to the campaign they are in by now, or else to whose it was."""
        for campaign in self.by_id.values():
            campaign.own = []
        for alert, name in sorted(own, key=lambda known: _when(known[0])):
            now = self.of_most(alert.accounts) or name
            if now in self.by_id:
                self.take(now, alert)

    def _name(self, members: Members, tick: int) -> str:
        known = {s.campaign for s in members.suspects if s.campaign in self.by_id}
        free = [self.by_id[c] for c in known if c and c not in self.members]
        if free:
            return min(free, key=lambda c: (c.told_at == 0, c.formed, c.id)).id
        scope, value = members.suspects[0].key
        digest = xxhash.xxh3_64_hexdigest(f"{scope}|{value}|{tick}".encode(), self.seed)
        self.by_id[digest] = Campaign(id=digest, formed=tick)
        return digest


def _when(alert: Alert) -> tuple[float, str]:
    return alert.ts, alert.id
