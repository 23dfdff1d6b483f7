"""Makes the scenarios anew: `python -m tests.scenarios.build` writes the same bytes every time.

A scenario is a small world with ordinary traffic for a while, then something that a detector must
catch, or must not.  Its description is the docstring of the function that makes it.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.scenarios import (
    asking,
    continuity,
    edges,
    habits,
    identity,
    kinds,
    service,
    skeletons,
    timing,
)
from tests.scenarios.world import DAY, HOUR, MINUTE, START, World


def surge_of_one_account(world: World) -> None:
    """One account asks 30 times as often as ever before."""
    then = START + 100 * MINUTE
    world.people(80, end=then + 10 * MINUTE)
    world.known("jumper")
    world.steady("jumper", start=START, end=then, an_hour=600, ip="198.51.100.7")
    world.steady("jumper", start=then, end=then + 10 * MINUTE, an_hour=18_000, ip="198.51.100.7")
    world.catch("rate_surge", "account", value="jumper", after=then, within=300)
    world.spare("rate_surge", value="person-*")


def surge_of_tokens(world: World) -> None:
    """One account asks as often as ever, for a hundred times as many tokens."""
    then = START + 100 * MINUTE
    world.people(80, end=then + 15 * MINUTE)
    world.known("jumper")
    for start, end, median in ((START, then, 200), (then, then + 15 * MINUTE, 20_000)):
        for at in world.arrivals(start=start, end=end, an_hour=180):
            tokens = world.tokens(median)
            world.ask("jumper", at=at, ip="198.51.100.7", output_tokens=tokens)
    world.catch("rate_surge", "account", value="jumper", after=then, within=900)
    world.spare("rate_surge", value="person-*")


def nightly_batch(world: World) -> None:
    """A batch job runs at midnight, for the third night."""
    world.people(25, end=START + 3 * DAY, an_hour=1.5)
    world.known("reporter")
    for night in range(3):
        midnight = START + 16 * HOUR + night * DAY
        world.steady(
            "reporter", start=midnight, end=midnight + 20 * MINUTE, an_hour=3600, proxy="factory"
        )
    for hour in range(72):
        world.ask("reporter", at=START + hour * HOUR + 5, proxy="factory")
    world.spare("rate_surge", value="person-*")
    world.spare("rate_surge", value="reporter", after=START + 2 * DAY)
    world.spare("odd_profile")


def code_agent(world: World) -> None:
    """Coding agents ask in bursts, with 13 times the variance of independent requests."""
    end = START + 3 * HOUR
    world.people(60, end=end)
    for agent in range(6):
        account = f"agent-{agent}"
        world.known(account)
        for at in world.arrivals(start=START, end=end, an_hour=24):
            for step in range(int(world.chance.expovariate(1 / 12)) + 1):
                world.ask(account, at=at + step * 0.3, ip=f"198.51.{agent}.7")
    world.spare("rate_surge")


def heavy_newcomer(world: World) -> None:
    """A new customer begins with 25 requests a minute."""
    then, end = START + 2 * HOUR, START + 3 * HOUR
    world.people(80, end=end)
    world.created("newcomer", at=then)
    world.steady("newcomer", start=then, end=end, an_hour=1500, proxy="startup")
    world.spare("rate_surge")


def hydra_pivot(world: World) -> None:
    """Forty accounts behind one proxy move half their requests to a new model within 10 s."""
    then, farm = _before_a_launch(world, farm=40, adopters=30)
    accounts = {name: {"proxy": "hydra"} for name in farm}
    world.pivot(accounts, at=then + 5 * MINUTE, within=10, share=0.5)
    world.catch(
        "model_pivot",
        "proxy",
        value="hydra",
        accounts_at_least=8,
        after=then + 5 * MINUTE,
        within=10,
    )
    world.spare("model_pivot", scope="account")
    world.spare("model_pivot", scope="proxy", value="203.*")


def payment_pivot(world: World) -> None:
    """Thirty accounts on egresses of their own move to a new model at once; one card pays."""
    then, farm = _before_a_launch(world, farm=30, adopters=30, card="card-1")
    accounts = {name: _scattered(name, "card-1") for name in farm}
    world.pivot(accounts, at=then + 5 * MINUTE, within=20, share=0.6)
    world.catch(
        "model_pivot",
        "payment",
        value="card-1",
        accounts_at_least=15,
        after=then + 5 * MINUTE,
        within=60,
    )
    world.spare("model_pivot", scope="account")
    world.spare("model_pivot", scope="proxy")


def launch_day(world: World) -> None:
    """A model is released, and a third of everybody moves to it within minutes."""
    then, farm = _before_a_launch(world, farm=40, adopters=200)
    movers = {name: {"proxy": f"office-{i % 4}"} for i, name in enumerate(farm)}
    chosen = dict(list(movers.items())[::3])
    world.pivot(chosen, at=then, within=10 * MINUTE, share=0.7)
    world.spare("model_pivot")


def customer_moves(world: World) -> None:
    """One big customer moves everything to the new model at once, while others try it."""
    then, _ = _before_a_launch(world, farm=0, adopters=30)
    world.known("big")
    world.steady("big", start=START, end=then, an_hour=1200, proxy="big-corp")
    world.steady(
        "big", start=then, end=then + 15 * MINUTE, an_hour=1200, proxy="big-corp", model="fable-5"
    )
    world.spare("model_pivot")


def office_adopts(world: World) -> None:
    """Of an office of 50, three try the new model in the first minutes."""
    then, farm = _before_a_launch(world, farm=50, adopters=30)
    world.pivot(
        {name: {"proxy": "hydra"} for name in farm[:3]}, at=then, within=4 * MINUTE, share=0.5
    )
    world.spare("model_pivot")


def farm_of_newcomers(world: World) -> None:
    """An egress that had three accounts shows 40 new ones within an hour."""
    then = START + 2 * HOUR
    _neighbourhood(world, end=then + HOUR)
    for number in range(3):
        world.known(f"resident-{number}")
        world.steady(
            f"resident-{number}", start=START, end=then + HOUR, an_hour=20, proxy="basement"
        )
    for number in range(40):
        _newcomer(world, number, start=then, proxy="basement")
    world.catch(
        "young_crowd", "proxy", value="basement", accounts_at_least=9, after=then, within=3600
    )
    world.spare("young_crowd", value="home-*")
    world.spare("wide_fanout", scope="account")


def farm_on_the_first_day(world: World) -> None:
    """A deployment's third hour: nobody was told of, but forty new accounts that hardly ask."""
    then, end = START + 2 * HOUR, START + 4 * HOUR
    world.people(300, end=end, created=False)
    for number in range(40):
        begins = then + world.chance.uniform(0, 10 * MINUTE)
        world.created(f"newcomer-{number}", at=begins - 60)
        world.steady(f"newcomer-{number}", start=begins, end=end, an_hour=1, proxy="basement")
    world.catch(
        "young_crowd", "proxy", value="basement", accounts_at_least=10, after=then, within=HOUR
    )
    world.spare("young_crowd", value="203.*")


