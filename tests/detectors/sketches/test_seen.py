from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.sketches.seen import WAYS, Seen


def crowded(most: int) -> st.SearchStrategy[list[int]]:
    """Return ids that all fall into three buckets, of so many different ones."""
    return st.lists(st.integers(0, most - 1).map(lambda n: n * 2**40 + n % 3), max_size=60)


few = crowded(31)


def fresh(seen: Seen, ids: list[int]) -> list[bool]:
    answers: list[bool] = seen.fresh(np.array(ids, dtype=np.uint64)).tolist()
    return answers


@given(crowded(3 * WAYS - 2))  # zero counts as one, and stands in its bucket
def test_what_its_buckets_have_places_for_is_remembered_exactly(ids: list[int]) -> None:
    seen, known = Seen(capacity=4096), set()
    expected = []
    for one in ids:
        expected.append(max(one, 1) not in known)
        known.add(max(one, 1))
    assert fresh(seen, ids) == expected


@given(ids=few, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_the_answers_are_the_same_however_the_ids_are_cut(ids: list[int], cuts: list[int]) -> None:
    whole, parts = Seen(capacity=4), Seen(capacity=4)
    ends = sorted({0, len(ids), *(cut for cut in cuts if cut < len(ids))})
    answers = [fresh(parts, ids[a:b]) for a, b in pairwise(ends)]
    assert [answer for part in answers for answer in part] == fresh(whole, ids)
    assert parts.save() == whole.save()


@given(before=few, after=few)
def test_what_was_saved_is_known_again(before: list[int], after: list[int]) -> None:
    seen, back = Seen(capacity=4), Seen(capacity=4)
    for one in before:
        fresh(seen, [one])
        for number, data in seen.save()[0].items():
            back.load(number, data)
    assert fresh(back, after) == fresh(seen, after)


def test_the_newest_are_remembered_and_memory_does_not_grow() -> None:
    seen = Seen(capacity=1000)
    size = seen.state_bytes
    ids = np.random.default_rng(1).integers(1, 2**63, 50_000).astype(np.uint64)
    for start in range(0, len(ids), 500):
        seen.fresh(ids[start : start + 500])
        seen.save()
    assert seen.fresh(ids[-500:]).sum() <= 2
    assert seen.state_bytes == size


def test_saving_twice_saves_nothing_the_second_time() -> None:
    seen = Seen(capacity=16)
    fresh(seen, [5, 6])
    assert [len(data) for data in seen.save()[0].values()] == [16]
    assert seen.save() == ({}, [])


def test_what_no_checkpoint_will_ever_ask_for_is_not_kept_for_one() -> None:
    seen = Seen(capacity=100)
    for start in range(1, 10_000, 50):
        seen.fresh(np.arange(start, start + 50, dtype=np.uint64))
    segments, _ = seen.save()
    kept = np.concatenate([np.frombuffer(data, np.uint64) for data in segments.values()])
    assert kept[-1] == 10_000
    assert len(kept) == 200
