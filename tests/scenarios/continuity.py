"""Scenarios of what goes on after a ban or a denial, under another account."""

from collections.abc import Callable
from typing import Any

from tests.scenarios.world import HOUR, MINUTE, START, World

GRAIN = 10


def hydra_heirs(world: World) -> None:
    """Twelve accounts of a proxy's thirty are banned in an hour; each is replaced in minutes."""
    then, end = START + 100 * MINUTE, START + 190 * MINUTE
    _offices(world, end=end)
    for number in range(30):
        account = f"hydra-{number}"
        world.known(account)
        banned = then + number * 5 * MINUTE if number < 12 else end
        world.steady(account, start=START, end=banned, an_hour=20, proxy="hydra")
        if banned < end:
            world.banned(account, at=banned)
            _refused(world, account, at=banned, proxy="hydra")
            begins = banned + world.chance.uniform(2, 9) * MINUTE
            world.created(f"heir-{number}", at=begins - 90)
            world.steady(f"heir-{number}", start=begins, end=end, an_hour=20, proxy="hydra")
    world.catch("heir", "proxy", value="hydra", accounts_at_least=3, after=then, within=5400)
    world.spare("heir", value="office-*")


def payment_heirs(world: World) -> None:
    """All twenty accounts of one card are banned at once; twenty new ones pay with it."""
    then, end = START + 100 * MINUTE, START + 170 * MINUTE
    _offices(world, end=end)
    for number in range(20):
        account = f"farm-{number}"
        world.known(account)
        own: dict[str, Any] = {"ip": f"198.51.{number}.7", "payment": "card-7"}
        world.steady(account, start=START, end=then, an_hour=20, **own)
        world.banned(account, at=then)
        begins = then + world.chance.uniform(5, 40) * MINUTE
        world.created(f"heir-{number}", at=begins - 90)
        own["ip"] = f"198.52.{number}.7"
        world.steady(f"heir-{number}", start=begins, end=end, an_hour=20, **own)
    world.catch("heir", "payment", value="card-7", accounts_at_least=3, after=then, within=3600)
    world.spare("heir", scope="proxy")


def template_heirs(world: World) -> None:
    """Twelve of thirty accounts that have only a skeleton in common are banned and replaced."""
    then, end = START + 100 * MINUTE, START + 190 * MINUTE
    _offices(world, end=end)
    sketch = "".join(f"{value:016x}" for value in (0xA, 0xB, 0xC, 0xD))
    for number in range(30):
        account = f"farm-{number}"
        world.known(account)
        banned = then + number * 5 * MINUTE if number < 12 else end
        own: dict[str, Any] = {"ip": f"198.51.{number}.7", "prompt_sketch": sketch}
        world.steady(account, start=START, end=banned, an_hour=20, **own)
        if banned < end:
            world.banned(account, at=banned)
            begins = banned + world.chance.uniform(2, 9) * MINUTE
            world.created(f"heir-{number}", at=begins - 90)
            own["ip"] = f"198.52.{number}.7"
            world.steady(f"heir-{number}", start=begins, end=end, an_hour=20, **own)
    world.catch("heir", "template", accounts_at_least=3, after=then, within=5400)
    world.spare("heir", scope="proxy")


def campaign_grows_back(world: World) -> None:
    """Of a proxy's thirty accounts, all on one card, fifteen are banned, and a dozen replaced."""
    then, end = START + 100 * MINUTE, START + 220 * MINUTE
    _offices(world, end=end)
    own: dict[str, Any] = {"proxy": "hydra", "payment": "card-3"}
    for number in range(30):
        account = f"hydra-{number}"
        world.known(account)
        banned = then + number * 4 * MINUTE if number < 15 else end
        world.steady(account, start=START, end=banned, an_hour=20, **own)
        if banned < end:
            world.banned(account, at=banned)
        if number < 12:
            begins = banned + world.chance.uniform(2, 9) * MINUTE
            world.created(f"heir-{number}", at=begins - 90)
            world.steady(f"heir-{number}", start=begins, end=end, an_hour=20, **own)
    world.catch("campaign", "campaign", accounts_at_least=6, after=then, within=7200)
    world.spare("heir", value="office-*")


