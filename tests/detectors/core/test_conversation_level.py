import numpy as np
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors import CATALOG
from detectors.core.conversation_level import DAY, ConversationLevel
from detectors.core.conversations import NEWEST
from detectors.core.records import Alert, Delta
from tests.detectors.traffic import EPOCH, settings, table_of

EMPTY = dict.fromkeys(
    ("born", "away", "egress", "link_account", "link_group", "link_model", "link_requests",
     "link_tokens", "link_moved"), b""
)  # fmt: skip


def level(*, capacity: int = 1000) -> ConversationLevel:
    detectors = [kind() for kind in CATALOG]
    return ConversationLevel(settings=settings(), detectors=detectors, capacity=capacity)


def delta(*, denied: dict[str, int] | None = None, orphans: dict[str, int] | None = None) -> Delta:
    """What a tick says: accounts and the one prefix of each."""
    denied, orphans = denied or {}, orphans or {}
    rows = [[prefix] + [0] * (NEWEST - 1) for prefix in orphans.values()]
    return Delta(
        **EMPTY,  # type: ignore[arg-type]
        source=0, sources=1, tick=0, accounts=[], samples=[], groups=[], models=[],
        active=0.0, moved=[],
        denied=list(denied), denied_prefix=np.array(list(denied.values()), "<u8").tobytes(),
        orphans=list(orphans), orphan_prefixes=np.array(rows, "<u8").tobytes(),
        orphan_ids=[f"r-{account}" for account in orphans],
    )  # fmt: skip


def echo(kept: ConversationLevel, first: str, other: str, *, at: int, prefix: int) -> list[Alert]:
    kept.close(EPOCH + at, [delta(denied={first: prefix})])
    return kept.close(EPOCH + at + 5, [delta(orphans={other: prefix})])


def circles(kept: ConversationLevel) -> list[set[str]]:
    """The circles by their accounts, and each must be as large as it says."""
    circle = kept.profiles["circle"]
    found: dict[int, set[str]] = {}
    for account, row in kept.profiles.index.items():
        if circle[row]:
            found.setdefault(int(circle[row]), set()).add(account)
    for root, accounts in found.items():
        assert kept.profiles["size"][root] == len(accounts)
        assert circle[root] == root
    return list(found.values())


def test_only_detectors_that_read_echoes_live_here() -> None:
    assert [detector.name for detector in level().detectors] == ["failover_echo"]


def test_echoes_join_accounts_to_circles_and_circles_to_one() -> None:
    kept = level()
    echo(kept, "a", "b", at=0, prefix=1)
    echo(kept, "c", "d", at=10, prefix=2)
    assert circles(kept) == [{"a", "b"}, {"c", "d"}]
    echo(kept, "d", "a", at=20, prefix=3)
    assert circles(kept) == [{"a", "b", "c", "d"}]


def test_two_accounts_say_nothing_however_often_they_change() -> None:
    kept = level()
    for turn in range(200):
        pair = ("a", "b") if turn % 2 else ("b", "a")
        assert not echo(kept, *pair, at=20 * turn, prefix=turn + 1)
    assert len(circles(kept)) == 1


def test_a_circle_that_grows_is_told_with_its_accounts_and_requests() -> None:
    kept, told = level(), []
    for turn in range(1, 30):
        told += echo(kept, "a0", f"a{turn}", at=20 * turn, prefix=turn)
    assert told
    assert told[-1].entity.scope == "account"
    assert set(told[-1].accounts) <= {f"a{turn}" for turn in range(30)}
    assert told[-1].samples[0].startswith("r-a")


def test_where_every_denial_is_followed_under_another_name_nobody_is_told() -> None:
    kept, told = level(), []
    for turn in range(1, 400):
        told += echo(kept, f"s{turn}", f"t{turn}", at=20 * turn, prefix=turn)
    for turn in range(1, 8):
        told += echo(kept, f"c{turn}", f"c{turn + 1}", at=9000 + 20 * turn, prefix=turn)
    assert not told


def test_a_circle_forgets_accounts_that_had_no_echo_for_a_day() -> None:
    kept = level()
    echo(kept, "b", "c", at=0, prefix=1)
    echo(kept, "b", "a", at=100, prefix=2)
    echo(kept, "b", "c", at=DAY - 100, prefix=3)
    echo(kept, "x", "y", at=DAY + 4000, prefix=4)
    assert {"b", "c"} in circles(kept)


def test_more_accounts_than_there_is_room_for_leave_whole_circles() -> None:
    kept = level(capacity=20)
    for turn in range(1, 100):
        echo(kept, f"a{turn % 40}", f"b{turn}", at=2000 * turn, prefix=turn)
        circles(kept)
        assert len(kept.profiles) <= 20


@effort(max_examples=40)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"),
            st.sampled_from("abcdefgh"),
            st.sampled_from([1, 20, 1000, 50_000]),
            st.booleans(),
        ),
        max_size=40,
    ),
    capacity=st.sampled_from([6, 100]),
)
def test_a_restart_changes_nothing(steps: list[tuple[str, str, int, bool]], capacity: int) -> None:
    plain, restarted = level(capacity=capacity), level(capacity=capacity)
    shelf: dict[str, bytes] = {}
    at = 0
    for number, (first, other, wait, stops) in enumerate(steps):
        at += wait
        alerts = [echo(kept, first, other, at=at, prefix=number) for kept in (plain, restarted)]
        assert alerts[0] == alerts[1]
        circles(plain)
        if stops:
            segments, gone, state = restarted.save()
            shelf |= segments
            for name in gone:
                del shelf[name]
            restarted = level(capacity=capacity)
            restarted.restore(shelf, state)
    assert table_of(restarted.profiles) == table_of(plain.profiles)
    assert list(restarted.denials) == list(plain.denials)
    assert restarted.snapshot_models() == plain.snapshot_models()