def old_customers_on_the_first_day(world: World) -> None:
    """A deployment's third hour: an office nobody told of comes to work, with two new desks."""
    then, end = START + 2 * HOUR, START + 4 * HOUR
    world.people(300, end=end, created=False)
    for number in range(40):
        begins = then + world.chance.uniform(0, 10 * MINUTE)
        if number < 2:
            world.created(f"desk-{number}", at=begins - 60)
        world.steady(f"desk-{number}", start=begins, end=end, an_hour=4, proxy="office")
    world.spare("young_crowd")
    world.spare("wide_fanout")
    world.spare("edge_burst")
    world.spare("heir")


def rare_guests_on_the_second_day(world: World) -> None:
    """Nobody is told of; people come through a hotel's exit once in a day or two, for years."""
    end = START + 36 * HOUR
    world.people(150, end=end, an_hour=0.6, created=False)
    for number in range(120):
        for begins in world.arrivals(start=START, end=end, an_hour=1 / 30):
            until = min(begins + 20 * MINUTE, end)
            for at in world.sittings(start=begins, end=until, an_hour=20):
                world.ask(f"guest-{number}", at=at, proxy="hotel")
    world.spare("young_crowd")


def stolen_card(world: World) -> None:
    """Thirty new accounts, each on an egress of its own, pay with one card."""
    then = START + 2 * HOUR
    _neighbourhood(world, end=then + HOUR)
    for number in range(2):
        world.known(f"owner-{number}")
        world.steady(
            f"owner-{number}",
            start=START,
            end=then + HOUR,
            an_hour=20,
            ip="192.0.2.9",
            payment="card-9",
        )
    for number in range(30):
        _newcomer(world, number, start=then, ip=f"198.51.{number}.9", payment="card-9")
    world.catch(
        "young_crowd", "payment", value="card-9", accounts_at_least=8, after=then, within=3600
    )
    world.spare("young_crowd", scope="proxy")
    world.spare("wide_fanout", scope="account")


