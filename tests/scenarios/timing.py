"""Scenarios of when the accounts of a group come, and how evenly they share what is done."""

import zlib
from collections.abc import Callable

from tests.scenarios.world import DAY, HOUR, MINUTE, START, World


def waves_of_a_farm(world: World) -> None:
    """Every five to nine minutes 30 accounts behind one proxy begin within four seconds."""
    then = _waves(world, by="proxy")
    world.catch("lockstep", "proxy", value="hydra", accounts_at_least=20, after=then, within=HOUR)
    world.spare("lockstep", value="firm-*")


def waves_of_a_card(world: World) -> None:
    """Thirty accounts begin together, each at an egress of its own; one card pays for all."""
    then = _waves(world, by="payment")
    world.catch("lockstep", "payment", value="hydra", accounts_at_least=20, after=then,
                within=HOUR)  # fmt: skip
    world.spare("lockstep", value="firm-*")
    world.spare("lockstep", scope="proxy")


def waves_of_a_template(world: World) -> None:
    """Thirty accounts that have nothing in common but what they ask begin together."""
    then = _waves(world, by="template")
    world.catch("lockstep", "template", accounts_at_least=20, after=then, within=HOUR)
    world.spare("lockstep", scope="proxy")


def office_at_nine(world: World) -> None:
    """An office of 60 begins between nine and ten past nine, and comes back from lunch together."""
    end = START + 6 * HOUR
    _everyday(world, end=end)
    for number in range(60):
        account = f"desk-{number}"
        world.known(account)
        for begins, ends in ((HOUR, 4 * HOUR), (5 * HOUR, 6 * HOUR)):
            arrives = START + begins + world.chance.triangular(0, 10 * MINUTE, 2 * MINUTE)
            world.ask(account, at=arrives, grain=1, proxy="office")
            for at in world.sittings(start=arrives, end=START + ends, an_hour=6):
                world.ask(account, at=at, grain=1, proxy="office")
    world.spare("lockstep")
    world.spare("even_share")
    world.spare("edge_burst")


def all_retry(world: World) -> None:
    """After an outage of ten minutes everybody asks again at once, and once more soon after."""
    end = START + 3 * HOUR
    down, up = START + 90 * MINUTE, START + 100 * MINUTE
    people = _everyday(world, end=end, but_for=(down, up))
    for account, fields in people.items():
        if world.chance.random() < 0.6:
            for after in (0, 45, 200):
                moment = up + after + world.chance.uniform(0, 4)
                world.ask(account, at=moment, grain=1, **fields)
    world.spare("lockstep")
    world.spare("even_share")


def company_at_night(world: World) -> None:
    """A company's 24 accounts all start at two at night, and six like programs once an hour."""
    night = START + 18 * HOUR
    _everyday(world, end=START + 3 * DAY, an_hour=0.4)
    works = [(f"job-{number}", world.chance.lognormvariate(2.3, 0.8)) for number in range(24)]
    world.known(*(account for account, _ in works))
    for number in range(3):
        for account, size in works:
            at = night + number * DAY + world.chance.uniform(0, 2)
            for _ in range(max(1, int(world.chance.gauss(size, 2)))):
                world.ask(account, at=at, grain=1, proxy="company", payment="company")
                at += world.chance.uniform(4, 40)
    for number in range(6):
        world.known(f"cron-{number}")
        for hour in range(72):
            for _ in range(4):
                world.ask(f"cron-{number}", at=START + hour * HOUR, grain=1, proxy="cron")
    world.spare("lockstep")
    world.spare("even_share")


def fed_by_a_balancer(world: World) -> None:
    """A balancer gives its tasks to the least busy of 40 accounts; strangers share its exit."""
    then, end = _balanced(world, by="proxy")
    for number in range(5):
        account = f"stranger-{number}"
        world.known(account)
        rate = world.chance.lognormvariate(2, 1)
        _at_will(world, account, start=START, end=end, an_hour=rate, proxy="hydra")
    world.catch(
        "even_share", "proxy", value="hydra", accounts_at_least=20, after=then, within=3 * HOUR
    )
    world.spare("even_share", value="firm-*")
    world.spare("lockstep")


def card_fed_by_a_balancer(world: World) -> None:
    """The balancer's accounts are each at an egress of their own, and one card pays for all."""
    then, _ = _balanced(world, by="payment")
    world.catch("even_share", "payment", value="hydra", accounts_at_least=20, after=then,
                within=3 * HOUR)  # fmt: skip
    world.spare("even_share", value="firm-*")
    world.spare("even_share", scope="proxy")


