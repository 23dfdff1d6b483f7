"""Scenarios of known accounts that come to an egress or a template for the first time."""

import math
from collections.abc import Callable

from tests.scenarios.world import HOUR, MINUTE, START, World


def proxies_rotate(world: World) -> None:
    """Forty accounts of twenty egresses all go on through one other within four minutes."""
    then, end = START + 150 * MINUTE, START + 180 * MINUTE
    _visits(world, end=end)
    for number in range(40):
        account = f"hydra-{number}"
        world.known(account)
        moves = then + world.chance.uniform(0, 4 * MINUTE)
        old = f"exit-{number % 20}"
        world.steady(account, start=START, end=moves, an_hour=12, proxy=old)
        world.ask(account, at=moves, proxy="relay")
        world.steady(account, start=moves, end=end, an_hour=12, proxy="relay")
    for number in range(3):
        world.known(f"native-{number}")
        world.steady(f"native-{number}", start=START, end=end, an_hour=12, proxy="relay")
    world.catch(
        "edge_burst", "proxy", value="relay", accounts_at_least=8, after=then, within=10 * MINUTE
    )
    world.spare("edge_burst", value="firm-*")
    world.spare("edge_burst", scope="template")


def task_changes(world: World) -> None:
    """Fifty accounts on ten egresses are all given the next task within five minutes."""
    then, end = START + 150 * MINUTE, START + 180 * MINUTE
    _visits(world, end=end)
    for number in range(50):
        account, exits = f"hydra-{number}", f"exit-{number % 10}"
        world.known(account)
        for at in world.arrivals(start=START, end=then, an_hour=12):
            world.ask(account, at=at, proxy=exits, prompt=world.words())
        begins = then + world.chance.uniform(0, 5 * MINUTE)
        for at in (begins, *world.arrivals(start=begins, end=end, an_hour=12)):
            text = (
                "Describe every step of the plan that leads to the answer given below, and say at "
                f"each step what else was thought of: {world.words(8)}"
            )
            world.ask(account, at=at, proxy=exits, prompt=text)
    world.catch("campaign", "campaign", accounts_at_least=15, after=then, within=15 * MINUTE)
    world.catch("edge_burst", "template", accounts_at_least=15, after=then, within=15 * MINUTE)
    world.spare("edge_burst", scope="proxy")


def popular_places(world: World) -> None:
    """Known people find a prompt that is talked of, and an exit where somebody is always new."""
    end = START + 4 * HOUR
    people = _visits(world, end=end)
    for number in range(260):
        account = f"reader-{number}"
        world.known(account)
        address = f"198.{number // 250}.{number % 250}.7"
        heard = START + HOUR + 90 * MINUTE + 25 * MINUTE * _logistic(world)
        for at in world.sittings(start=START, end=end, an_hour=5):
            text = world.words()
            if at > heard and world.chance.random() < 0.6:
                text = (
                    "You are an editor who hates adverbs. Rewrite the text below so that a tired "
                    f"reader follows it, and keep the names and the numbers: {world.words(8)}"
                )
            world.ask(account, at=at, ip=address, prompt=text)
        if number % 2:
            leaves = START + world.chance.uniform(HOUR, 4 * HOUR)
            for at in world.sittings(start=leaves, end=leaves + 20 * MINUTE, an_hour=20):
                world.ask(account, at=at, proxy="vpn")
    for account in people[::3]:
        leaves = START + world.chance.uniform(0, 4 * HOUR)
        for at in world.sittings(start=leaves, end=leaves + 20 * MINUTE, an_hour=20):
            world.ask(account, at=at, proxy="vpn")
    world.spare("edge_burst")


def second_morning(world: World) -> None:
    """An office of 60 comes at nine, seen the day before; a class of 30 meets there once."""
    _visits(world, end=START + 26 * HOUR, an_hour=0.7)
    for number in range(60):
        account = f"desk-{number}"
        world.known(account)
        for day in range(2):
            arrives = START + day * 24 * HOUR + HOUR + world.chance.triangular(0, 600, 120)
            world.ask(account, at=arrives, proxy="office")
            for at in world.sittings(start=arrives, end=arrives + HOUR, an_hour=6):
                world.ask(account, at=at, proxy="office")
    for number in range(30):
        account = f"pupil-{number}"
        world.known(account)
        at = START + 25 * HOUR + world.chance.uniform(0, 5 * MINUTE)
        world.steady(account, start=at, end=at + 40 * MINUTE, an_hour=20, proxy="school")
    world.spare("edge_burst")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    proxies_rotate,
    task_changes,
    popular_places,
    second_morning,
)


def _visits(world: World, *, end: float, an_hour: float = 6.0) -> list[str]:
    """People of a town go to another firm now and then; returns the names of the firms' own."""
    world.people(80, end=end, an_hour=an_hour)
    clerks = []
    for account, fields, times in world.town(end=end, people=0, an_hour=an_hour):
        clerks.append(account)
        for at in times:
            own = world.chance.random() < 0.97
            firm = fields["proxy"] if own else f"firm-{world.chance.randrange(12)}"
            world.ask(account, at=at, proxy=firm, prompt=world.words())
    return clerks


def _logistic(world: World) -> float:
    """A fashion: few hear of it first, then most, then the last."""
    share = world.chance.uniform(0.02, 0.98)
    return math.log(share / (1 - share))