def exit_fills_up(world: World) -> None:
    """Through an egress that had three accounts an hour come 300 old customers at once."""
    _visited(world, proxy="basement")
    world.catch(
        "wide_fanout", "proxy", value="basement", accounts_at_least=30, after=START + 6 * HOUR
    )
    world.spare("wide_fanout", value="home-*")
    world.spare("young_crowd")


def card_changes_hands(world: World) -> None:
    """A card that three accounts used pays for 300 old customers, each at a place of its own."""
    _visited(world, payment="card-9")
    world.catch(
        "wide_fanout", "payment", value="card-9", accounts_at_least=30, after=START + 6 * HOUR
    )
    world.spare("wide_fanout", scope="proxy")
    world.spare("young_crowd")


def steady_office(world: World) -> None:
    """An office of 200 accounts comes to work."""
    end = START + 3 * HOUR
    world.people(100, end=end)
    for number in range(200):
        account = f"desk-{number}"
        world.known(account)
        arrives = START + world.chance.uniform(0, 90 * MINUTE)
        for at in world.sittings(start=arrives, end=end, an_hour=8):
            world.ask(account, at=at, proxy="office")
    world.spare("young_crowd")
    world.spare("wide_fanout")
    world.spare("edge_burst")
    world.spare("lockstep")


def vpn_exit(world: World) -> None:
    """Ever other people, all known for long, come through one VPN exit."""
    end = START + 3 * HOUR
    world.people(100, end=end)
    for number in range(400):
        account = f"traveller-{number}"
        world.known(account)
        begins = START + world.chance.uniform(0, 3 * HOUR)
        for at in world.sittings(start=begins, end=min(begins + 20 * MINUTE, end), an_hour=20):
            world.ask(account, at=at, proxy="vpn")
    world.spare("young_crowd")
    world.spare("wide_fanout")
    world.spare("edge_burst")
    world.spare("lockstep")


def first_hour(world: World) -> None:
    """A deployment begins in the middle of the day: everybody is new to it, and alerts nobody."""
    end = START + HOUR
    world.people(200, end=end, an_hour=20, created=False)
    for number in range(80):
        for at in world.sittings(start=START, end=end, an_hour=15):
            world.ask(f"desk-{number}", at=at, proxy="office", payment="invoice")
    for detector in (
        "young_crowd",
        "wide_fanout",
        "rate_surge",
        "model_pivot",
        "template_repetition",
        "edge_burst",
    ):
        world.spare(detector)