def template_fed_by_a_balancer(world: World) -> None:
    """The balancer's accounts have nothing in common but what they ask."""
    then, _ = _balanced(world, by="template", hours=2, an_hour=16)
    world.catch("even_share", "template", accounts_at_least=20, after=then, within=2 * HOUR)
    world.spare("even_share", scope="proxy")


def a_class_at_work(world: World) -> None:
    """Thirty pupils behind one egress do one exercise, each at a pace of their own."""
    then = START + 2 * HOUR
    _everyday(world, end=then + 90 * MINUTE)
    for number in range(30):
        account = f"pupil-{number}"
        world.known(account)
        at = then + world.chance.uniform(0, 3 * MINUTE)
        pace = world.chance.lognormvariate(4.6, 0.6)
        while at < then + 45 * MINUTE:
            world.ask(account, at=at, grain=1, proxy="school")
            at += world.chance.expovariate(1 / pace)
    world.spare("edge_burst")
    world.spare("even_share")
    world.spare("lockstep")


SCENARIOS: tuple[Callable[[World], None], ...] = (
    waves_of_a_farm,
    waves_of_a_card,
    waves_of_a_template,
    office_at_nine,
    all_retry,
    company_at_night,
    fed_by_a_balancer,
    card_fed_by_a_balancer,
    template_fed_by_a_balancer,
    a_class_at_work,
)


def _waves(world: World, *, by: str) -> float:
    """Accounts of a farm begin together, again and again; returns from when on."""
    then = START + 30 * MINUTE
    end = then + 2 * HOUR
    _everyday(world, end=end, by=by)
    farm = {f"farm-{number}": _tied("hydra", f"farm-{number}", by=by) for number in range(30)}
    world.known(*farm)
    for account, fields in farm.items():
        _at_will(world, account, start=START, end=end, an_hour=3, **fields)
    at = float(then)
    while at < end:
        for account, fields in farm.items():
            if world.chance.random() < 0.7:
                world.ask(account, at=at + world.chance.uniform(0, 4), grain=1, **fields)
        at += world.chance.uniform(5 * MINUTE, 9 * MINUTE)
    return then


def _balanced(
    world: World, *, by: str, hours: float = 3, an_hour: float = 8
) -> tuple[float, float]:
    """The least busy of a farm's accounts is given the next task; returns from when until when."""
    then = START + 2 * HOUR
    end = then + hours * HOUR
    _everyday(world, end=end, by=by)
    farm = {f"farm-{number}": _tied("hydra", f"farm-{number}", by=by) for number in range(40)}
    world.known(*farm)
    done = dict.fromkeys(farm, 0)
    for at in world.arrivals(start=then, end=end, an_hour=an_hour * len(farm)):
        account = min(farm, key=lambda name: (done[name], world.chance.random()))
        done[account] += 1
        world.ask(account, at=at, grain=1, **farm[account])
    return then, end


def _tied(group: str, account: str, *, by: str) -> dict[str, str]:
    """What an account of a group bears: one thing in common with the others, and nothing else."""
    if by == "proxy":
        return {"proxy": group}
    if by == "payment":
        return {"proxy": account, "payment": group}
    text = "".join(f"{zlib.crc32(group.encode(), number):016x}" for number in range(4))
    return {"proxy": account, "prompt_sketch": text}


def _everyday(
    world: World,
    *,
    end: float,
    an_hour: float = 6.0,
    but_for: tuple[float, float] = (0.0, 0.0),
    by: str = "proxy",
) -> dict[str, dict[str, str]]:
    """A town asks, but for a time left out; returns what each account's requests bear."""
    people = {}
    for account, at_home, times in world.town(end=end, an_hour=an_hour):
        firm = at_home.get("proxy")
        fields = at_home if firm is None else _tied(firm, account, by=by)
        people[account] = fields
        for at in times:
            if not but_for[0] <= at < but_for[1]:
                world.ask(account, at=at, grain=1, **fields)
    return people


def _at_will(
    world: World, account: str, *, start: float, end: float, an_hour: float, **fields: str
) -> None:
    for at in world.sittings(start=start, end=end, an_hour=an_hour):
        world.ask(account, at=at, grain=1, **fields)
