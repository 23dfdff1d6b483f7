"""Scenarios of single accounts: like nobody else, or merely of a rarer kind."""

from collections.abc import Callable

from tests.scenarios.world import HOUR, MINUTE, START, World

MODELS = tuple(f"model-{number}" for number in range(9))


def clockwork(world: World) -> None:
    """Among people, agents and jobs, one account tries nine models in turn, once a minute."""
    end = START + 12 * HOUR
    _city(world, end=end)
    world.known("clockwork")
    for number in range(4 * 60):
        world.ask(
            "clockwork",
            at=START + 8 * HOUR + number * MINUTE,
            model=MODELS[number % 9],
            ip=f"198.18.{number % 20}.7",
            output_tokens=4,
        )
    world.catch("odd_profile", "account", value="clockwork", after=START + 8 * HOUR)
    world.spare("odd_profile", value="[!c]*")


def all_sorts(world: World) -> None:
    """Heavy users, evaluators, nightly jobs, agents and customers who begin today."""
    end = START + 14 * HOUR
    _city(world, end=end)
    for number in range(3):
        heavy, grader, job = f"heavy-{number}", f"grader-{number}", f"job-{number}"
        world.known(heavy, grader, job)
        address = f"192.0.{number}.9"
        for at in world.sittings(start=START + 5 * HOUR, end=end, an_hour=60):
            world.ask(heavy, at=at, ip=address, output_tokens=world.tokens(900))
        for begins in (START + (2 + number) * HOUR, START + (9 + number) * HOUR):
            for at in world.arrivals(start=begins, end=begins + HOUR / 2, an_hour=300):
                model = world.chance.choice(("opus-5", "haiku-5", "sonnet-5"))
                world.ask(grader, at=at, ip=address, model=model, output_tokens=10)
            for at in world.arrivals(start=begins, end=begins + HOUR / 3, an_hour=600):
                world.ask(job, at=at, ip=address, output_tokens=world.tokens(2000))
        begins = START + (6 + 2 * number) * HOUR
        world.created(f"newcomer-{number}", at=begins - 600)
        for at in world.arrivals(start=begins, end=end, an_hour=60):
            world.ask(f"newcomer-{number}", at=at, ip=f"192.1.{number}.9", model="haiku-5")
    world.spare("odd_profile")


SCENARIOS: tuple[Callable[[World], None], ...] = (clockwork, all_sorts)


def _city(world: World, *, end: float) -> None:
    """People at their own pace, agents who work in bursts, and programs that never stop."""
    for number in range(640):
        account = f"person-{number}"
        world.known(account)
        rate = min(world.chance.lognormvariate(0.7, 0.6), 8.0)
        usual = world.chance.choice(("opus-5", "haiku-5"))
        for at in world.sittings(start=START, end=end, an_hour=rate):
            model = usual if world.chance.random() < 0.8 else "sonnet-5"
            world.ask(account, at=at, model=model, ip=f"203.{number // 250}.{number % 250}.7")
    for number in range(10):
        agent, program = f"agent-{number}", f"program-{number}"
        world.known(agent, program)
        for at in world.arrivals(start=START, end=end, an_hour=1):
            for step in range(int(world.chance.expovariate(1 / 8)) + 1):
                world.ask(agent, at=at + step * 5, grain=5, ip=f"203.4.{number}.7")
        rate = world.chance.lognormvariate(2.0, 0.7)
        median = world.chance.lognormvariate(5.0, 0.8)
        for at in world.arrivals(start=START, end=end, an_hour=rate):
            tokens = world.tokens(median)
            world.ask(program, at=at, model="haiku-5", ip=f"203.5.{number}.7", output_tokens=tokens)
