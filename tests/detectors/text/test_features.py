import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text import features
from detectors.text.features import (
    FEATURES,
    OPENING,
    PROMPT_HEAD,
    PROMPT_TAIL,
    Asked,
    Hasher,
)
from detectors.text.words import READ_CHARACTERS, words

ASKED = st.builds(
    Asked,
    st.text(max_size=300).map(words),
    st.text(max_size=100).map(words),
    st.lists(st.text(max_size=80), max_size=40).map(tuple),
    st.none() | st.text(max_size=10),
)


def numbers(text: str, *, system: str = "", tools: tuple[str, ...] = ()) -> set[int]:
    return set(Hasher().features([Asked(words(text), words(system), tools)]).numbers.tolist())


@given(st.lists(ASKED, min_size=1, max_size=8))
def test_a_request_has_the_same_features_alone_and_among_others(asked: list[Asked]) -> None:
    together = Hasher().features(asked)
    for one, start, count in zip(asked, together.starts, together.counts, strict=True):
        alone = Hasher().features([one]).numbers
        assert together.numbers[start : start + count].tolist() == alone.tolist()


@given(ASKED)
def test_features_are_sorted_numbers_without_repeats_within_bounds(asked: Asked) -> None:
    found = Hasher().features([asked]).numbers
    assert 1 <= len(found) <= 1024
    assert 0 <= found[0] <= found[-1] < FEATURES
    assert (np.diff(found) > 0).all()


def test_features_are_the_same_in_every_process_and_release() -> None:
    asked = Asked(words("Grade both answers"), words("You judge"), ("read_file",))
    assert int(Hasher().features([asked]).numbers.sum()) == 604_056


def test_repeating_a_word_adds_nothing() -> None:
    assert numbers("judge " * 3) == numbers("judge " * 100)


def test_what_stands_in_the_middle_of_a_long_prompt_is_not_read() -> None:
    head = " ".join(f"a{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(PROMPT_HEAD))
    tail = " ".join(f"b{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(PROMPT_TAIL))
    assert numbers(f"{head} {'x ' * 40}{tail}") == numbers(f"{head} {'y ' * 60}{tail}")


def test_a_word_in_the_opening_of_a_text_counts_for_more_than_one_later() -> None:
    filler = ("x " * OPENING).strip()
    late = numbers(f"{filler} grade it all")
    assert len(numbers(f"grade {filler} it all") - late) > 1
    assert len(numbers(f"{filler} grade it all", system="grade") - late) > 1


def test_a_system_prompt_and_a_tool_are_told_from_the_prompt() -> None:
    plain = numbers("judge it")
    assert plain < numbers("judge it", tools=("judge",))
    assert numbers("it", system="judge") != plain


def test_full_width_letters_are_the_letters() -> None:
    assert numbers("\uff47\uff52\uff41\uff44\uff45 this") == numbers("grade this")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufdfa" * 5000,
        "\u0130" * 5000,
        "a" * 10_000_000,
        "\ud800 \udfff x",
        "\x00",
        "字" * 9999,
    ],
)
def test_a_hostile_text_is_read_within_bounds(text: str) -> None:
    assert len(words(text)) <= READ_CHARACTERS
    assert 1 <= len(numbers(text, system=text, tools=(text,) * 512)) <= 1024


def test_what_is_remembered_between_calls_has_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_REMEMBERED", 640)
    hasher = Hasher()
    for i in range(300):
        invented = [f"w{chr(97 + i % 26)}{i}{j}" for j in range(20)]
        hasher.features([Asked(invented, (), (f"tool {i}",))])
        assert len(hasher._hashes) <= 640
        assert len(hasher._tools) <= 10
