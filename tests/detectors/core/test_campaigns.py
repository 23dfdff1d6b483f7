"""What a campaign is told for."""

import numpy as np

from detectors.core.campaigns import Members, members_of
from detectors.core.presence import COLUMNS, MESH
from detectors.core.records import Behind
from detectors.core.suspects import Suspect
from detectors.sketches.crowding import Crowding
from detectors.sketches.distinct import mark
from tests.detectors.course import accounts, alert


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


def test_where_accounts_of_its_templates_met_a_campaign_is_told_for_that_too() -> None:
    several = [met_at("a", egresses=range(12), again=range(6)),
               met_at("b", egresses=range(4, 14), again=range(4, 12))]  # fmt: skip
    assert campaign(*several).signals() == {"concentration", "repetition"}


def test_where_they_met_no_more_than_accounts_do_it_is_not() -> None:
    several = [met_at("a", egresses=range(12), again=range(1)),
               met_at("b", egresses=range(4, 14), again=range(0))]  # fmt: skip
    assert campaign(*several).signals() == {"concentration"}
