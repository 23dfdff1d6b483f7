"""Scenarios of prompts that are made from one template."""

from collections.abc import Callable

from tests.scenarios.world import HOUR, MINUTE, START, World


def shared_skeleton(world: World) -> None:
    """Sixty accounts on eight egresses fill the slots of one prompt."""
    then = START + 90 * MINUTE
    _with_prompts(world, end=then + HOUR)
    for number in range(60):
        account = f"hydra-{number}"
        world.known(account)
        for at in world.arrivals(start=then, end=then + HOUR, an_hour=12):
            world.ask(account, at=at, proxy=f"exit-{number % 8}", prompt=_reasoning(world))
    world.catch("template_repetition", "template", accounts_at_least=10, after=then, within=3600)


def rubric_by_old_accounts(world: World) -> None:
    """Accounts that were quiet for long all begin to grade answers by one rubric."""
    then = START + 90 * MINUTE
    _with_prompts(world, end=then + HOUR)
    for number in range(40):
        account = f"sleeper-{number}"
        world.known(account)
        exits = f"exit-{number % 5}"
        for at in world.arrivals(start=START, end=then, an_hour=6):
            world.ask(account, at=at, proxy=exits, prompt=world.words())
        for at in world.arrivals(start=then, end=then + HOUR, an_hour=15):
            text = (
                f"Score the reply below from one to ten for {world.words(3)} and give the reason "
                f"for every point you take off before the total. Reply: {world.words(12)}"
            )
            world.ask(account, at=at, proxy=exits, prompt=text)
    world.catch("template_repetition", "template", accounts_at_least=8, after=then, within=3600)


def open_source_template(world: World) -> None:
    """An agent that everybody may download writes the prompts of 300 accounts."""
    end = START + 150 * MINUTE
    _with_prompts(world, end=end)
    for number in range(300):
        account = f"user-{number}"
        world.known(account)
        begins = START + world.chance.uniform(0, 120 * MINUTE)
        for at in world.sittings(start=begins, end=end, an_hour=4):
            text = (
                "You are a careful coding agent. Read the files below and then plan, edit and "
                f"test in small steps until {world.words(4)} works: {world.words(6)}"
            )
            world.ask(account, at=at, ip=f"100.{number // 250}.{number % 250}.4", prompt=text)
    world.spare("template_repetition")
    world.spare("edge_burst")


def product_backend(world: World) -> None:
    """The backend of one product fills one template 6,000 times an hour from four machines."""
    end = START + 100 * MINUTE
    _with_prompts(world, end=end)
    world.known("product")
    for at in world.arrivals(start=START, end=end, an_hour=6000):
        text = (
            "Write a friendly description for the item of our shop named below, in two sentences "
            f"without a price: {world.words(3)}"
        )
        machine = f"198.51.{world.chance.randrange(4)}.7"
        world.ask("product", at=at, ip=machine, prompt=text)
    world.spare("template_repetition")


def office_template(world: World) -> None:
    """An office of 40 pastes the prompt that a colleague sent round."""
    then = START + 90 * MINUTE
    _with_prompts(world, end=then + HOUR)
    for number in range(40):
        account = f"desk-{number}"
        world.known(account)
        for at in world.sittings(start=START, end=then, an_hour=6):
            world.ask(account, at=at, proxy="office", prompt=world.words())
        for at in world.sittings(start=then, end=then + HOUR, an_hour=6):
            text = (
                "Turn the notes of the meeting below into a list of decisions, each with a person "
                f"and a date, and leave out the small talk: {world.words(20)}"
            )
            world.ask(account, at=at, proxy="office", prompt=text)
    world.spare("template_repetition")
    world.spare("edge_burst")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    shared_skeleton,
    rubric_by_old_accounts,
    open_source_template,
    product_backend,
    office_template,
)


def _with_prompts(world: World, *, end: float) -> None:
    """Ordinary accounts, some of which use templates of their own."""
    for number in range(150):
        account, address = f"person-{number}", f"203.1.{number}.7"
        world.known(account)
        own = world.words(9) if number % 5 == 0 else None
        for at in world.sittings(start=START, end=end, an_hour=6):
            text = world.words() if own is None else f"{own} {world.words(4)}"
            world.ask(account, at=at, ip=address, prompt=text)
    for office in range(6):
        skeleton = world.words(10)
        for number in range(8):
            account = f"clerk-{office}-{number}"
            world.known(account)
            for at in world.sittings(start=START, end=end, an_hour=4):
                text = f"{skeleton} {world.words(5)}"
                world.ask(account, at=at, proxy=f"branch-{office}", prompt=text)


def _reasoning(world: World) -> str:
    return (
        "Imagine and articulate the internal reasoning behind a completed response to the "
        f"question of {world.words(2)}, and write it out step by step. {world.words(8)}"
    )
