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


def role_in_the_system_prompt(world: World) -> None:
    """Sixty accounts on eight egresses ask for something else each, in the same role."""
    then = START + 90 * MINUTE
    _with_prompts(world, end=then + HOUR)
    for number in range(60):
        account = f"hydra-{number}"
        world.known(account)
        for at in world.arrivals(start=then, end=then + HOUR, an_hour=12):
            system = (
                f"You are an expert in {world.words(2)} who combines statistical rigour with deep "
                "knowledge of the field. Deliver insights that rest on data, and the whole "
                "reasoning that leads to them."
            )
            world.ask(account, at=at, proxy=f"exit-{number % 8}", prompt=world.words(20),
                      system_prompt=system)  # fmt: skip
    world.catch("template_repetition", "template", accounts_at_least=10, after=then, within=3600)


def template_without_spaces(world: World) -> None:
    """Sixty accounts on eight egresses fill the slots of one prompt in Chinese."""
    then = START + 90 * MINUTE
    _with_prompts(world, end=then + HOUR)
    for number in range(30):
        account = f"reader-{number}"
        world.known(account)
        for at in world.sittings(start=START, end=then + HOUR, an_hour=6):
            text = f"请帮我写一段关于{_chinese(world, 30)}"
            world.ask(account, at=at, ip=f"203.2.{number}.7", prompt=text)
    for number in range(60):
        account = f"hydra-{number}"
        world.known(account)
        for at in world.arrivals(start=then, end=then + HOUR, an_hour=12):
            text = (
                f"请一步一步地写出回答下面这个关于{_chinese(world, 4)}的问题时的完整推理过程。"
                f"不要省略任何中间步骤。{_chinese(world, 12)}"
            )
            world.ask(account, at=at, proxy=f"exit-{number % 8}", prompt=text)
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


def agents_by_their_system_prompts(world: World) -> None:
    """Three agents that everybody may download, and six products, each with its system prompt."""
    end = START + 150 * MINUTE
    _with_prompts(world, end=end)
    agents = [f"You are a careful agent. {world.words(80)}" for _ in range(3)]
    for number in range(300):
        account = f"user-{number}"
        world.known(account)
        agent = agents[min(int(world.chance.expovariate(1.0)), 2)]
        begins = START + world.chance.uniform(0, 120 * MINUTE)
        for at in world.sittings(start=begins, end=end, an_hour=4):
            world.ask(account, at=at, grain=1, ip=f"100.{number // 250}.{number % 250}.4",
                      prompt=world.words(), system_prompt=agent)  # fmt: skip
    for product in range(6):
        system = f"You answer the customers of our shop. {world.words(60)}"
        for number in range(12):
            account = f"team-{product}-{number}"
            world.known(account)
            for at in world.sittings(start=START, end=end, an_hour=8):
                world.ask(account, at=at, grain=1, proxy=f"firm-{product}-{number % 2}",
                          prompt=world.words(), system_prompt=system)  # fmt: skip
    world.spare("template_repetition")
    world.spare("edge_burst")
    world.spare("campaign")


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
    role_in_the_system_prompt,
    template_without_spaces,
    rubric_by_old_accounts,
    open_source_template,
    agents_by_their_system_prompts,
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


def _chinese(world: World, count: int) -> str:
    return "".join(chr(0x4E00 + world.chance.randrange(2000)) for _ in range(count))
