"""What the alert of a group that moves to another model says."""

import numpy as np

from detectors.model_pivot import ModelPivot
from tests.detectors.traffic import EPOCH, account_level, feed, group_level, request, tick_of_one


def test_a_move_begins_with_the_groups_own_movers_though_its_row_was_anothers() -> None:
    accounts, groups = account_level(), group_level(capacity=2)
    usual = [request(f"{a}{at}", at=at, account=a) for at in range(25) for a in "abcdefgh"]
    first = [request(a, at=30, account=a, model="new", proxy="first") for a in "abcd"]
    second = [request(a, at=40, account=a, model="new", proxy="second") for a in "efgh"]
    for offset, (_, delta) in enumerate(feed(accounts, usual + first + second).deltas):
        groups.process([delta], offset)
    rows = np.array([groups.profiles.index["proxy:second"]])
    assert groups.members["group"][groups.members.index["proxy:first\na"]] == rows[0]
    tick = tick_of_one(
        rows, number=EPOCH + 40, population=groups.population, members=groups.members
    )
    finding = ModelPivot().explain(groups.profiles, tick, 0)
    assert sorted(finding.accounts) == list("efgh")
    assert finding.onset == EPOCH + 40
