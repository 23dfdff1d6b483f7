"""Scenarios of each kind of entity that a detector reads beside the usual one, and low and slow."""

from collections.abc import Callable
from typing import Any

from tests.scenarios.world import HOUR, MINUTE, START, World


def surge_of_an_exit(world: World) -> None:
    """Thirty accounts behind one egress each ask fifty times as often."""
    then = START + 2 * HOUR
    _surge(world, then, lambda number: {"proxy": "exit-7"})
    world.catch("rate_surge", "proxy", value="exit-7", accounts_at_least=10, after=then,
                within=15 * MINUTE)  # fmt: skip
    world.spare("rate_surge", scope="account")


def surge_of_a_card(world: World) -> None:
    """Thirty accounts on egresses of their own, all paid by one card, ask far more often."""
    then = START + 2 * HOUR
    _surge(world, then, lambda number: {"ip": f"198.51.{number}.7", "payment": "card-3"})
    world.catch("rate_surge", "payment", value="card-3", accounts_at_least=10, after=then,
                within=15 * MINUTE)  # fmt: skip
    world.spare("rate_surge", scope="account")


def office_at_its_peak(world: World) -> None:
    """An office asks three times as often before noon as at nine."""
    then, end = START + 2 * HOUR, START + 4 * HOUR
    world.people(200, end=end)
    for number in range(60):
        account = f"desk-{number}"
        world.known(account)
        for begins, until, an_hour in ((START, then, 4), (then, end, 12)):
            for at in world.sittings(start=begins, end=until, an_hour=an_hour):
                world.ask(account, at=at, proxy="office", payment="office")
    world.spare("rate_surge")


def key_behind_many_proxies(world: World) -> None:
    """One account that came from two places for half a day comes from two hundred at once."""
    then = START + 12 * HOUR
    end = then + HOUR
    world.people(120, end=end, an_hour=3)
    _movers(world, end=end)
    world.known("leaked")
    for at in world.arrivals(start=START, end=then, an_hour=20):
        world.ask("leaked", at=at, ip=f"192.0.{world.chance.randrange(2)}.7")
    for at in world.arrivals(start=then, end=end, an_hour=600):
        world.ask("leaked", at=at, proxy=f"rented-{world.chance.randrange(200)}")
    world.catch("wide_fanout", "account", value="leaked", after=then, within=HOUR)
    world.spare("wide_fanout", value="mover-*")


def people_on_the_move(world: World) -> None:
    """Forty accounts come from home, from work and from a telephone that has ever new addresses."""
    end = START + 4 * HOUR
    world.people(200, end=end)
    _movers(world, end=end)
    world.spare("wide_fanout")


def template_moves(world: World) -> None:
    """Sixty accounts on twenty egresses, with one skeleton, move to a model that was released."""
    then, end = START + HOUR, START + 80 * MINUTE
    world.people(900, end=end, an_hour=5)
    farm: dict[str, dict[str, Any]] = {}
    for number in range(60):
        account = f"farm-{number}"
        world.known(account)
        farm[account] = {
            "proxy": f"exit-{number % 20}",
            "prompt_sketch": "".join(f"{value:016x}" for value in (0xA, 0xB, 0xC, 0xD)),
        }
        world.steady(account, start=START, end=then, an_hour=45, **farm[account])
    world.released("fable-5", at=then)
    world.pivot(farm, at=then + 5 * MINUTE, within=30, share=0.6)
    world.catch("model_pivot", "*", accounts_at_least=15, after=then + 5 * MINUTE, within=MINUTE)
    world.catch("model_pivot", "template", accounts_at_least=15, after=then + 5 * MINUTE)
    world.spare("model_pivot", value="203.*")


