"""Scenarios of single accounts: like nobody else, or merely of a rarer kind."""

from collections.abc import Callable

from tests.scenarios.world import DAY, HOUR, MINUTE, START, World

MODELS = tuple(f"model-{number}" for number in range(9))


def clockwork(world: World) -> None:
    """Among people, agents and jobs, one account tries nine models in turn, once a minute."""
    end = START + 30 * HOUR
    _city(world, end=end)
    world.known("clockwork")
    for number in range(26 * 60):
        world.ask(
            "clockwork",
            at=START + 4 * HOUR + number * MINUTE,
            model=MODELS[number % 9],
            ip=f"198.18.{number % 20}.7",
            output_tokens=4,
        )
    world.catch("odd_profile", "account", value="clockwork", after=START + 5 * HOUR)
    world.spare("odd_profile", value="[!c]*")


def all_sorts(world: World) -> None:
    """Heavy users, evaluators, nightly jobs, agents and customers who begin today."""
    end = START + 30 * HOUR
    _city(world, end=end)
    for number in range(3):
        heavy, grader, job = f"heavy-{number}", f"grader-{number}", f"job-{number}"
        world.known(heavy, grader, job)
        address = f"192.0.{number}.9"
        for at in world.sittings(start=START + 5 * HOUR, end=end, an_hour=60):
            world.ask(heavy, at=at, ip=address, output_tokens=world.tokens(900))
        for day in range(2):
            begins = START + day * DAY + (2 + number) * HOUR
            for at in world.arrivals(start=begins, end=min(begins + HOUR, end), an_hour=300):
                model = world.chance.choice(("opus-5", "haiku-5", "sonnet-5"))
                world.ask(grader, at=at, ip=address, model=model, output_tokens=10)
        night = START + (16 + number) * HOUR
        for at in world.arrivals(start=night, end=night + 30 * MINUTE, an_hour=600):
            world.ask(job, at=at, ip=address, output_tokens=world.tokens(2000))
        begins = START + (6 + 5 * number) * HOUR
        world.created(f"newcomer-{number}", at=begins - 600)
        for at in world.arrivals(start=begins, end=min(begins + 6 * HOUR, end), an_hour=60):
            world.ask(f"newcomer-{number}", at=at, ip=f"192.1.{number}.9", model="haiku-5")
    world.spare("odd_profile")


SCENARIOS: tuple[Callable[[World], None], ...] = (clockwork, all_sorts)


def _city(world: World, *, end: float) -> None:
    """People who sleep, agents who work in bursts, and programs that never stop."""
    for number in range(90):
        account = f"person-{number}"
        world.known(account)
        rate = min(world.chance.lognormvariate(1.0, 0.8), 20.0)
        usual = world.chance.choice(("opus-5", "haiku-5"))
        for day in range(2):
            wakes = START + day * DAY + world.chance.uniform(0, 3) * HOUR
            for at in world.sittings(start=wakes, end=min(wakes + 11 * HOUR, end), an_hour=rate):
                model = usual if world.chance.random() < 0.8 else "sonnet-5"
                world.ask(account, at=at, model=model, ip=f"203.0.{number}.7")
    for number in range(10):
        agent, program = f"agent-{number}", f"program-{number}"
        world.known(agent, program)
        for at in world.arrivals(start=START, end=end, an_hour=2):
            for step in range(int(world.chance.expovariate(1 / 8)) + 1):
                world.ask(agent, at=at + step * 5, grain=5, ip=f"203.1.{number}.7")
        rate = world.chance.lognormvariate(2.0, 0.7)
        median = world.chance.lognormvariate(5.0, 0.8)
        for at in world.arrivals(start=START, end=end, an_hour=rate):
            tokens = world.tokens(median)
            world.ask(program, at=at, model="haiku-5", ip=f"203.2.{number}.7", output_tokens=tokens)
