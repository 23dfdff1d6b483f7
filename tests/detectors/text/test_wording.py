import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.features import FEATURES, LEARNED_FEATURES, Asked, Hasher
from detectors.text.wording import LEAST_FEATURES, LEAST_PROMPTS, MOST_PROMPTS, wording
from detectors.text.words import words
from tests.detectors.text.test_features import ASKED

NUMBERS = st.sets(st.integers(0, 60) | st.integers(0, FEATURES - 1), min_size=1, max_size=40)
FORM = "Judge the answer below by accuracy and by tone, and close with two marks. The answer: {}"


def numbers_of(*texts: str) -> list[np.ndarray]:
    hasher = Hasher()
    return [hasher.features([Asked(words(text))]).numbers for text in texts]


@given(st.lists(NUMBERS, max_size=80))
def test_nothing_is_kept_that_fewer_than_three_prompts_have(prompts: list[set[int]]) -> None:
    kept = wording([np.array(sorted(numbers)) for numbers in prompts])

    for numbers in kept:
        assert any(set(numbers) <= prompt for prompt in prompts)
        for number in numbers:
            assert sum(number in prompt for prompt in prompts) >= LEAST_PROMPTS


@given(st.lists(NUMBERS, max_size=80))
def test_what_is_kept_is_bounded(prompts: list[set[int]]) -> None:
    kept = wording([np.array(sorted(numbers)) for numbers in prompts])

    assert len(kept) <= MOST_PROMPTS
    assert all(len(numbers) >= LEAST_FEATURES for numbers in kept)


def test_a_templates_words_stay_and_what_fills_it_goes() -> None:
    fillings = ("my neighbour Ottilie owes me money", "rain in Bergen", "knots of sailors")
    texts = [FORM.format(filling) for filling in fillings]
    alone = {int(n) for n in np.concatenate(numbers_of(*fillings))}
    frame = {int(n) for n in numbers_of(FORM.format(""))[0]}

    kept = wording(numbers_of(*texts))

    assert len(kept) == 3
    assert all(set(numbers) <= frame for numbers in kept)
    assert not set().union(*kept) & (alone - frame)


def test_two_prompts_have_no_wording() -> None:
    assert wording(numbers_of(FORM.format("rain"), FORM.format("snow"))) == []


def test_prompts_that_share_only_small_words_have_no_wording() -> None:
    texts = ("What is the time in Rome?", "Who was the king of Spain?", "Is it the end of May?")
    assert wording(numbers_of(*texts)) == []


def test_of_many_prompts_some_are_kept_from_the_first_to_the_last() -> None:
    frame = list(range(LEAST_FEATURES))
    prompts = [np.array([*frame, *[100 + number // 3] * (number > -1)]) for number in range(300)]

    last = {numbers[-1] for numbers in wording(prompts)}

    assert len(last) > 50
    assert min(last) == 100
    assert max(last) >= 198


@given(ASKED)
def test_no_request_has_more_features_than_a_verdict_may_hold(asked: Asked) -> None:
    assert Hasher().features([asked]).counts[0] <= LEARNED_FEATURES