def campaign_moves_in_part(world: World) -> None:
    """Of ninety accounts on one task eighteen move at once, three of each skeleton's fifteen."""
    then, end = START + HOUR, START + 80 * MINUTE
    world.people(900, end=end, an_hour=5)
    skeletons = [_sketch(world) for _ in range(24)]
    movers: dict[str, dict[str, Any]] = {}
    for number in range(90):
        account = f"farm-{number}"
        world.known(account)
        ours = [skeletons[(number * 7 + step * 5) % len(skeletons)] for step in range(4)]
        places = [f"exit-{number % 11}", f"exit-{(number * 3 + 1) % 11}"]
        until = end if number % 5 else then + 5 * MINUTE
        for at in world.arrivals(start=START, end=until, an_hour=45):
            where, what = world.chance.choice(places), world.chance.choice(ours)
            world.ask(account, at=at, proxy=where, prompt_sketch=what)
        if number % 5 == 0:
            movers[account] = {"proxy": places[0], "prompt_sketch": ours[0]}
    world.released("fable-5", at=then)
    world.pivot(movers, at=then + 5 * MINUTE, within=30, share=0.6)
    world.catch("model_pivot", "campaign", accounts_at_least=10, after=then + 5 * MINUTE)
    world.spare("model_pivot", value="203.*")


def stolen_key_changes_models(world: World) -> None:
    """Where nobody changes models one account does, and asks ever more; the budget is thirty."""
    world.false_alerts_per_day = 30
    then = START + 2 * HOUR
    end = then + 5 * MINUTE
    for number in range(200):
        account = f"person-{number}"
        world.known(account)
        model = "opus-5" if number % 3 else "haiku-5"
        for at in world.sittings(start=START, end=end, an_hour=12):
            world.ask(account, at=at, grain=2, model=model, ip=f"203.0.{number}.7")
    world.known("stolen")
    world.steady("stolen", start=START, end=then, an_hour=120, ip="192.0.2.9")
    for at in world.arrivals(start=then, end=then + 2 * MINUTE, an_hour=2000 * 60):
        world.ask("stolen", at=at, grain=1, model="fable-5", ip="192.0.2.9")
    world.catch("model_pivot", "account", value="stolen", after=then, within=2 * MINUTE)
    world.spare("model_pivot", value="person-*")


def low_and_slow(world: World) -> None:
    """A hundred and fifty accounts, on forty egresses, ask once an hour each."""
    then, end = START + 6 * HOUR, START + 18 * HOUR
    for number in range(200):
        account = f"person-{number}"
        world.known(account)
        rate = min(world.chance.lognormvariate(0.3, 0.8), 6.0)
        for at in world.sittings(start=START, end=end, an_hour=rate):
            said: dict[str, Any] = {"prompt_sketch": _sketch(world)} if number % 2 else {}
            world.ask(account, at=at, ip=f"203.0.{number}.7", **said)
    skeletons = [_sketch(world) for _ in range(8)]
    for number in range(150):
        account = f"hydra-{number}"
        world.known(account)
        for at in world.arrivals(start=then, end=end, an_hour=1.1):
            ours = world.chance.random() < 0.7
            sketch = world.chance.choice(skeletons) if ours else _sketch(world)
            exit_number = world.chance.randrange(40)
            world.ask(account, at=at, proxy=f"exit-{exit_number}", prompt_sketch=sketch)
    world.catch("*", "*", accounts_at_least=50, after=then, within=6 * HOUR)
    world.spare("*", value="person-*")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    surge_of_an_exit,
    surge_of_a_card,
    office_at_its_peak,
    key_behind_many_proxies,
    people_on_the_move,
    template_moves,
    campaign_moves_in_part,
    stolen_key_changes_models,
    low_and_slow,
)


def _surge(world: World, then: float, place: Callable[[int], dict[str, Any]]) -> None:
    end = then + 15 * MINUTE
    world.people(200, end=end)
    for number in range(30):
        account = f"farm-{number}"
        world.known(account)
        world.steady(account, start=START, end=then, an_hour=8, grain=2, **place(number))
        world.steady(account, start=then, end=end, an_hour=400, grain=2, **place(number))


def _movers(world: World, *, end: float) -> None:
    for number in range(40):
        account = f"mover-{number}"
        world.known(account)
        for at in world.sittings(start=START, end=end, an_hour=6):
            place = world.chance.choice(("home", "work", "train"))
            address = f"100.{world.chance.randrange(64)}.{world.chance.randrange(250)}.7"
            if place != "train":
                address = f"10.{place == 'home':d}.{number}.7"
            world.ask(account, at=at, ip=address)


def _sketch(world: World) -> str:
    return "".join(f"{world.chance.getrandbits(64):016x}" for _ in range(2))
