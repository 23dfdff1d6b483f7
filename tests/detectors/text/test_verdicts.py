from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.records import Aim, Verdict
from detectors.text import verdicts as module
from detectors.text.capability import CAPABILITIES, ORDINARY, VERDICT_RATE, Capability
from detectors.text.features import FEATURES, Asked
from detectors.text.verdicts import OUTCOMES, TAUGHT, Verdicts
from detectors.text.wording import wording
from detectors.text.words import words
from stream.simulate.chance import Chance
from stream.simulate.texts import person
from tests.bench.capability_verdicts import fillings, passing
from tests.detectors.text.test_capability import AFTER, PLAIN

FRAME = [list(range(40, 60))] * 3
NUMBERS = st.lists(st.integers(0, FEATURES - 1), min_size=1, max_size=30)


def alert(number: int) -> str:
    return f"{number:032x}"


def verdict(said: Any = "true_positive", *, number: int = 0, **more: Any) -> Verdict:
    if said == "true_positive":
        more = {"capability": "tool_use", **more}
    return Verdict(ts=0.0, alert=alert(number), verdict=said, **{"features": FRAME, **more})


def written(number: int) -> str:
    """A prompt of a template that is nobody's but this test's, around what a person asks."""
    question, answer = person(Chance(2 * number)), person(Chance(2 * number + 1))
    return (
        "Here stands what a pupil was asked and what they wrote. Weigh the writing against the "
        "master's four virtues, name the weakest passage, and close with a tally out of twelve.\n"
        f"Asked: {question}\nWritten: {answer}"
    )


@pytest.mark.parametrize(
    ("given_", "outcome"),
    [
        (verdict(), "learned"),
        (verdict("false_positive"), "learned"),
        (verdict("benign_known"), "learned"),
        (verdict("undecided"), "silent"),
        (verdict(capability=None), "silent"),
        (verdict(features=None), "silent"),
        (verdict(features=[]), "silent"),
    ],
)
def test_a_verdict_teaches_what_it_says_or_nothing(given_: Verdict, outcome: str) -> None:
    capability = Capability.shipped()
    before = capability.snapshot()

    assert Verdicts(capability).take(given_) == outcome
    assert (capability.snapshot() != before) == (outcome in TAUGHT)
    assert outcome in OUTCOMES


@pytest.mark.parametrize("said", ["false_positive", "benign_known"])
def test_a_false_or_a_known_alert_makes_its_prompts_more_ordinary(said: str) -> None:
    capability = Capability.shipped()
    text = Asked(words(AFTER["rubric_grading"]))
    features = capability.features(text).tolist()
    before = capability.predict(text)

    Verdicts(capability).take(verdict(said, features=[features] * 3))

    after = capability.predict(text)
    assert after.code == before.code
    assert after.probability < before.probability


def test_an_alert_judged_twice_alike_counts_once() -> None:
    once, twice = Capability.shipped(), Capability.shipped()
    Verdicts(once).take(verdict())
    verdicts = Verdicts(twice)

    assert [verdicts.take(verdict()), verdicts.take(verdict())] == ["learned", "repeated"]
    assert twice.snapshot() == once.snapshot()


def test_an_alert_judged_otherwise_later_pulls_the_other_way_once() -> None:
    verdicts = Verdicts(Capability.shipped())
    said = ["true_positive", "false_positive", "benign_known", "true_positive"]

    outcomes = [verdicts.take(verdict(each)) for each in said]

    assert outcomes == ["learned", "reversed", "repeated", "repeated"]


def test_of_ever_more_alerts_no_more_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    verdicts = Verdicts(Capability.shipped())

    for number in range(50):
        assert verdicts.take(verdict(number=number)) == "learned"

    assert len(verdicts._taught) == 10
    assert verdicts.take(verdict(number=49)) == "repeated"


@settings(max_examples=30)
@given(st.lists(NUMBERS, min_size=1, max_size=64), NUMBERS, st.sampled_from(get_args(Aim)))
def test_no_verdict_moves_any_request_further_than_the_rate(
    features: list[list[int]], request: list[int], aim: str
) -> None:
    capability = Capability.shipped()
    asked = np.unique(np.array([*request, *features[0]]))
    before = capability._table[asked].copy()

    Verdicts(capability).take(verdict(capability=aim, features=features))

    moved = (capability._table[asked] - before).sum(axis=0) / np.sqrt(len(asked))
    assert np.abs(moved).max() <= VERDICT_RATE + 1e-5


