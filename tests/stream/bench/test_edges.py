import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.sketches.decayed import Floats
from detectors.sketches.seen import Hashes
from stream.bench.edges import Edges

BOT = 10**9


def hashes(*numbers: int) -> Hashes:
    return np.array(numbers, dtype=np.uint64)


def quiet_world(edges: Edges, *, ticks: int, seed: int = 1) -> NDArray[np.uint64]:
    """Ten sources, each with its five destinations, two edges each a tick."""
    random = np.random.default_rng(seed)
    sources = np.repeat(np.arange(10), 2).astype(np.uint64)
    scores: list[Floats] = []
    for tick in range(ticks):
        destinations = (1000 + sources * 5 + random.integers(0, 5, len(sources))).astype(np.uint64)
        scores.append(edges.judge(sources, destinations, tick=tick))
    return np.array(scores)


def test_a_quiet_world_stays_quiet_after_its_first_ticks() -> None:
    scores = quiet_world(Edges(width=1024), ticks=400)

    assert np.quantile(scores[200:], 0.99) < 5.0


def test_a_flood_over_one_edge_outscores_the_quiet() -> None:
    edges = Edges(width=1024)
    usual = quiet_world(edges, ticks=300)

    flood = edges.judge(hashes(*[BOT] * 100), hashes(*[1000] * 100), tick=300)

    assert flood[-1] > 10 * usual[200:].max()


def test_a_fan_out_to_new_destinations_outscores_the_same_number_over_known_edges() -> None:
    known, fanned = Edges(width=1024), Edges(width=1024)
    for edges in (known, fanned):
        quiet_world(edges, ticks=300)
    sources = hashes(*[3] * 40)

    to_known = known.judge(sources, hashes(*[1015 + i % 5 for i in range(40)]), tick=300)
    to_new = fanned.judge(sources, hashes(*range(5000, 5040)), tick=300)

    assert to_new[-1] > 2 * to_known[-1]


def test_an_edge_is_scored_by_nothing_that_comes_after_it() -> None:
    whole, part = Edges(width=1024), Edges(width=1024)
    for edges in (whole, part):
        quiet_world(edges, ticks=50)
    sources, destinations = hashes(1, 2, BOT, BOT), hashes(1005, 1010, 7, 8)

    complete = whole.judge(sources, destinations, tick=50)

    assert part.judge(sources[:2], destinations[:2], tick=50).tolist() == complete[:2].tolist()


def test_scoring_changes_nothing() -> None:
    edges = Edges(width=1024)
    quiet_world(edges, ticks=20)
    edges.advance(20)
    before = edges.snapshot()

    edges.score(edges.place(hashes(1, 2, 3), hashes(9, 9, 9)))

    assert edges.snapshot() == before


@given(
    ends=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=40
    ),
    cut=st.integers(1, 7),
)
@example(ends=[(1, 0, 0), (4, 4, 1), (6, 1, 1)], cut=1)  # two edges whose cells collide
def test_answers_do_not_depend_on_how_a_tick_is_cut(
    ends: list[tuple[int, int, int]], cut: int
) -> None:
    ordered = sorted(ends, key=lambda edge: edge[2])
    sources, destinations, ticks = (np.array(column) for column in zip(*ordered, strict=True))
    scores: list[list[float]] = []
    for size in (cut, len(ordered)):
        edges = Edges(width=8)
        got: list[float] = []
        for tick in range(5):
            here = np.flatnonzero(ticks == tick)
            for start in range(0, len(here), size):
                part = here[start : start + size]
                judged = edges.judge(
                    sources[part].astype(np.uint64), destinations[part].astype(np.uint64), tick=tick
                )
                got += judged.tolist()
        scores.append(got)

    assert scores[0] == scores[1]


def test_a_restart_changes_nothing() -> None:
    edges, again = Edges(width=256), Edges(width=256)
    quiet_world(edges, ticks=60)
    again.restore(edges.snapshot())

    after, after_restart = (quiet_world_from(one, tick=60) for one in (edges, again))

    assert after == after_restart
    assert again.snapshot() == edges.snapshot()


def quiet_world_from(edges: Edges, *, tick: int) -> list[float]:
    scores: list[float] = edges.judge(hashes(1, 1, BOT), hashes(1005, 2, 3), tick=tick).tolist()
    return scores


def test_memory_stays_the_same_under_ever_new_entities() -> None:
    edges = Edges(width=256)
    before = edges.state_bytes
    for tick in range(50):
        new = np.arange(tick * 100, tick * 100 + 100, dtype=np.uint64)
        edges.judge(new, new + np.uint64(BOT), tick=tick)

    assert edges.state_bytes == before
    assert len(edges.snapshot()) < 1.1 * before


def test_no_edges_have_no_scores() -> None:
    assert Edges(width=256).judge(hashes(), hashes(), tick=0).tolist() == []


def test_a_width_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="width=1000"):
        Edges(width=1000)