SCENARIOS: tuple[Callable[[World], None], ...] = (
    surge_of_one_account,
    surge_of_tokens,
    nightly_batch,
    code_agent,
    heavy_newcomer,
    hydra_pivot,
    payment_pivot,
    launch_day,
    customer_moves,
    office_adopts,
    farm_of_newcomers,
    farm_on_the_first_day,
    old_customers_on_the_first_day,
    rare_guests_on_the_second_day,
    stolen_card,
    exit_fills_up,
    card_changes_hands,
    steady_office,
    vpn_exit,
    first_hour,
    *skeletons.SCENARIOS,
    *timing.SCENARIOS,
    *continuity.SCENARIOS,
    *asking.SCENARIOS,
    *identity.SCENARIOS,
    *service.SCENARIOS,
    *edges.SCENARIOS,
    *habits.SCENARIOS,
    *kinds.SCENARIOS,
)


def build(folder: Path) -> None:
    """Write every scenario into a folder of its own."""
    for scenario in SCENARIOS:
        world = World(zlib.crc32(scenario.__name__.encode()))
        scenario(world)
        world.write(folder / scenario.__name__, (scenario.__doc__ or "").strip())


def _before_a_launch(
    world: World, *, farm: int, adopters: int, card: str | None = None
) -> tuple[float, list[str]]:
    """A thousand accounts for forty minutes, and some that adopt what is launched then.

    Returns the time of the launch, and the names of accounts that know each other.
    """
    then = START + 40 * MINUTE
    end = then + 15 * MINUTE
    world.people(1000 - adopters, end=end, an_hour=5)
    for number in range(adopters):
        account, address = f"adopter-{number}", f"203.9.{number}.7"
        world.known(account)
        world.steady(account, start=START, end=then, an_hour=45, ip=address)
        moves = then + world.chance.uniform(0, 12 * MINUTE)
        world.steady(account, start=then, end=moves, an_hour=45, ip=address)
        world.pivot({account: {"ip": address}}, at=moves, within=1, share=0.5)
    names = [f"farm-{number}" for number in range(farm)]
    for name in names:
        fields: dict[str, Any] = {"proxy": "hydra"} if card is None else _scattered(name, card)
        world.known(name)
        world.steady(name, start=START, end=then, an_hour=45, **fields)
    world.released("fable-5", at=then)
    return then, names


def _scattered(name: str, card: str) -> dict[str, Any]:
    return {"ip": f"198.51.{name.rpartition('-')[2]}.7", "payment": card}


def _neighbourhood(world: World, *, end: float) -> None:
    """Ordinary accounts, and households in which some share an egress and a card."""
    world.people(300, end=end, an_hour=4)
    for home in range(60):
        for number in range(2 + home % 3):
            account = f"family-{home}-{number}"
            world.known(account)
            for at in world.sittings(start=START, end=end, an_hour=4):
                world.ask(account, at=at, proxy=f"home-{home}", payment=f"family-{home}")


def _visited(world: World, **place: str) -> None:
    """Three accounts at a place, and 300 old ones that all come there in the seventh hour."""
    then, end = START + 6 * HOUR, START + 7 * HOUR
    _neighbourhood(world, end=end)
    for number in range(3):
        address = {"ip": f"192.0.{number}.9"} | place
        world.known(f"resident-{number}")
        world.steady(f"resident-{number}", start=START, end=end, an_hour=20, **address)
    for number in range(300):
        account, address = f"visitor-{number}", {"ip": f"198.{number // 250}.{number % 250}.9"}
        world.known(account)
        begins = then + world.chance.uniform(0, 30 * MINUTE)
        world.steady(account, start=START, end=begins, an_hour=1, **address)
        world.steady(account, start=begins, end=end, an_hour=5, **(address | place))


def _newcomer(world: World, number: int, *, start: float, **fields: Any) -> None:
    begins = start + world.chance.uniform(0, 50 * MINUTE)
    world.created(f"newcomer-{number}", at=begins - 60)
    world.steady(f"newcomer-{number}", start=begins, end=start + HOUR, an_hour=20, **fields)


if __name__ == "__main__":
    build(Path(__file__).parent)
