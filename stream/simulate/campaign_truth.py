"""What is true of one campaign: its accounts, bans, heirs, templates, and samples of requests."""

from collections import Counter
from typing import Any, Final

import numpy as np

from stream.simulate.campaigns import CAPABILITIES
from stream.simulate.columns import Columns
from stream.simulate.encode import identifiers
from stream.simulate.identity import MODELS, NEW_MODEL, mixed_columns
from stream.simulate.traffic import Traffic
from stream.simulate.wording import CAMPAIGN, Wording, campaign_number, wording
from stream.simulate.world import DAY, World

_EXAMPLES: Final = 2  # of each template
_SAMPLES: Final = 1_000  # requests of each campaign, about
_REFUSED: Final = (401, 403)
_UNSEEN: Final[dict[str, Any]] = {
    "first": None,
    "last": None,
    "first_extraction": None,
    "requests": 0,
    "extraction": 0,
    "denied": 0,
    "moved": 0,
}


class CampaignTruth:
    """Sums up one campaign's requests, and tells of them and of its plan."""

    def __init__(self, world: World, traffic: Traffic, number: int) -> None:
        self._world, self._accounts = world, traffic.accounts
        self._hydra = traffic.hydras[number]
        self._campaign = self._hydra.campaign
        self._first = traffic.accounts.first_actor(number)
        self._end = self._first + len(self._hydra.tenants)
        self._seen: dict[int, dict[str, Any]] = {}
        self._proxies: dict[int, set[int]] = {}
        self._payments: dict[int, list[str]] = {}
        self._capabilities: Counter[int] = Counter()
        self._failovers: list[dict[str, Any]] = []
        self._owners: dict[int, int] = {}
        self._samples: list[dict[str, Any]] = []
        shape = self._campaign.shape
        expected = shape.accounts * shape.requests_per_account_day * world.hours * 3_600 / DAY
        self._one_in = max(1, round(expected / _SAMPLES))
        self._identifiers = identifiers(world)

    def see(self, requests: Columns) -> None:
        """Count what of these requests is the campaign's; they come in the order of time."""
        mine = (requests["actor"] >= self._first) & (requests["actor"] < self._end)
        mine_only = requests[mine]
        if not len(mine_only):
            return
        self._capabilities.update(mine_only["capability"].tolist())
        self._count(mine_only)
        self._follow(mine_only)
        self._places(mine_only)
        self._sample(mine_only)

    def told(self) -> dict[str, Any]:
        """Return the labels."""
        accounts, hydra = self._accounts, self._hydra
        members: dict[str, dict[str, Any]] = {}
        bans: list[dict[str, Any]] = []
        heirs: dict[str, str] = {}
        for place, tenant in enumerate(hydra.tenants):
            actor = self._first + place
            name = accounts.name(actor)
            banned = round(tenant.banned, 3) if np.isfinite(tenant.banned) else None
            members[name] = {
                "role": "founder" if tenant.heir_of is None else "heir",
                "slot": tenant.slot,
                "payment": self._payments.get(actor, [accounts.payment(actor)])[0],
                "proxies": self._ranges(self._proxies_of(place)),
                "created": round(tenant.created, 3) if np.isfinite(tenant.created) else None,
                "banned": banned,
                **self._seen.get(actor, _UNSEEN),
            }
            if banned is not None:
                bans.append({"ts": banned, "account": name})
            if tenant.heir_of is not None:
                heirs[accounts.name(self._first + tenant.heir_of)] = name
        payments = {each for used in self._payments.values() for each in used}
        return {
            "name": self._campaign.name,
            "shape": self._campaign.shape_name,
            "settings": self._campaign.settings(),
            "capabilities": self._shares(),
            "accounts": members,
            "bans": sorted(bans, key=lambda ban: (float(ban["ts"]), str(ban["account"]))),
            "heirs": heirs,
            "failovers": self._failovers,
            "proxies": self._carried(),
            "payments": sorted(payments | {str(each["payment"]) for each in members.values()}),
            "clients": self._clients(),
            "templates": self._templates(),
            "samples": self._samples,
            "first_extraction": min(
                (each["first_extraction"] for each in members.values() if each["extraction"]),
                default=None,
            ),
            "pivot": self._pivot(),
        }

    def _count(self, requests: Columns) -> None:
        columns = [
            requests[name].tolist() for name in ("actor", "ts", "extraction", "status", "model")
        ]
        for actor, ts, wanted, status, model in zip(*columns, strict=True):
            its = self._seen.setdefault(actor, dict(_UNSEEN, first=ts))
            its["last"] = ts
            its["requests"] += 1
            its["extraction"] += wanted
            its["denied"] += status in _REFUSED
            its["moved"] += model == NEW_MODEL
            if wanted and its["first_extraction"] is None:
                its["first_extraction"] = ts

    def _follow(self, requests: Columns) -> None:
        """Note where a conversation goes on under another account."""
        name = self._accounts.name
        for ts, talk, actor in requests[["ts", "conversation", "actor"]].tolist():
            before = self._owners.setdefault(talk, actor)
            if before != actor:
                self._owners[talk] = actor
                moved = {"conversation": f"c{talk:012x}", "from": name(before), "to": name(actor)}
                self._failovers.append({"ts": ts, **moved})

    def _places(self, requests: Columns) -> None:
        pairs = {tuple(pair) for pair in requests[["actor", "egress"]].tolist()}
        for actor, egress in sorted(pairs):
            proxy = self._hydra.proxy(actor - self._first, egress)
            self._proxies.setdefault(actor, set()).add(proxy)
        for actor, purse in sorted({tuple(pair) for pair in requests[["actor", "purse"]].tolist()}):
            payment = str(self._accounts.payment(actor, purse))
            used = self._payments.setdefault(actor, [])
            if payment not in used:
                used.append(payment)

    def _sample(self, requests: Columns) -> None:
        drawn = requests[mixed_columns(requests["number"]) % self._one_in == 0]
        columns = (drawn["ts"].tolist(), drawn["actor"].tolist(), drawn["capability"].tolist())
        for identifier, ts, actor, after in zip(self._identifiers(drawn), *columns, strict=True):
            sample = {"id": identifier, "ts": ts, "account": self._accounts.name(actor)}
            self._samples.append({**sample, "capability": CAPABILITIES[after]})

    def _proxies_of(self, place: int) -> list[int]:
        """Return the proxies an account has, by plan and by where it moved."""
        planned = {
            self._hydra.proxy(place, egress) for egress in range(self._hydra.egresses.shape[1])
        }
        return sorted(self._proxies.get(self._first + place, set()) | planned)

    def _ranges(self, proxies: list[int]) -> list[str]:
        number = self._campaign.number
        return [self._accounts.range_of_proxy(number, proxy) for proxy in proxies]

    def _shares(self) -> dict[str, float]:
        total = max(self._capabilities.total(), 1)
        counts = sorted(self._capabilities.items())
        return {CAPABILITIES[after]: round(count / total, 4) for after, count in counts}

    def _carried(self) -> dict[str, dict[str, list[str]]]:
        count = self._campaign.shape.proxies
        proxies: list[dict[str, list[str]]] = [
            {"accounts": [], "customers": []} for _ in range(count)
        ]
        for place in range(len(self._hydra.tenants)):
            for proxy in self._proxies_of(place):
                proxies[proxy]["accounts"].append(self._accounts.name(self._first + place))
        for row, proxy in self._hydra.customers.items():
            proxies[proxy]["customers"].append(self._accounts.name(row))
        return dict(zip(self._ranges(list(range(count))), proxies, strict=True))

    def _clients(self) -> list[dict[str, str]]:
        tenants = range(len(self._hydra.tenants))
        named = {self._accounts.client(self._first + place) for place in tenants}
        return [{"user_agent": agent, "ja4": ja4} for agent, ja4 in sorted(named)]

    def _templates(self) -> list[dict[str, Any]]:
        world, campaign = self._world, self._campaign
        words = Wording(seed=world.seed, campaigns=world.campaigns, text="prompt")
        count = campaign.shape.templates
        numbers = campaign_number(campaign.number, np.arange(count)).tolist()
        return [
            {
                "id": number,
                "capability": CAPABILITIES[campaign.capability(number)],
                "examples": [
                    words.text(which=wording(CAMPAIGN, numbers[number]), chance=example, cue=False)
                    for example in range(_EXAMPLES)
                ],
            }
            for number in range(count)
        ]

    def _pivot(self) -> dict[str, Any] | None:
        world, shape = self._world, self._campaign.shape
        if world.released is None or not shape.pivot_share:
            return None
        begins = world.released + shape.pivot_delay
        if begins >= world.end:
            return None
        return {
            "start": begins,
            "end": begins + shape.pivot_seconds,
            "share": shape.pivot_share,
            "model": MODELS[NEW_MODEL],
        }
