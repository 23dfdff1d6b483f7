"""Scenarios of what accounts ask for."""

from collections.abc import Callable

from tests.scenarios.world import HOUR, MINUTE, START, World

SUBJECTS = ("tides", "the market of Bruges", "a loan with interest", "photosynthesis", "bridges")
GRADING = (
    "Score the answer to the question below from 1 to 10 for {} and for {}, give the reason for "
    "every point taken off, then the total. Question: {} Answer: {}",
    "Which of the two replies is better by this rubric: {}, {}? Compare them point by point and "
    "end with the verdict A or B. Question: {} Replies: {}",
    "You are a strict judge. Rate the response against each criterion of the rubric ({}, {}) on a "
    "scale of five and justify the grade. Task: {} Response: {}",
)
CRITERIA = ("accuracy", "clarity", "depth", "tone", "safety", "brevity", "helpfulness")
TUTORING = (
    "Explain step by step how one solves this exercise on {}, and show every step of your "
    "reasoning before the result, so that a pupil can follow: {}",
    "Think aloud as you work through this task about {}: write out each step of the reasoning and "
    "only then the answer. Task: {}",
)
CUES = ("Let's think step by step.", "Explain your reasoning.", "Show your work, please.",
        "Think carefully before you answer.")  # fmt: skip


def graders_behind_a_proxy(world: World) -> None:
    """Forty accounts, a day old at most, grade answers behind one proxy, where few do."""
    then = START + 2 * HOUR
    end = then + HOUR
    _everyday(world, end=end)
    farm = [f"farm-{number}" for number in range(40)]
    for number, account in enumerate(farm):
        world.created(account, at=then - 2 * HOUR * (number % 12))
        for at in world.arrivals(start=then, end=end, an_hour=9):
            text = _grading(world)
            world.ask(account, at=at, grain=1, proxy="hydra", payment="card-7", prompt=text)
    world.catch("capability", "*", capability="rubric_grading", accounts_at_least=30,
                after=then, within=HOUR)  # fmt: skip


def tutors_at_work(world: World) -> None:
    """Ninety pupils, at home and in a school, use a tutor that asks for every step."""
    end = START + 3 * HOUR
    _everyday(world, end=end)
    for number in range(90):
        account = f"pupil-{number}"
        world.known(account)
        begins = START + world.chance.uniform(0, 2 * HOUR)
        for at in world.sittings(start=begins, end=end, an_hour=6):
            text = world.chance.choice(TUTORING).format(
                world.chance.choice(SUBJECTS), world.words(12)
            )
            place = "school" if number < 12 else f"home-{number}"
            world.ask(account, at=at, grain=1, proxy=place, payment="tutor", prompt=text)
    world.spare("capability")
    world.spare("campaign")


def cues_in_an_office(world: World) -> None:
    """From one day on, an office of 40 adds a cue for steps to whatever it asks."""
    then = START + 2 * HOUR
    end = then + 90 * MINUTE
    _everyday(world, end=end)
    for number in range(40):
        account = f"desk-{number}"
        world.known(account)
        for at in world.sittings(start=START, end=end, an_hour=8):
            cue = f" {world.chance.choice(CUES)}" if at >= then else ""
            world.ask(account, at=at, grain=1, proxy="office", payment="office",
                      prompt=world.words(20) + cue)  # fmt: skip
    world.spare("capability")
    world.spare("campaign")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    graders_behind_a_proxy,
    tutors_at_work,
    cues_in_an_office,
)


def _everyday(world: World, *, end: float) -> None:
    """Some prompts of a town hold a cue, and one account grades."""
    for account, fields, times in world.town(end=end, payments=True):
        for at in times:
            text = world.words(16)
            if account == "person-3":
                text = _grading(world)
            elif world.chance.random() < 0.06:
                text += f" {world.chance.choice(CUES)}"
            world.ask(account, at=at, grain=1, prompt=text, **fields)


def _grading(world: World) -> str:
    one, other = world.chance.sample(CRITERIA, 2)
    return world.chance.choice(GRADING).format(one, other, world.words(8), world.words(16))
