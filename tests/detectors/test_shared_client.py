"""What the detector makes of groups and their clients."""

import random
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from detectors.core.checks import EPOCH, Course
from detectors.core.records import Request
from detectors.shared_client import SharedClient
from tests.detectors.test_capability import names

POPULAR = ("web", "web", "web", "phone", "phone", "sdk", "sdk", "cli")
HOUR = 3600


def coming(
    accounts: Sequence[str],
    clients: Sequence[str | None],
    *,
    proxy: str | None,
    start: float = 0,
    end: float = 3 * HOUR,
) -> list[Request]:
    """Each account asks every ten minutes, always with one of the clients."""
    chance = random.Random(str(proxy))
    made = []
    for place, account in enumerate(accounts):
        client = chance.choice(clients)
        at = start + 600 * place // len(accounts) // 20 * 20
        while at < end:
            made.append(
                Request(
                    id=f"{account}-{at:.1f}",
                    ts=EPOCH + at,
                    account=account,
                    model="opus",
                    proxy=proxy or f"home-{account}",
                    user_agent=client,
                    ja4=client and f"t13-{client}",
                )
            )
            at += 600.0
    return made


def town() -> list[Request]:
    """Two hundred people and ten offices of ten, with the clients that all have."""
    made = coming(names("p", 200), POPULAR, proxy=None)
    for office in range(10):
        made += coming(names(f"clerk-{office}", 10), POPULAR, proxy=f"office-{office}")
    return made


def replace_client(request: Request) -> Request:
    """The next version of everything."""
    return msgspec.structs.replace(request, user_agent="all/2", ja4="t13-all")


def read(requests: list[Request]) -> Course:
    course = Course(SharedClient)
    course.read(sorted(requests, key=lambda r: float(r.ts)))
    return course


def peak(requests: list[Request], *, proxy: str) -> float:
    scores = read(requests).scores
    return max((score for who, _, score in scores if who == f"proxy:{proxy}"), default=0.0)


def test_a_client_that_hardly_anybody_else_has_stands_out() -> None:
    farm = coming(names("farm", 20), ["farmer"], proxy="hydra", start=HOUR)
    assert peak(town() + farm, proxy="hydra") > 8.0


def test_it_stands_out_among_others_at_the_same_egress() -> None:
    farm = coming(names("farm", 20), ["farmer"], proxy="exit", start=HOUR)
    exit_ = coming(names("guest", 30), POPULAR, proxy="exit")
    assert peak(town() + exit_, proxy="exit") < 3.0
    assert peak(town() + exit_ + farm, proxy="exit") > 6.0


def test_a_campaign_does_not_make_its_own_client_popular_by_its_size() -> None:
    farm = names("farm", 240)
    made = town()
    for proxy in range(12):
        # Each account comes through two egresses, so that all hang together.
        those = [farm[(20 * proxy + n) % 240] for n in range(40)]
        made += coming(those, ["farmer"], proxy=f"hydra-{proxy}", start=HOUR)
    assert peak(made, proxy="hydra-3") > 6.5


def test_a_client_that_comes_to_everybody_at_once_is_nobodys_own() -> None:
    made = [one if float(one.ts) < EPOCH + 2 * HOUR else replace_client(one) for one in town()]
    assert peak(made, proxy="office-3") < 5.0


@pytest.mark.parametrize("client", ["web", "sdk", "cli"])
def test_a_popular_client_counts_little_though_all_of_a_group_have_it(client: str) -> None:
    office = coming(names("desk", 40), [client], proxy="hydra", start=HOUR)
    assert peak(town() + office, proxy="hydra") < 6.0


def test_clients_of_which_each_is_rare_and_none_is_shared_are_nothing() -> None:
    lab = coming(names("lab", 20), [f"script-{n}" for n in range(2000)], proxy="lab")
    assert peak(town() + lab, proxy="lab") == 0.0


def test_where_many_groups_have_a_client_of_their_own_one_more_is_no_surprise() -> None:
    world = town()
    for firm in range(20):
        world += coming(names(f"f-{firm}", 10), [f"own-{firm}"], proxy=f"firm-{firm}")
    late = coming(names("late", 10), ["late"], proxy="late", start=2 * HOUR)
    assert peak(world + late, proxy="late") < 6.9


def test_accounts_that_say_nothing_of_their_client_are_no_group() -> None:
    silent = coming(names("s", 40), [None], proxy="hydra")
    assert peak(town() + silent, proxy="hydra") == 0.0


def test_no_budget_makes_it_an_alert_by_itself() -> None:
    farm = coming(names("farm", 40), ["farmer"], proxy="hydra", start=HOUR)
    course = Course(SharedClient)
    for level in (course.accounts, course.groups):
        level.settings = replace(level.settings, alerts_per_day=100_000.0)
    course.read(sorted(town() + farm, key=lambda r: float(r.ts)))
    assert course.alerts
    assert {alert.severity for alert in course.alerts} == {"info"}


def test_it_names_who_has_the_client_and_no_bystander() -> None:
    farm = coming(names("farm", 20), ["farmer"], proxy="hydra", start=HOUR)
    guests = coming(names("guest", 6), ["web", "phone"], proxy="hydra")
    course = read(town() + farm + guests)
    (told, *_) = [alert for alert in course.alerts if alert.entity.value == "hydra"]
    assert set(told.accounts) <= set(names("farm", 20))
    assert told.evidence[0].expected < 0.02
