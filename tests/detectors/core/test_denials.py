from hypothesis import given
from hypothesis import strategies as st

from detectors.core import denials as module
from detectors.core.denials import MOST, OF_ACCOUNT, REFRESH, SHARED, SOON, Denials


def test_what_goes_on_under_another_account_is_found_by_any_of_its_prefixes() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    assert denials.take([3, 2, 1], "bob", tick=SOON) == "ann"


def test_what_goes_on_under_the_same_account_is_nothing() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    assert denials.take([1], "ann", tick=5) is None
    assert denials.take([1], "bob", tick=6) == "ann"


def test_one_denial_is_followed_once() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    denials.take([1], "bob", tick=5)
    assert denials.take([1], "eve", tick=6) is None


def test_a_quarter_of_an_hour_later_it_is_forgotten() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    assert denials.take([1], "bob", tick=SOON + 1) is None
    assert len(denials) == 0


def test_an_account_that_is_denied_again_and_again_is_not_forgotten() -> None:
    denials = Denials()
    for tick in range(0, 3 * SOON, REFRESH // 2):
        denials.note(1, "ann", tick=tick)
    assert len(denials) == 1
    assert denials.take([1], "bob", tick=3 * SOON + 300) == "ann"


def test_what_many_are_denied_is_no_conversation() -> None:
    denials = Denials()
    for number in range(SHARED + 1):
        denials.note(1, f"a{number}", tick=0)
    assert denials.take([1], "bob", tick=1) is None


def test_a_conversation_that_is_denied_twice_on_its_way_is_still_the_first_ones() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    denials.note(1, "bob", tick=10)
    assert denials.take([1], "eve", tick=20) == "ann"


def test_one_account_cannot_push_out_others() -> None:
    denials = Denials()
    denials.note(1, "ann", tick=0)
    for prefix in range(2, 2 * MOST):
        denials.note(prefix, "flood", tick=1)
    assert len(denials) == 1 + OF_ACCOUNT
    assert denials.take([1], "bob", tick=2) == "ann"


def test_many_accounts_push_out_the_oldest_only() -> None:
    denials = Denials()
    for prefix in range(1, MOST + 101):
        denials.note(prefix, f"a{prefix}", tick=1)
    assert len(denials) == MOST
    assert denials.take([100], "bob", tick=2) is None
    assert denials.take([101], "bob", tick=2) == "a101"


steps = st.lists(
    st.tuples(
        st.sampled_from(["note", "take", "save", "restart"]),
        st.integers(1, 9),
        st.sampled_from("abcdef"),
        st.sampled_from([0, 1, 200, 400, 1000]),
    ),
    max_size=60,
)


@given(steps=steps, most=st.sampled_from([3, 50]), segment=st.sampled_from([2, 50]))
def test_a_restart_changes_nothing(
    steps: list[tuple[str, int, str, int]], most: int, segment: int
) -> None:
    before = module.MOST, module.SEGMENT
    module.MOST, module.SEGMENT = most, segment
    try:
        plain, restarted = Denials(), Denials()
        kept: dict[str, bytes] = {}
        tick = 0
        for step, prefix, account, wait in steps:
            tick += wait
            if step in ("save", "restart"):
                segments, gone, state = restarted.save()
                kept |= segments
                for name in gone:
                    del kept[name]
            if step == "restart":
                restarted = Denials()
                restarted.restore(kept, state)
                assert set(kept) == {f"denial/{number}" for number in state["segments"]}
            if step == "note":
                told = [d.note(prefix, account, tick=tick) for d in (plain, restarted)]
                assert told[0] == told[1]
            if step == "take":
                newest = [prefix, prefix + 1]
                taken = [d.take(newest, account, tick=tick) for d in (plain, restarted)]
                assert taken[0] == taken[1]
            assert list(plain) == list(restarted)
            assert [plain.of(a) for a in "abcdef"] == [restarted.of(a) for a in "abcdef"]
    finally:
        module.MOST, module.SEGMENT = before
