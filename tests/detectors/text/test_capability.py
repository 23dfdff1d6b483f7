import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.capability import _INTERCEPT, CAPABILITIES, ORDINARY, Capability, _bag
from detectors.text.features import FEATURES, Asked
from detectors.text.words import words
from stream.simulate.words import CUES
from tests.detectors.text.test_features import ASKED

SHIPPED = Capability.shipped()
# None of these wordings is among those that were fitted on.
AFTER = {
    "reasoning_trace": "Imagine what went on in your head before you produced the finished reply, "
    "and write that internal chain of thought down in full, step by step, ahead of the answer.",
    "rubric_grading": "Please judge which of the two assistant responses answers the user better. "
    "Rate accuracy and helpfulness from 1 to 10 and print the scores.",
    "safe_rewrite": "This question on party leaders and dissidents is politically sensitive. "
    "Rephrase it so that it contains no banned terms and passes the censors.",
    "agentic_coding": "In the repository, fix the failing login handler in src/session.py, run the "
    "test suite and commit the patch.",
    "tool_use": "Choose the function to call for this request, fill in its arguments as JSON, wait "
    "for the observation and then plan the next tool call.",
    "data_analysis": "Load the csv with pandas, plot monthly revenue by region, report the mean, "
    "the outliers and a regression, and interpret the trend.",
    "computer_use": "Look at the screenshot, move the mouse to the button, click it, and type the "
    "address into the text field of the browser window.",
}
PLAIN = (
    "What is the boiling point of water on a mountain?",
    "My son asks why cats purr. What shall I tell him?",
    "Write a limerick about an umbrella in Bergen.",
    "How many eggs do I need for a cake for twelve people?",
    "Suggest a birthday present for my uncle who likes trains.",
    "Translate 'see you tomorrow' into Portuguese.",
)
NEW = "Enumerate every knot of the sailor's ledger, annotate the rope and splice its strands"


def asked(text: str) -> Asked:
    return Asked(words(text))


@pytest.fixture
def capability() -> Capability:
    return Capability.shipped()


@pytest.mark.parametrize("name", AFTER)
def test_a_wording_it_never_saw_is_taken_for_what_it_is_after(name: str) -> None:
    assert CAPABILITIES[SHIPPED.predict(asked(AFTER[name])).code] == name


@pytest.mark.parametrize("cue", ["", *CUES])
def test_a_cue_for_steps_does_not_decide(cue: str) -> None:
    guesses = SHIPPED.predict_many([asked(f"{text} {cue}") for text in PLAIN])
    assert guesses.codes.tolist() == [ORDINARY] * len(PLAIN)


@pytest.mark.parametrize(
    "text", ["", "?", "42", "どうして空は青いのですか", "ﷺ" * 9000, "x" * 10**6]
)
def test_what_it_cannot_read_is_ordinary(text: str) -> None:
    assert SHIPPED.predict(asked(text)).code == ORDINARY


def test_an_operation_without_an_answer_is_ordinary() -> None:
    text = asked(AFTER["rubric_grading"])
    assert SHIPPED.predict(text._replace(operation="embeddings")).code == ORDINARY
    assert SHIPPED.predict(text._replace(operation="chat")).code != ORDINARY


def test_tools_of_a_computer_are_evidence() -> None:
    text = asked("please get it done until tonight")
    with_tools = text._replace(tools=("computer", "screenshot", "left_click", "type_text"))
    code = CAPABILITIES.index("computer_use")
    before, after = (
        SHIPPED.likelihoods(SHIPPED._hasher.features([one]))[0, code] for one in (text, with_tools)
    )
    assert after > before + 0.1


@given(st.lists(ASKED, max_size=6))
def test_a_batch_is_judged_as_its_requests_are_one_by_one(requests: list[Asked]) -> None:
    many = SHIPPED.predict_many(requests)
    single = [SHIPPED.predict(one) for one in requests]
    assert many.codes.tolist() == [guess.code for guess in single]
    assert many.probabilities.tolist() == [guess.probability for guess in single]


def test_a_batch_longer_than_one_pass_is_judged_whole(capability: Capability) -> None:
    texts = [asked(text) for text in (*AFTER.values(), *PLAIN)] * 60
    codes = capability.predict_many(texts).codes
    assert codes.tolist() == capability.predict_many(texts[:13]).codes.tolist() * 60


@given(ASKED)
def test_the_table_says_what_river_says(one: Asked) -> None:
    _agree(SHIPPED, one)


