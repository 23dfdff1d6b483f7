import re

from hypothesis import given
from hypothesis import strategies as st

from detectors.text.words import READ_CHARACTERS, words


@given(st.text(max_size=200) | st.text(st.characters(max_codepoint=127), max_size=200))
def test_words_are_runs_of_letters_in_lower_case(text: str) -> None:
    assert words(text) == re.findall(r"[^\W\d_]+", text.lower())


def test_what_stands_behind_the_bound_is_not_read() -> None:
    assert words("a " * READ_CHARACTERS) == ["a"] * (READ_CHARACTERS // 2)
