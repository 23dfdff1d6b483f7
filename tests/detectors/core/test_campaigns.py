"""What a campaign is told for."""

import numpy as np

from detectors.core import campaign_alert
from detectors.core.campaign import Campaign, Members, members_of
from detectors.core.mesh import Mesh
from detectors.core.records import Alert, Behind
from detectors.core.suspects import Suspect
from detectors.sketches.crowding import Crowding
from tests.detectors.course import accounts, alert
from tests.detectors.traffic import settings


def at(name: str, places: dict[str, tuple[int, ...]]) -> Suspect:
    """Return a template that was asked for one thing, with where each of its accounts was."""
    made = Suspect(("template", name))
    raised = alert(name, list(places), scope="template", strong=False, detector="capability")
    made.take(raised, Behind(list(places)))
    made.places = places
    return made


def pool(name: str, *, egresses: int, of: range) -> Suspect:
    """Return a template whose accounts each come through three egresses of one pool."""
    own = {n: (1 + n % egresses, 1 + 5 * n % egresses, 1 + 7 * n % egresses) for n in of}
    return at(name, {f"farm-{n}": places for n, places in own.items()})


def campaign(*suspects: Suspect) -> Members:
    crowding = Crowding()
    crowding.look(np.full(100, 3.0), alone=1000.0, partitions=1)
    return members_of(list(suspects), crowd=crowding.crowd)


def told(members: Members) -> Alert:
    known = Campaign(id="one", formed=1, history=[(2, 20, 3)])
    return campaign_alert.of(known, members, tick=2, limit=1e-3, settings=settings())


def test_where_accounts_of_its_templates_met_a_campaign_is_told_for_that_too() -> None:
    several = [pool("a", egresses=12, of=range(8)), pool("b", egresses=12, of=range(6, 16))]
    assert campaign(*several).signals() == {"concentration", "repetition"}


def test_where_those_of_different_templates_met_that_counts_too() -> None:
    several = [pool(str(n), egresses=16, of=range(n, n + 1)) for n in range(32)]
    assert not any(Mesh.of([one]).again for one in several)
    assert campaign(*several).signals() == {"concentration", "repetition"}


def test_what_teams_with_one_tool_would_show_too_is_never_above_medium() -> None:
    several = [pool(name, egresses=40, of=range(60)) for name in "abc"]
    assert told(campaign(*several)).severity == "medium"
    several[0].take(alert("a", accounts(0, 20), scope="template", nats=60.0), Behind())
    assert told(campaign(*several)).severity in ("high", "critical")


def test_where_they_met_no_more_than_accounts_do_it_is_not() -> None:
    several = [at("a", {f"one-{n}": (n,) for n in range(12)}),
               at("b", {f"other-{n}": (8 + n,) for n in range(12)})]  # fmt: skip
    assert campaign(*several).signals() == {"concentration"}


def test_where_an_account_is_at_its_own_egresses_with_two_templates_nobody_met() -> None:
    several = [at(name, {f"user-{n}": (n, 100 + n) for n in range(30)}) for name in "abc"]
    assert campaign(*several).signals() == {"concentration"}


def test_that_those_of_each_office_of_a_firm_meet_there_says_nothing() -> None:
    several = [at(name, {f"desk-{n}": (n % 8,) for n in range(40)}) for name in "abc"]
    assert campaign(*several).signals() == {"concentration"}
