import re
from collections import defaultdict
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from stream.simulate.chance import Chance
from stream.simulate.frames import FRAMES
from stream.simulate.templates import template
from stream.simulate.texts import coding, cued, output, person


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_strangers_rarely_share_five_words() -> None:
    for write in (person, coding):
        owners = defaultdict(set)
        for number in range(2_000):
            for run in runs(write(Chance(number))):
                owners[run].add(number)

        assert max(len(each) for each in owners.values()) <= 8
        pairs = {pair for each in owners.values() for pair in combinations(sorted(each), 2)}
        assert len(pairs) < 0.001 * 2_000 * 1_999 / 2


def test_two_fillings_of_a_template_share_most_of_their_words() -> None:
    for kind in FRAMES:
        fill = template(kind, seed=3)
        one, two = runs(fill(Chance(1))), runs(fill(Chance(2)))

        assert len(one & two) > 0.5 * len(one | two)


def test_two_templates_of_a_kind_share_little() -> None:
    for kind in FRAMES:
        openings = [runs(template(kind, seed=seed)(Chance(0))) for seed in range(40)]
        shared = [len(one & two) / len(one | two) for one, two in combinations(openings, 2)]

        assert sum(shared) / len(shared) < 0.1


def test_every_template_of_many_is_worded_otherwise() -> None:
    for kind in FRAMES:
        texts = {template(kind, seed=seed)(Chance(0)) for seed in range(300)}
        assert len(texts) == 300


def test_a_paraphrase_says_the_same_otherwise_and_the_more_the_more_it_is_asked() -> None:
    def likeness(paraphrase: float) -> float:
        found = []
        for seed in range(30):
            one, two = (
                runs(
                    template("reasoning_trace", seed=seed, variant=each, paraphrase=paraphrase)(
                        Chance(1)
                    )
                )
                for each in (0, 7)
            )
            found.append(len(one & two) / len(one | two))
        return sum(found) / len(found)

    assert likeness(0.0) == 1.0
    assert 0.4 < likeness(0.2) < 0.9
    assert likeness(1.0) < 0.4


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_no_slot_is_left_unfilled(number: int) -> None:
    for write in (person, coding, output, *(template(kind, seed=number) for kind in FRAMES)):
        text = cued(write(Chance(number)), Chance(number))
        assert not re.search(r"[A-Z]{5}|[%{|}]|\0", text)
