import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.sketches.distinct import estimate, mark, marked

hashes = st.lists(st.integers(0, 2**64 - 1), max_size=40)


def words(values: list[int], *, size: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    made = np.zeros((1, size), dtype=np.uint64)
    mark(made, np.zeros(len(values), dtype=np.int64), np.array(values, dtype=np.uint64))
    return made


@given(values=hashes, more=hashes)
def test_the_order_and_repetition_of_marks_do_not_matter(
    values: list[int], more: list[int]
) -> None:
    assert np.array_equal(words([*values, *more, *values]), words([*more, *values]))


@given(values=hashes, more=hashes)
def test_more_marks_never_count_for_less(values: list[int], more: list[int]) -> None:
    assert estimate(words([*values, *more]))[0] >= estimate(words(values))[0]


def test_the_estimate_is_near_the_count() -> None:
    random = np.random.default_rng(3)
    for count in (1, 5, 20, 60, 150):
        values = random.integers(0, 2**63, count).tolist()
        assert abs(estimate(words(values))[0] - count) <= 2 + 0.15 * count


def test_a_full_row_has_an_estimate() -> None:
    assert 64 < estimate(words(list(range(64)), size=1))[0] < 1000


def test_rows_do_not_disturb_each_other() -> None:
    both = np.zeros((2, 1), dtype=np.uint64)
    mark(both, np.array([1]), np.array([7], dtype=np.uint64))
    assert both.tolist() == [[0], [128]]


def test_a_hash_is_marked_in_its_own_row_alone() -> None:
    rows = np.zeros((2, 4), dtype=np.uint64)
    both = np.array([77, 77], dtype=np.uint64)
    mark(rows, np.array([1]), both[:1])
    assert marked(rows, both).tolist() == [False, True]
