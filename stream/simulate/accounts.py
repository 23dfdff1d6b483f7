"""What each account looks like from outside: names, addresses, payments, clients."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from stream.simulate import identity
from stream.simulate.classes import CLASSES
from stream.simulate.hydra import Hydra
from stream.simulate.population import Population
from stream.simulate.world import World

_HOSTS_OF_A_PROXY: Final = 8
_NATIONS: Final = ("US", "GB", "DE", "FR", "IN", "BR", "JP", "KR", "CA", "PL", "NG", "SG")
_AUTONOMOUS: Final = 64_512  # first of the numbers kept for private use
_NEXT_CARD: Final = 1 << 30  # added to the number of a benign payment when it is replaced
_CAMPAIGNS: Final = 1 << 38  # where the numbers of a campaign's payments begin, times its own
_HOMES: Final = 1_900_000


class Accounts:
    """Identities by actor: the benign accounts by row, then each campaign's tenants in order."""

    def __init__(self, *, world: World, population: Population, hydras: Sequence[Hydra]) -> None:
        # Multiplied so that neighbouring seeds share no names.
        self._salt = identity.mixed(world.seed & 0xFFFF_FFFF_FFFF)
        self._population = population
        self._hydras = hydras
        self._benign = len(population.kind)
        self._firsts: list[int] = []
        first = self._benign
        for hydra in hydras:
            self._firsts.append(first)
            first += len(hydra.tenants)
        self._customers = {
            row: (number, proxy)
            for number, hydra in enumerate(hydras)
            for row, proxy in hydra.customers.items()
        }

    def first_actor(self, campaign: int) -> int:
        """Return the actor number of a campaign's first account."""
        return self._firsts[campaign]

    def name(self, actor: int) -> str:
        """Return an account's identifier."""
        return f"a{identity.mixed(actor ^ self._salt):012x}"

    def payment(self, actor: int, changes: int = 0) -> str | None:
        """Return the keyed hash of an account's payment instrument, if it pays.

        `changes` says how often it has replaced the one it began with.
        """
        if actor < self._benign:
            number = int(self._population.payment[actor])
            if number < 0:
                return None
            number += changes * _NEXT_CARD
        else:
            campaign, tenant = self._tenant(actor)
            number = (campaign + 1) * _CAMPAIGNS + self._hydras[campaign].purse(tenant, changes)
        return f"p{identity.mixed((number + (1 << 44)) ^ self._salt):012x}"

    def plan(self, actor: int) -> str:
        """Return an account's type."""
        if self.payment(actor) is None:
            return "free"
        if actor < self._benign:
            kind = CLASSES[self._population.names[int(self._population.kind[actor])]]
            return "enterprise" if kind.block in ("datacenter", "office") else "paid"
        return "paid"

    def client(self, actor: int) -> tuple[str, str]:
        """Return the user agent and the TLS fingerprint that an account comes with."""
        if actor < self._benign:
            return identity.CLIENTS[int(self._population.client[actor])]
        campaign, tenant = self._tenant(actor)
        hydra = self._hydras[campaign]
        slot = hydra.tenants[tenant].slot
        common = identity.CLIENTS[int(hydra.client[slot])]
        own = hydra.own_client(slot)
        if own is None:
            return common
        number = campaign * identity.CLIENTS_OF_A_CAMPAIGN + own
        return common[0], identity.own_fingerprint(number, salt=self._salt)

    def address(self, actor: int, egress: int) -> str:
        """Return the client address of one of an account's egresses."""
        proxy = self._proxy(actor, egress)
        if proxy is not None:
            host = 1 + actor % _HOSTS_OF_A_PROXY
            return identity.address(place=_place(*proxy), host=host, salt=self._salt)
        place, moves, egress = int(self._population.place[actor]), egress >> 3, egress & 7
        home = place < identity.site(block=identity.OFFICE, number=0)
        if home and actor % 5 == 0:
            return identity.address6(place=place * 2 + egress, salt=self._salt)
        if home and egress:
            # The second place of a person is a phone.
            place = identity.site(block=identity.CARRIER, number=1_000_000 + actor // 40)
        elif home and moves:
            # Providers give a home another address now and then, which was another home's.
            place = (place + moves * 7_919) % _HOMES
        crowded = self._population.places[actor] > 1 and not home
        return identity.address(place=place, host=40 * egress if crowded else 7, salt=self._salt)

    def range_of_proxy(self, campaign: int, proxy: int) -> str:
        """Return the /24 range that a proxy's addresses lie in."""
        return identity.range_of(place=_place(campaign, proxy), salt=self._salt)

    def slot(self, actor: int) -> int:
        """Return the campaign slot that an account fills."""
        campaign, tenant = self._tenant(actor)
        return self._hydras[campaign].tenants[tenant].slot

    def fragment(self, actor: int, egress: int, purse: int) -> str:
        """Return the part of a request's line that only who asks and from where decide."""
        address = self.address(actor, egress)
        home = identity.mixed(_network(address))
        agent, ja4 = self.client(actor)
        payment = self.payment(actor, purse)
        paid = f'"payment":"{payment}",' if payment else ""
        return (
            f'"account":"{self.name(actor)}",{self._organisation(actor)}"ip":"{address}",'
            f'"asn":{_AUTONOMOUS + home % 900},"country":"{_NATIONS[home % len(_NATIONS)]}",'
            f'"user_agent":"{agent}","ja4":"{ja4}",{paid}"plan":"{self.plan(actor)}"'
        )

    def _organisation(self, actor: int) -> str:
        if actor >= self._benign:
            return ""
        kind = self._population.names[int(self._population.kind[actor])]
        if kind != "office":
            return ""
        number = int(self._population.place[actor])
        return f'"org":"o{identity.mixed((number + (1 << 45)) ^ self._salt):012x}",'

    def _proxy(self, actor: int, egress: int) -> tuple[int, int] | None:
        if actor < self._benign:
            return self._customers.get(actor)
        campaign, tenant = self._tenant(actor)
        return campaign, self._hydras[campaign].proxy(tenant, egress)

    def _tenant(self, actor: int) -> tuple[int, int]:
        """Return which campaign an account belongs to, and its number among the tenants."""
        campaign = bisect_right(self._firsts, actor) - 1
        return campaign, actor - self._firsts[campaign]


def _network(address: str) -> int:
    # A number for the range an address lies in, the same in every process.
    return int.from_bytes(address.rpartition(".")[0].encode()[-6:] or b"6")


def _place(campaign: int, proxy: int) -> int:
    number = campaign * identity.PROXIES_OF_A_CAMPAIGN + proxy
    return identity.site(block=identity.PROXY, number=number)
