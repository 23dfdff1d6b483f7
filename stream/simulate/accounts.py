"""What each account looks like from outside: names, addresses, payments, clients."""

from typing import Final

from stream.simulate import identity
from stream.simulate.hydra import Hydra
from stream.simulate.population import Population
from stream.simulate.world import World

_HOSTS_OF_A_PROXY: Final = 8
_NATIONS: Final = ("US", "GB", "DE", "FR", "IN", "BR", "JP", "KR", "CA", "PL", "NG", "SG")
_AUTONOMOUS: Final = 64_512  # first of the numbers kept for private use
_OWNED_BLOCKS: Final = {"reseller", "assistant_backend", "product_backend", "batch"}


class Accounts:
    """Identities by actor: the benign accounts by row, then the campaign's tenants in order."""

    def __init__(self, *, world: World, population: Population, hydra: Hydra) -> None:
        # Multiplied so that neighbouring seeds share no names.
        self._salt = identity.mixed(world.seed & 0xFFFF_FFFF_FFFF)
        self._population = population
        self._hydra = hydra
        self._benign = len(population.kind)

    @property
    def first_campaign_actor(self) -> int:
        """The actor number of the campaign's first account."""
        return self._benign

    def name(self, actor: int) -> str:
        """Return an account's identifier."""
        return f"a{identity.mixed(actor ^ self._salt):012x}"

    def payment(self, actor: int) -> str | None:
        """Return the keyed hash of an account's payment instrument, if it pays."""
        if actor < self._benign:
            number = int(self._population.payment[actor])
            if number < 0:
                return None
        else:
            number = self._benign + int(self._hydra.payment[self.slot(actor)])
        return f"p{identity.mixed((number + (1 << 44)) ^ self._salt):012x}"

    def plan(self, actor: int) -> str:
        """Return an account's type."""
        if self.payment(actor) is None:
            return "free"
        if actor < self._benign:
            kind = self._population.names[int(self._population.kind[actor])]
            return "enterprise" if kind in _OWNED_BLOCKS or kind == "office" else "paid"
        return "paid"

    def address(self, actor: int, egress: int) -> str:
        """Return the client address of one of an account's egresses."""
        proxy = self._proxy(actor, egress)
        if proxy is not None:
            host = 1 + actor % _HOSTS_OF_A_PROXY
            return identity.address(place=_place(proxy), host=host, salt=self._salt)
        place = int(self._population.place[actor])
        home = place < identity.site(block=identity.OFFICE, number=0)
        if home and actor % 5 == 0:
            return identity.address6(place=place * 2 + egress, salt=self._salt)
        if home and egress:
            # The second place of a person is a phone.
            place = identity.site(block=identity.CARRIER, number=1_000_000 + actor // 40)
        crowded = self._population.places[actor] > 1 and not home
        return identity.address(place=place, host=40 * egress if crowded else 7, salt=self._salt)

    def range_of_proxy(self, proxy: int) -> str:
        """Return the /24 range that a proxy's addresses lie in."""
        return identity.range_of(place=_place(proxy), salt=self._salt)

    def proxies(self, actor: int) -> list[int]:
        """Return the proxies that an account's requests may come through."""
        if actor < self._benign:
            proxy = self._hydra.customers.get(actor)
            return [] if proxy is None else [proxy]
        return sorted(set(self._hydra.egresses[self.slot(actor)].tolist()))

    def slot(self, actor: int) -> int:
        """Return the campaign slot that an account fills."""
        return self._hydra.tenants[actor - self._benign].slot

    def fragment(self, actor: int, egress: int) -> str:
        """Return the part of a request's line that only the account and its egress decide."""
        address = self.address(actor, egress)
        home = identity.mixed(_network(address))
        client = self._population.client if actor < self._benign else self._hydra.client
        agent, ja4 = identity.CLIENTS[
            int(client[actor if actor < self._benign else self.slot(actor)])
        ]
        payment = self.payment(actor)
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

    def _proxy(self, actor: int, egress: int) -> int | None:
        if actor < self._benign:
            return self._hydra.customers.get(actor)
        return int(self._hydra.egresses[self.slot(actor), egress])


def _network(address: str) -> int:
    # A number for the range an address lies in, the same in every process.
    return int.from_bytes(address.rpartition(".")[0].encode()[-6:] or b"6")


def _place(proxy: int) -> int:
    return identity.site(block=identity.PROXY, number=proxy)