@given(st.lists(st.tuples(ASKED, st.integers(0, 7)), min_size=1, max_size=5))
def test_the_table_says_what_river_says_after_verdicts(verdicts: list[tuple[Asked, int]]) -> None:
    capability = Capability.shipped()
    for one, code in verdicts:
        capability.learn(capability.features(one), code)
    for one, _ in verdicts:
        _agree(capability, one)


def test_verdicts_teach_a_new_wording_and_leave_the_others_alone(capability: Capability) -> None:
    assert capability.predict(asked(NEW)).code == ORDINARY
    for _ in range(20):
        capability.learn(capability.features(asked(NEW)), 5)
    assert capability.predict(asked(NEW)).code == 5
    assert capability.predict(asked(f"{NEW}, then splice the knot of the rope")).code == 5
    for name, text in AFTER.items():
        assert CAPABILITIES[capability.predict(asked(text)).code] == name
    assert not capability.predict_many([asked(text) for text in PLAIN]).codes.any()


def test_one_verdict_does_not_overturn_a_clear_case(capability: Capability) -> None:
    text = asked(AFTER["rubric_grading"])
    capability.learn(capability.features(text), ORDINARY)
    assert CAPABILITIES[capability.predict(text).code] == "rubric_grading"


def test_verdicts_that_it_was_ordinary_are_learned(capability: Capability) -> None:
    text = asked(AFTER["rubric_grading"])
    for _ in range(40):
        capability.learn(capability.features(text), ORDINARY)
    assert capability.predict(text).code == ORDINARY


def test_a_restored_model_judges_and_learns_to_the_bit_alike(capability: Capability) -> None:
    for code, text in enumerate(AFTER.values()):
        capability.learn(capability.features(asked(text)), code)
    other = Capability.shipped()
    other.learn(other.features(asked("words that it is to forget again")), 3)
    fresh = Capability.shipped()
    fresh.restore(capability.snapshot())
    for _ in range(2):
        for one in map(asked, (*AFTER.values(), *PLAIN, NEW)):
            assert fresh.predict(one) == capability.predict(one)
        for model in (fresh, capability):
            model.learn(model.features(asked(NEW)), 6)
    assert fresh.snapshot() == capability.snapshot()


def test_restoring_forgets_what_was_learned_since(capability: Capability) -> None:
    before = capability.snapshot()
    for _ in range(20):
        capability.learn(capability.features(asked(NEW)), 5)
    capability.restore(before)
    for one in map(asked, (*AFTER.values(), *PLAIN, NEW)):
        assert capability.predict(one) == SHIPPED.predict(one)


def test_asking_changes_nothing_that_is_kept(capability: Capability) -> None:
    before = capability.snapshot()
    capability.predict_many([asked(text) for text in AFTER.values()])
    capability.features(asked(NEW))
    assert capability.snapshot() == before


def test_the_whole_model_goes_through_bytes(capability: Capability) -> None:
    again = Capability.from_bytes(capability.to_bytes())
    assert again.to_bytes() == capability.to_bytes()
    assert len(again.to_bytes()) < 500_000
    assert again.fit.examples > 1000


@pytest.mark.parametrize("code", [-1, 8])
def test_a_capability_that_does_not_exist_is_refused(capability: Capability, code: int) -> None:
    with pytest.raises(ValueError, match="no capability"):
        capability.learn(capability.features(asked(NEW)), code)


@pytest.mark.parametrize("numbers", [[], [-1], [FEATURES]])
def test_features_that_do_not_exist_are_refused(capability: Capability, numbers: list[int]) -> None:
    with pytest.raises(ValueError, match="Features are numbers"):
        capability.learn(np.array(numbers, np.int64), 1)


def test_bytes_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="no capability model"):
        Capability.from_bytes(b"something else")


def _agree(capability: Capability, one: Asked) -> None:
    features = capability._hasher.features([one])
    calibrated = capability.likelihoods(features)[0].astype(np.float64)
    numbers = features.numbers[capability._known[features.numbers] > 0].tolist()
    capability._recall([*numbers, _INTERCEPT])
    river = capability._model.predict_proba_one(_bag(numbers, [1] * len(numbers)))
    cooled = np.array([river[code] for code in range(len(CAPABILITIES))]) ** (
        1.0 / capability.fit.temperature
    )
    np.testing.assert_allclose(calibrated, cooled / cooled.sum(), rtol=2e-3, atol=1e-6)
