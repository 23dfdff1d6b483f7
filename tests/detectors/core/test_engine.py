from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors import CATALOG
from detectors.core.engine import Engine, share_of, share_of_campaigns
from detectors.core.records import Alert, Request
from tests.detectors.traffic import cut, detectors, request, settings, worlds


def engine(partitions: int) -> Engine:
    return Engine(
        partitions=partitions,
        settings=settings(),
        detectors=detectors,
        remember=1000,
        members=1000,
        groups=1000,
    )


def run(requests: Sequence[Request], *, partitions: int, cuts: Iterable[int] = ()) -> list[Alert]:
    made = engine(partitions)
    alerts: list[Alert] = []
    parts = [[r for r in requests if ord(r.account) % partitions == p] for p in range(partitions)]
    for partition, own in enumerate(parts):
        for batch in cut(own, cuts):
            alerts += made.process(batch, partition=partition)
    return alerts + made.finish()


def test_the_last_tick_is_judged_at_the_end_though_some_partitions_had_no_request() -> None:
    requests = [request(f"{a}{i}", at=0, account=a, proxy="x") for a in "aei" for i in range(2)]
    found = {(alert.entity.scope, alert.entity.value) for alert in run(requests, partitions=4)}
    assert found == {("account", "a"), ("account", "e"), ("account", "i"), ("proxy", "x")}


@effort(max_examples=25)
@given(requests=worlds(most=30), cuts=st.sets(st.integers(1, 30)))
def test_the_same_alerts_are_raised_however_the_stream_is_cut(
    requests: list[Request], cuts: set[int]
) -> None:
    whole = {alert.id: alert for alert in run(requests, partitions=2)}
    assert {alert.id: alert for alert in run(requests, partitions=2, cuts=cuts)} == whole


def test_the_budget_is_shared_by_detectors_scopes_and_partitions() -> None:
    kinds = [kind() for kind in CATALOG]
    part = share_of(settings(), kinds, 4).alerts_per_day
    spending = [kind for kind in CATALOG if not kind.supports]
    shares = sum(len(kind.scopes) for kind in spending)
    campaigns = share_of_campaigns(settings()).alerts_per_day
    assert part * 4 * shares + campaigns == pytest.approx(1.0)
