"""Scenarios of what Weir sees of the service itself, and of the service as a whole."""

import math
from collections.abc import Callable, Iterator

from tests.scenarios.world import DAY, HOUR, MINUTE, START, World


def payment_vanishes(world: World) -> None:
    """An update of the gateways drops the payment from every request."""
    then, end = START + 2 * HOUR, START + 150 * MINUTE
    for number in range(300):
        account = f"person-{number}"
        world.known(account)
        for at in world.sittings(start=START, end=end, an_hour=12):
            card = None if at >= then else f"card-{number}"
            address = f"203.{number // 250}.{number % 250}.7"
            world.ask(account, at=at, ip=address, payment=card)
    world.catch("blindness", "service", value="field payment", after=then, within=5 * MINUTE)
    world.spare("blindness", before=then)
    world.spare("blindness", value="field [!p]*")
    world.spare("blindness", value="partition *")
    world.spare("service_shift")


def cards_at_night(world: World) -> None:
    """At night people sleep, and jobs that bear no payment and no address go on."""
    for number in range(60):
        account = f"person-{number}"
        world.known(account)
        for at in _by_day(world, days=2, an_hour=3):
            card = f"card-{number}" if number % 5 else None
            world.ask(account, at=at, ip=f"203.0.{number}.7", payment=card)
    for number in range(8):
        account = f"job-{number}"
        world.known(account)
        for night in range(2):
            begins = START + 14 * HOUR + night * DAY + world.chance.uniform(0, HOUR)
            world.steady(account, start=begins, end=begins + 6 * HOUR, an_hour=30)
    world.spare("blindness")
    world.spare("service_shift")


def everybody_at_once(world: World) -> None:
    """On the second day the service is asked for 25 times as much as ever, for ten minutes."""
    then = START + 26 * HOUR
    for number in range(20):
        account = f"backend-{number}"
        world.known(account)
        for at in _by_day(world, days=26.5 / 24, an_hour=60):
            world.ask(account, at=at, output_tokens=200)
        for at in world.arrivals(start=then, end=then + 10 * MINUTE, an_hour=900):
            world.ask(account, at=at, output_tokens=200)
    world.catch("service_shift", "service", value="requests a minute", after=then, within=HOUR)
    world.spare("service_shift", before=then)
    world.spare("blindness")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    payment_vanishes,
    cards_at_night,
    everybody_at_once,
)


def _by_day(world: World, *, days: float, an_hour: float) -> Iterator[float]:
    """Times of a person's requests: a tenth as many at night, when the service is scaled down."""
    for at in world.arrivals(start=START, end=START + days * DAY, an_hour=an_hour):
        daylight = 0.55 + 0.45 * math.cos((at - START - 6 * HOUR) / DAY * math.tau)
        if world.chance.random() < daylight:
            yield at
