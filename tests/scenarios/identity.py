"""Scenarios of the clients that accounts come with."""

from collections.abc import Callable

from tests.scenarios.world import HOUR, START, World

#: User agents and TLS fingerprints that everybody uses, and how often.
POPULAR = {
    ("chat-web/8.2", "t13d1516h2_8daaf6152771_e5627efa2ab1"): 30,
    ("chat-ios/5.1", "t13d2014h2_a09f3c656075_14788d8d241b"): 20,
    ("sdk-python/1.51", "t13d1812h1_85036bcba153_b26ce05bbdd6"): 20,
    ("sdk-node/4.9", "t13d5212h1_b262b3658495_8e6e362c5eac"): 10,
}
AGENT = ("desk-agent/1.0", "t13i1010h1_0f0e0d0c0b0a_a1b2c3d4e5f6")
AGENT_PROMPT = (
    "Use the tools search_orders and send_mail to answer this customer; call one tool at a time "
    "and wait for its result. Order: {} Letter: {}"
)
SDK = ("sdk-python/1.51", "t13d1812h1_85036bcba153_b26ce05bbdd6")


def one_client_behind_a_proxy(world: World) -> None:
    """Forty accounts, a day old at most, use one proxy and a program that nobody else has."""
    then = START + 2 * HOUR
    end = then + 2 * HOUR
    _popular_clients(world, end=end, people=700, an_hour=2)
    for number in range(40):
        account = f"farm-{number}"
        world.created(account, at=then - 2 * HOUR * (number % 12))
        for at in world.arrivals(start=then, end=end, an_hour=9):
            client = ("poold/3", "t13i0907h1_aa0bb1cc2dd3_0123456789ab")
            _ask(world, account, at, client, proxy="hydra", payment="card-7")
    world.catch("shared_client", "*", accounts_at_least=30, after=then, within=2 * HOUR)


def offices_with_programs_of_their_own(world: World) -> None:
    """Twelve firms each have a program of their own, and later two more; one has the usual SDK."""
    end = START + 5 * HOUR
    _popular_clients(world, end=end)
    for office in range(15):
        begins = START + (2 * HOUR if office > 11 else 0)
        for number in range(12 + office):
            account = f"desk-{office}-{number}"
            world.known(account)
            client = (f"firm-{office}/1.{number % 2}", "t13d1812h1_85")
            for at in world.sittings(start=begins, end=end, an_hour=5):
                _ask(world, account, at, SDK if office == 12 else client,
                     proxy=f"office-{office}", payment=f"office-{office}")  # fmt: skip
    world.spare("shared_client", value="office-1[2-4]")
    world.spare("campaign")


def firm_with_an_agent_of_its_own(world: World) -> None:
    """One firm of thirty, at two egresses, does all its work by an agent that nobody else has."""
    end = START + 4 * HOUR
    _popular_clients(world, end=end, text=True)
    for number in range(30):
        account = f"desk-{number}"
        world.known(account)
        for at in world.sittings(start=START + HOUR, end=end, an_hour=8):
            _ask(world, account, at, AGENT, proxy=f"branch-{number % 2}", payment="firm",
                 prompt=AGENT_PROMPT.format(world.words(4), world.words(9)))  # fmt: skip
    world.spare("campaign")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    one_client_behind_a_proxy,
    offices_with_programs_of_their_own,
    firm_with_an_agent_of_its_own,
)


def _ask(world: World, account: str, at: float, client: tuple[str, str], **fields: str) -> None:
    world.ask(account, at=at, grain=1, user_agent=client[0], ja4=client[1], **fields)


def _popular_clients(
    world: World, *, end: float, text: bool = False, people: int = 150, an_hour: float = 4
) -> None:
    """People of a town have the clients all have."""
    town = world.town(end=end, people=people, firms=10, an_hour=an_hour, alike=True, payments=True)
    for account, fields, times in town:
        (client,) = world.chance.choices(list(POPULAR), list(POPULAR.values()))
        if world.chance.random() < 0.1:
            client = (f"script-{account}/0.1", client[1])
        for at in times:
            said = {"prompt": world.words(16)} if text else {}
            _ask(world, account, at, client, **fields, **said)
