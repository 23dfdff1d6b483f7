import re

from hypothesis import given
from hypothesis import strategies as st

from detectors.text.words import READ_CHARACTERS, words

SPACED = st.characters(max_codepoint=0x303F)


@given(st.text(SPACED, max_size=200) | st.text(st.characters(max_codepoint=127), max_size=200))
def test_words_are_runs_of_letters_in_lower_case(text: str) -> None:
    assert words(text) == re.findall(r"[^\W\d_]+", text.lower())


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z"]), max_size=200))
def test_words_are_made_of_the_letters_of_the_text(text: str) -> None:
    assert {letter for word in words(text) for letter in word} == set(
        "".join(re.findall(r"[^\W\d_]+", text.lower()))
    )


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=3, max_size=50))
def test_of_chinese_each_three_characters_are_a_word(text: str) -> None:
    assert words(text) == [text[at : at + 3] for at in range(len(text) - 2)]


def test_what_lies_between_beginning_and_end_of_a_long_text_is_not_read() -> None:
    text = "a " * READ_CHARACTERS + "b " * 10 + "c " * READ_CHARACTERS
    assert words(text) == ["a"] * (READ_CHARACTERS // 4) + ["c"] * (READ_CHARACTERS // 4)


@given(st.text(min_size=READ_CHARACTERS - 5, max_size=READ_CHARACTERS + 5))
def test_there_are_no_more_words_than_characters_read(text: str) -> None:
    assert len(words(text)) <= READ_CHARACTERS