def crossed_crowds(world: World) -> None:
    """An office, a reseller, a VPN exit and a popular template share accounts, and each stirs."""
    then, end = START + 65 * MINUTE, START + 95 * MINUTE
    _offices(world, end=end)
    world.released("fable-5", at=then)
    for number in range(360):
        account = f"user-{number}"
        world.known(account)
        fields: dict[str, Any] = {"ip": f"100.{number % 250}.{number // 250}.9"}
        if number < 90:
            fields = {"proxy": "tower"}
        elif world.chance.random() < 0.25:
            fields = {"proxy": "vpn"}
        if world.chance.random() < 0.2:
            fields["payment"] = "reseller"
        popular = world.chance.random() < 0.5
        for at in world.sittings(start=START, end=end, an_hour=6):
            new = at > then and world.chance.random() < (0.2 if number % 3 else 0.0)
            if popular:
                fields["prompt"] = (
                    "You are a careful coding agent. Read the files below and then plan, edit and "
                    f"test in small steps until {world.words(4)} works: {world.words(6)}"
                )
            world.ask(account, at=at, model="fable-5" if new else "opus-5", grain=2, **fields)
    for number in range(16):  # newcomers to the reseller and to the exit
        begins = START + world.chance.uniform(20, 90) * MINUTE
        world.created(f"customer-{number}", at=begins - 600)
        own = {"payment": "reseller"} if number % 2 else {"proxy": "vpn"}
        world.steady(f"customer-{number}", start=begins, end=end, an_hour=8, **own)
    world.spare("campaign")
    world.spare("heir")


def vpn_exit_after_bans(world: World) -> None:
    """Of an exit with a hundred newcomers an hour, eight accounts are banned in an hour."""
    then, end = START + 100 * MINUTE, START + 190 * MINUTE
    _offices(world, end=end)
    for number in range(300):
        begins = START + world.chance.uniform(0, 190 * MINUTE)
        world.created(f"traveller-{number}", at=begins - 60)
        until = min(begins + 40 * MINUTE, end)
        world.steady(f"traveller-{number}", start=begins, end=until, an_hour=20, proxy="vpn")
        if then < begins < then + HOUR and number % 12 == 0:
            world.banned(f"traveller-{number}", at=begins + 20 * MINUTE)
    world.spare("heir")


def ordinary_churn(world: World) -> None:
    """Offices take on new people now and then; one account of each is banned by chance."""
    end = START + 240 * MINUTE
    _offices(world, end=end)
    for office in range(24):
        for number in range(2):
            account = f"hired-{office}-{number}"
            begins = START + world.chance.uniform(10, 220) * MINUTE
            world.created(account, at=begins - 300)
            world.steady(account, start=begins, end=end, an_hour=8, proxy=f"office-{office}")
        world.banned(f"desk-{office}-1", at=START + world.chance.uniform(70, 200) * MINUTE)
    world.spare("heir")


def comes_back_after_a_ban(world: World) -> None:
    """A banned person makes a second account in the same office, and then a third."""
    then, end = START + 100 * MINUTE, START + 200 * MINUTE
    _offices(world, end=end)
    for number in range(2):
        account = f"again-{number}"
        world.banned("desk-3-1" if number == 0 else "again-0", at=then + number * 30 * MINUTE)
        begins = then + (3 + number * 30) * MINUTE
        world.created(account, at=begins - 60)
        world.steady(account, start=begins, end=end, an_hour=15, proxy="office-3")
    world.spare("heir")


