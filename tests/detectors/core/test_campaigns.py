"""What a campaign is told for."""

import numpy as np

from detectors.core import campaign_alert
from detectors.core.campaigns import Campaign, Members, members_of
from detectors.core.presence import COLUMNS, MESH
from detectors.core.records import Alert, Behind
from detectors.core.suspects import Suspect
from detectors.sketches.crowding import Crowding
from detectors.sketches.distinct import mark
from tests.detectors.course import accounts, alert
from tests.detectors.traffic import settings


def met_at(name: str, *, egresses: range, again: range) -> Suspect:
    """Return a template that was asked for one thing, with the egresses its accounts met at."""
    mesh = np.zeros((len(MESH), 1, COLUMNS["egress_bits"].shape[-1]), dtype=np.uint64)
    for bits, marked in zip(mesh, (egresses, range(40, 60), again), strict=True):
        hashes = np.array(marked, dtype=np.uint64)
        mark(bits, np.zeros(len(hashes), dtype=np.int64), hashes)
    made = Suspect(("template", name))
    raised = alert(name, accounts(0, 20), scope="template", strong=False, detector="capability")
    made.take(raised, Behind(accounts(0, 20), None, mesh.tobytes()))
    return made


def campaign(*suspects: Suspect) -> Members:
    crowding = Crowding()
    crowding.look(np.full(100, 3.0), alone=1000.0, partitions=1)
    return members_of(list(suspects), crowd=crowding.crowd)


def told(members: Members) -> Alert:
    known = Campaign(id="one", formed=1, history=[(2, 20, 3)])
    return campaign_alert.of(known, members, tick=2, limit=1e-3, settings=settings())


def test_where_accounts_of_its_templates_met_a_campaign_is_told_for_that_too() -> None:
    several = [met_at("a", egresses=range(12), again=range(6)),
               met_at("b", egresses=range(4, 14), again=range(4, 12))]  # fmt: skip
    assert campaign(*several).signals() == {"concentration", "repetition"}


def test_what_teams_with_one_tool_would_show_too_is_never_above_medium() -> None:
    several = [met_at(name, egresses=range(40), again=range(40)) for name in "abc"]
    assert told(campaign(*several)).severity == "medium"
    several[0].take(alert("a", accounts(0, 20), scope="template", nats=60.0), Behind())
    assert told(campaign(*several)).severity in ("high", "critical")


def test_where_they_met_no_more_than_accounts_do_it_is_not() -> None:
    several = [met_at("a", egresses=range(12), again=range(1)),
               met_at("b", egresses=range(4, 14), again=range(0))]  # fmt: skip
    assert campaign(*several).signals() == {"concentration"}
