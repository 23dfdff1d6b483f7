import random

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.template import (
    KEPT,
    KEPT_OF_SYSTEM,
    LEAST_MORE,
    MOST,
    RUN,
    keys,
    of_prompts,
    sketch,
)

SKELETON = (
    "Imagine and articulate the internal reasoning behind a completed response to the question "
    "below and write it out step by step. Question: {} Answer with the reasoning only, {}."
)
WORDS = ["apple", "river", "stone", "cloud", "market", "engine", "paper", "window", "garden"]


def filled(seed: int, *, words: int) -> str:
    chance = random.Random(seed)
    slot = " ".join(chance.choice(WORDS) + str(chance.random()) for _ in range(words))
    return SKELETON.format(slot, chance.choice(WORDS))


@pytest.mark.parametrize("words", [1, 5, 15])
def test_prompts_of_one_template_share_most_of_their_sketch(words: int) -> None:
    sketches = [set(keys(sketch(filled(seed, words=words)))) for seed in range(50)]
    shared = [len(one & sketches[0]) for one in sketches[1:]]
    assert sum(number >= 1 for number in shared) >= 0.95 * len(shared)


def test_prompts_of_different_people_share_nothing() -> None:
    chance = random.Random(5)
    vocabulary = [f"{a}{b}" for a in WORDS for b in WORDS]
    texts = [" ".join(chance.choices(["word" + w for w in vocabulary], k=40)) for _ in range(200)]
    found = [key for text in texts for key in keys(sketch(text))]
    assert len(found) == len(set(found))


def test_letter_case_digits_and_signs_do_not_count() -> None:
    one = "Grade the answer 12 below against each of these 7 points!"
    two = "grade THE answer (99) below -- against each of these seven: points"
    assert set(keys(sketch(one))) & set(keys(sketch(one.upper() + " 4")))
    assert sketch(one) == sketch(one.upper())
    assert sketch(one) != sketch(two)


def test_another_seed_gives_other_hashes() -> None:
    text = filled(1, words=3)
    assert not set(keys(sketch(text, seed=1))) & set(keys(sketch(text, seed=2)))


@pytest.mark.parametrize(
    "text", ["", "hi", "thanks, that was helpful!", "   \n", "1 2 3 4 5 6 7 8 9"]
)
def test_a_greeting_has_no_sketch(text: str) -> None:
    assert sketch(text) == ""


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_has_a_sketch_of_the_contracts_form(text: str) -> None:
    made = sketch(text)
    assert len(made) % 16 == 0
    assert len(keys(made)) == len(made) // 16 <= KEPT
    assert set(made) <= set("0123456789abcdef")


CHINESE = (
    "请一步一步地写出你对下面这个问题的完整推理过程。不要省略任何中间步骤。"
    "最后单独一行给出答案。问题是 {}"
)
ASKED = ["苹果多少钱一斤", "河流为什么会结冰", "如何计算圆的面积", "市场价格由谁决定"]


def test_chinese_prompts_of_one_template_share_most_of_their_sketch() -> None:
    one, *others = (set(keys(sketch(CHINESE.format(asked)))) for asked in ASKED)
    assert all(len(one & other) >= 2 for other in others)
    assert not one & set(keys(sketch("今天天气很好。我们去公园散步吧。顺便买一些水果和面包回来。")))


def test_a_template_before_or_behind_much_else_is_found() -> None:
    chance = random.Random(6)
    vocabulary = [f"word{a}{b}" for a in WORDS for b in WORDS]
    much = " ".join(chance.choices(vocabulary, k=1000))
    plain = set(keys(sketch(SKELETON * 9)))
    for text in (SKELETON * 9 + much, much + SKELETON * 9):
        assert plain & set(keys(sketch(text)))


def test_a_template_in_the_system_prompt_is_found_beside_the_prompts() -> None:
    asked = "What would become of the tides if the moon were twice as far away as it is?"
    made = keys(sketch(asked, system=SKELETON))
    assert made[:KEPT] == keys(sketch(asked))
    assert len(made[KEPT:]) == KEPT_OF_SYSTEM
    assert keys(sketch("Paris", system=SKELETON)) == made[KEPT:]


def test_how_system_prompts_begin_everywhere_is_no_template() -> None:
    begins = "You are a helpful assistant that answers "
    made = [sketch("", system=begins + filled(seed, words=40)[-250:]) for seed in range(2)]
    own = [sketch("", system=begins + " ".join(WORDS[n:] + WORDS[:n])) for n in range(len(WORDS))]
    assert all(made)
    assert len(set(own)) == len(WORDS)


@pytest.mark.parametrize("length", [16, 17, 31, 32, 512])
def test_a_gateways_sketch_has_at_most_six_keys(length: int) -> None:
    made = keys(("0123456789abcdef" * 32)[:length])
    assert len(made) == min(length // 16, MOST)
    assert all(len(key) == 16 for key in made)


@given(st.lists(st.lists(st.sampled_from([*WORDS, "straße", "写一个"]), max_size=30), max_size=8))
def test_many_prompts_have_the_sketches_that_each_has_alone(texts: list[list[str]]) -> None:
    def alone(found: list[str]) -> str:
        runs = {" ".join(found[first : first + RUN]) for first in range(len(found) - RUN + 1)}
        hashes = sorted(xxhash.xxh3_64_intdigest(run.encode(), 3) for run in runs)
        return "".join(f"{value:016x}" for value in hashes[:KEPT])

    short = RUN + LEAST_MORE
    assert of_prompts(texts, seed=3) == [
        alone(found) if len(found) >= short else "" for found in texts
    ]