def test_the_same_verdicts_in_the_same_order_make_the_same_model() -> None:
    models = [Capability.shipped(), Capability.shipped()]
    given_ = [
        verdict(number=number, capability=aim, features=[[number, 7, 9], [3, 7, 9]])
        for number, aim in enumerate(get_args(Aim))
    ]
    for model in models:
        verdicts = Verdicts(model)
        for each in given_:
            verdicts.take(each)

    assert models[0].snapshot() == models[1].snapshot()


def test_what_any_prompt_says_no_verdict_changes() -> None:
    capability = Capability.shipped()
    common = sorted(capability.fit.common)
    before = capability._table[common].copy(), capability._known[common].copy()

    Verdicts(capability).take(verdict(features=[[*common[:500], 11, 12]] * 3))

    assert (capability._table[common] == before[0]).all()
    assert (capability._known[common] == before[1]).all()
    restored = Capability.shipped()
    restored.restore(capability.snapshot())
    assert (restored._table == capability._table).all()
    assert (restored._known == capability._known).all()


def test_many_verdicts_of_one_kind_leave_ordinary_prompts_alone() -> None:
    capability = Capability.shipped()
    verdicts, number = Verdicts(capability), 0
    for kind in get_args(Aim):
        for ask in passing(kind, code=ORDINARY, count=3):
            for first in range(0, 80, 20):
                prompts = fillings(ask, first=first, count=20)
                features = wording([capability.features(asked) for asked in prompts])
                verdicts.take(verdict(number=number, capability=kind, features=features))
                number += 1

    others = [Asked(words(person(Chance(number)))) for number in range(500)]
    assert number > 70
    assert (capability.predict_many(others).codes != ORDINARY).mean() < 0.01
    assert not capability.predict_many([Asked(words(text)) for text in PLAIN]).codes.any()


def test_what_a_verdict_can_name_is_what_the_model_can_say() -> None:
    assert get_args(Aim) == CAPABILITIES[ORDINARY + 1 :]


@pytest.mark.parametrize("kind", ["rubric_grading", "safe_rewrite", "computer_use", "by hand"])
def test_a_wording_that_passed_as_ordinary_is_known_after_some_verdicts(kind: str) -> None:
    capability = Capability.shipped()
    verdicts = Verdicts(capability)
    if kind == "by hand":
        kind, ask = "rubric_grading", lambda chance: written(chance.below(1 << 20))
    else:
        (ask,) = passing(kind, code=ORDINARY, count=1)
    code = CAPABILITIES.index(kind)
    others = fillings(ask, first=10_000, count=50)
    assert (capability.predict_many(others).codes == ORDINARY).mean() > 0.9

    for number in range(20):
        prompts = fillings(ask, first=20 * number, count=20)
        features = wording([capability.features(asked) for asked in prompts])
        verdicts.take(verdict(number=number, capability=kind, features=features))

    assert (capability.predict_many(others).codes == code).mean() > 0.9
    plain = [*PLAIN, *(person(Chance(number)) for number in range(200))]
    assert not capability.predict_many([Asked(words(text)) for text in plain]).codes.any()
    for name, text in AFTER.items():
        assert CAPABILITIES[capability.predict(Asked(words(text))).code] == name


def test_a_careless_verdict_on_ordinary_prompts_harms_no_others() -> None:
    capability = Capability.shipped()
    verdicts = Verdicts(capability)
    prompts = [Asked(words(person(Chance(number)))) for number in range(60)]
    features = wording([capability.features(asked) for asked in prompts])

    for number in range(3):
        verdicts.take(verdict(number=number, features=features))

    others = [Asked(words(person(Chance(1000 + number)))) for number in range(300)]
    assert not capability.predict_many(others).codes.any()
    assert not capability.predict_many([Asked(words(text)) for text in PLAIN]).codes.any()
