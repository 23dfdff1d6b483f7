from collections import Counter, defaultdict

import pytest

from detectors.text.capability import CAPABILITIES, Capability
from tests.bench.capability_prompts import FOLDS, data, written
from tests.bench.capability_sets import UnseenSet, public, simulated

FOLDER = data()
#: The share that must be right, well below what the README states.
FLOORS = {
    "MT-bench questions": 0.9,
    "self-instruct, user oriented": 0.9,
    "both, a step-by-step cue added to each": 0.95,
    "awesome-chatgpt-prompts, half of the contributors": 0.95,
    "FastChat judge prompts": 0.99,
    "Prometheus, mt_bench": 0.95,
    "Prometheus, vicuna": 0.95,
    "simulated people": 0.97,
    "simulated people, with a cue": 0.95,
    "simulated product templates": 0.95,
    "simulated tutor templates": 0.95,
    "simulated newsroom templates": 0.95,
    "simulated rubric_grading templates": 0.7,
    "simulated agentic_coding templates": 0.6,
    "simulated computer_use templates": 0.8,
}


def right(unseen: UnseenSet) -> float:
    codes = Capability.shipped().predict_many(unseen.asked).codes.tolist()
    return sum(CAPABILITIES[code] in unseen.right for code in codes) / len(codes)


@pytest.mark.skipif(FOLDER is None, reason="needs the public prompts: WEIR_DATA, or ../shared/data")
def test_public_prompts_that_were_not_fitted_on_are_taken_for_what_they_are() -> None:
    assert FOLDER is not None
    short = {one.name: right(one) for one in public(FOLDER) if one.name in FLOORS}
    assert {name: share for name, share in short.items() if share < FLOORS[name]} == {}


@pytest.mark.parametrize(
    "unseen",
    [one for one in simulated(prompts=200) if one.name in FLOORS],
    ids=lambda one: one.name,
)
def test_simulated_prompts_are_taken_for_what_they_are(unseen: UnseenSet) -> None:
    assert right(unseen) >= FLOORS[unseen.name]


def test_each_capability_has_many_wordings() -> None:
    wordings: dict[int, set[str]] = defaultdict(set)
    for example in written():
        wordings[example.capability].add(example.group)
    assert sorted(wordings) == list(range(len(CAPABILITIES)))
    assert min(map(len, wordings.values())) >= 150


def test_no_wording_is_both_fitted_on_and_held_out() -> None:
    held_out = Counter[str]()
    for fold in range(FOLDS):
        fitted = {example.group for example in written(fold=fold)}
        unseen = {example.group for example in written(fold=fold, held_out=True)}
        assert not fitted & unseen
        held_out.update(unseen)
    assert set(held_out.values()) == {1}