def failover_across_accounts(world: World) -> None:
    """What one of forty accounts is denied goes on under another within seconds."""
    end = START + 120 * MINUTE
    _talkers(world, end=end)
    names = [f"hydra-{number}" for number in range(40)]
    world.known(*names)
    for name in names:
        for at in world.arrivals(start=START, end=end, an_hour=5):
            _talk(world, name, at=at, denied=0.05, others=names, system="task", proxy="hydra")
    world.catch("failover_echo", "account", value="hydra-*", accounts_at_least=8, after=START)
    world.spare("failover_echo", value="person-*")
    world.spare("failover_echo", value="double-*")


def person_with_two_accounts(world: World) -> None:
    """Twenty people change to their other account whenever they are denied."""
    end = START + 120 * MINUTE
    _talkers(world, end=end)
    for number in range(20):
        both = [f"double-{number}-a", f"double-{number}-b"]
        world.known(*both)
        for at in world.arrivals(start=START, end=end, an_hour=6):
            own: dict[str, Any] = {"ip": f"100.64.{number}.9"}
            _talk(world, both[0], at=at, denied=0.1, others=both, system="chat", **own)
    world.spare("failover_echo")


def storm_of_denials(world: World) -> None:
    """For ten minutes every other request is denied, and everybody tries again."""
    end = START + 90 * MINUTE
    storm = START + 60 * MINUTE
    for number in range(150):
        account = f"person-{number}"
        own: dict[str, Any] = {"ip": f"203.1.{number}.7"}
        world.known(account)
        for at in world.arrivals(start=START, end=end, an_hour=5):
            denied = 0.5 if storm < at < storm + 10 * MINUTE else 0.01
            same = world.chance.random() < 0.3  # an opening that many send
            opening = "hello" if same else None
            _talk(world, account, at=at, denied=denied, system="chat", opening=opening, **own)
    world.spare("failover_echo")
    world.spare("rate_surge")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    hydra_heirs,
    payment_heirs,
    template_heirs,
    campaign_grows_back,
    crossed_crowds,
    vpn_exit_after_bans,
    ordinary_churn,
    comes_back_after_a_ban,
    failover_across_accounts,
    person_with_two_accounts,
    storm_of_denials,
)


def _offices(world: World, *, end: float) -> None:
    """Offices of some accounts each, and people on their own."""
    world.people(60, end=end, an_hour=3)
    for office in range(24):
        for number in range(3 + office % 6):
            account = f"desk-{office}-{number}"
            world.known(account)
            for at in world.sittings(start=START, end=end, an_hour=5):
                world.ask(account, at=at, proxy=f"office-{office}", payment=f"firm-{office}")


def _refused(world: World, account: str, *, at: float, **fields: Any) -> None:
    """A banned account is not told so at once."""
    for later in range(3):
        world.ask(account, at=at + 5 + 20 * later, status=403, output_tokens=0, **fields)


def _talkers(world: World, *, end: float) -> None:
    """People who share a system prompt, and try again when they are denied."""
    for number in range(120):
        account = f"person-{number}"
        world.known(account)
        for at in world.arrivals(start=START, end=end, an_hour=3):
            _talk(world, account, at=at, denied=0.02, system="chat", ip=f"203.1.{number}.7")


def _talk(
    world: World,
    account: str,
    *,
    at: float,
    denied: float,
    system: str,
    others: list[str] | None = None,
    opening: str | None = None,
    **fields: Any,
) -> None:
    """A conversation of about six turns; what is denied is tried again, or tried elsewhere."""
    chance = world.chance
    prefixes = [system, opening or f"{chance.getrandbits(48):x}"]
    turns = 2 + int(chance.expovariate(1 / 4))
    while turns:
        no = chance.random() < denied
        status = chance.choice((429, 429, 403)) if no else 200
        world.ask(
            account,
            at=at,
            grain=GRAIN,
            prefix_hashes=prefixes[:1] + prefixes[1:][-10:],
            status=status,
            **fields,
        )
        at += chance.uniform(11, 40)
        if no and others is not None:
            account = chance.choice([other for other in others if other != account])
        if not no:
            prefixes = [*prefixes, *(f"{chance.getrandbits(48):x}" for _ in range(2))]
            turns -= 1
