from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from detectors.core.records import Request
from stream.bench.worlds.baselines import BASELINES
from stream.bench.worlds.baselines.edge_stream import EdgeStream
from stream.bench.worlds.baselines.fixed_limits import FixedLimits
from stream.bench.worlds.baselines.half_space_trees import HalfSpaceTrees
from stream.bench.worlds.baselines.prada import Prada
from stream.bench.worlds.baselines.rate_drift import Adwin, PageHinkley
from stream.bench.worlds.baselines.sample import Sample
from stream.bench.worlds.baselines.two_sample import TwoSample
from stream.bench.worlds.baselines.windows import Windows
from stream.bench.worlds.raised import Contender, Raised
from stream.decoded import Decoded

START = 1_767_225_600.0


def request(ts: float, account: str, **more: object) -> Request:
    fields: dict[str, object] = {"input_tokens": 500, "output_tokens": 200, "ip": "203.0.113.7"}
    return Request(
        id=f"{account}-{ts}", ts=ts, account=account, model="m", **fields | more  # type: ignore[arg-type]
    )  # fmt: skip


def decoded(requests: Iterable[Request]) -> Decoded:
    ordered = sorted(requests, key=lambda each: float(each.ts))
    times = np.array([float(each.ts) for each in ordered])
    return Decoded(requests=ordered, times=times, offsets=np.arange(len(ordered)))


def named(contender: Contender, requests: Iterable[Request]) -> set[str]:
    raised: list[Raised] = [*contender.take(decoded(requests)), *contender.finish()]
    return {account for each in raised for account in each.accounts}


def steady(account: str, *, minutes: int, a_minute: int = 2) -> list[Request]:
    return [
        request(START + minute * 60 + 60 * number / a_minute, account)
        for minute in range(minutes)
        for number in range(a_minute)
    ]


@pytest.mark.parametrize("name", list(BASELINES))
def test_every_baseline_keeps_quiet_before_anything_happened(name: str) -> None:
    contender = BASELINES[name]()

    assert contender.name == name
    assert not named(contender, [])
    assert contender.covers("anybody")


@pytest.mark.parametrize("name", list(BASELINES))
def test_the_same_requests_are_answered_the_same_however_they_are_cut(name: str) -> None:
    chance = np.random.default_rng(4)
    requests = [
        request(
            START + float(ts),
            f"a{int(chance.integers(40))}",
            input_tokens=int(chance.integers(10, 20_000)),
            prompt_sketch=f"{int(chance.integers(1 << 60)):016x}",
        )
        for ts in np.sort(chance.uniform(0, 7_200, size=6_000)).round(2)
    ]
    whole, cut = BASELINES[name](), BASELINES[name]()

    at_once = [*whole.take(decoded(requests)), *whole.finish()]
    in_parts: list[Raised] = []
    for place in range(0, len(requests), 700):
        in_parts += cut.take(decoded(requests[place : place + 700]))

    assert at_once == [*in_parts, *cut.finish()]


def test_fixed_limits_name_who_does_more_in_a_minute_than_allowed() -> None:
    many = [request(START + number * 0.5, "many") for number in range(60)]
    large = [request(START + 1, "large", input_tokens=500_000)]

    assert named(FixedLimits(), [*many, *large, *steady("few", minutes=5)]) == {"many", "large"}


@pytest.mark.parametrize("kind", [Adwin, PageHinkley])
def test_a_drift_detector_names_whose_rate_rises_and_not_who_is_always_busy(
    kind: type[Contender],
) -> None:
    riser = steady("riser", minutes=120) + [
        request(START + 7_200 + number, "riser") for number in range(7_200)
    ]
    busy = steady("busy", minutes=240, a_minute=60)

    assert named(kind(), riser + busy) == {"riser"}


def test_half_space_trees_name_the_account_that_does_what_nobody_does() -> None:
    usual = [
        each
        for number in range(60)
        for each in steady(f"a{number}", minutes=120, a_minute=1 + number % 3)
    ]
    odd = [
        request(START + 7_000 + number * 0.1, "odd", input_tokens=150_000, output_tokens=30_000)
        for number in range(1_000)
    ]

    assert "odd" in named(HalfSpaceTrees(), usual + odd)


def test_prada_waits_for_a_hundred_distances_and_then_names_who_is_too_even() -> None:
    same = [request(START + number, "same", prompt_sketch="0" * 16) for number in range(101)]

    assert named(Prada(), same[:100]) == set()
    assert named(Prada(), same) == {"same"}


def test_the_two_sample_test_names_accounts_of_a_kind_that_came_up_later() -> None:
    chance = np.random.default_rng(5)

    def window(number: int, names: Sequence[str], tokens: int) -> list[Request]:
        return [
            request(
                START + number * 600 + float(chance.uniform(0, 599)),
                name,
                input_tokens=int(tokens * chance.uniform(0.5, 2)),
            )
            for name in names
            for _ in range(4)
        ]

    people, bots = [f"p{n}" for n in range(60)], [f"b{n}" for n in range(20)]
    requests = [each for number in range(6) for each in window(number, people, 300)]
    requests += window(4, bots, 80_000)

    found = named(TwoSample(), requests)

    assert len(found & set(bots)) >= 15
    assert len(found & set(people)) <= 2


def test_the_edge_stream_names_whose_edges_come_in_a_burst() -> None:
    usual = [
        each
        for number in range(50)
        for each in steady(f"a{number}", minutes=40)
    ]  # fmt: skip
    burst = [request(START + 1_900 + number * 0.05, "burst") for number in range(600)]

    assert "burst" in named(EdgeStream(), usual + burst)


def test_denied_requests_count_for_nothing_in_a_window() -> None:
    windows = Windows(seconds=60.0)
    requests = [request(START, "a"), request(START + 1, "a", status=403)]

    assert list(windows.take(decoded(requests))) == []
    (window,) = windows.finish()
    assert window.doings["a"].requests == 1
    assert window.features().shape == (1, 8)


def test_a_sample_ends_up_the_same_in_whatever_order_accounts_come() -> None:
    names = [f"a{number}" for number in range(500)]
    forwards, backwards = Sample(most=50), Sample(most=50)
    for name in names:
        forwards.takes(name)
    for name in reversed(names):
        backwards.takes(name)

    kept = [name for name in names if forwards.takes(name)]
    assert kept == [name for name in names if backwards.takes(name)]
    assert len(kept) == 50
    assert "sample of 50 accounts" in forwards.note
