import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from detectors.core import capabilities
from detectors.core.account_level import AccountLevel
from detectors.core.batch import UNSAID, batch_of
from detectors.core.capabilities import KINDS, USUALLY, pack_links, unpack_links
from detectors.core.group_level import GroupLevel
from detectors.core.records import Request
from detectors.text.capability import CAPABILITIES
from tests.detectors.traffic import (
    EPOCH,
    SEED,
    account_level,
    batch,
    feed,
    group_level,
    request,
    worlds,
)

GRADE = "Score the answer below from 1 to 10 against the rubric and justify every point: {}"
CHAT = "What should we cook for the children on a rainy day in the garden, number {}"
GRADING = CAPABILITIES.index("rubric_grading")


def grade(account: str, number: int | str, *, at: float = 0) -> Request:
    text = GRADE.format(number)
    return request(f"{account}{number}", at=at, account=account, proxy="hydra", prompt=text)


def chat(account: str, number: int | str, *, at: float = 0) -> Request:
    text = CHAT.format(number)
    return request(f"{account}{number}", at=at, account=account, proxy="hydra", prompt=text)


def through(requests: list[Request]) -> tuple[AccountLevel, GroupLevel]:
    accounts, groups = account_level(), group_level()
    for offset, (_, delta) in enumerate(feed(accounts, requests).deltas):
        groups.process([delta], offset)
    return accounts, groups


def codes(*requests: Request) -> list[int]:
    made: list[int] = batch(requests).capabilities.tolist()
    return made


def test_what_says_nothing_of_itself_is_after_nothing() -> None:
    silent = [
        request(1, at=0),
        request(2, at=0, prompt_sketch="ab" * 8),
        request(3, at=0, tools=[]),
    ]
    assert codes(*silent, request(4, at=0, prompt="?!"), grade("a", 5)) == [UNSAID] * 4 + [GRADING]


def test_what_is_denied_is_after_nothing() -> None:
    assert codes(request(1, at=0, prompt=GRADE, status=429)) == [UNSAID]


def test_tools_and_system_prompt_are_read_where_there_is_no_prompt() -> None:
    tools = request(1, at=0, tools=["computer", "screenshot", "mouse_move", "left_click", "type"])
    system = request(2, at=0, system_prompt=GRADE)
    assert [CAPABILITIES[code] for code in codes(tools, system)] == [
        "computer_use",
        "rubric_grading",
    ]


def test_an_embedding_is_ordinary() -> None:
    assert codes(request(1, at=0, prompt=GRADE, operation="embeddings")) == [0]


def test_without_a_model_nobody_is_after_anything() -> None:
    made = batch_of([grade("a", 1)], [EPOCH], [0], seed=SEED)
    assert made.capabilities.tolist() == [UNSAID]
    assert made.sketches == batch([grade("a", 1)]).sketches


@given(st.lists(st.integers(0, 1), max_size=40), st.integers(1, 40))
def test_what_a_request_is_after_does_not_hang_on_its_batch(kinds: list[int], size: int) -> None:
    made = [grade("a", n) if kind else chat("a", n) for n, kind in enumerate(kinds)]
    made += [request("silent", at=0)] * (len(kinds) % 2)
    parts = [made[start : start + size] for start in range(0, len(made), size)]
    assert [code for part in parts for code in codes(*part)] == codes(*made)


@given(
    st.lists(st.lists(st.sampled_from([0, 0, 0, 1, 7, 2**32 - 1]), min_size=KINDS, max_size=KINDS))
)
def test_counts_of_links_come_back_from_bytes(rows: list[list[int]]) -> None:
    counts = np.array(rows, dtype=np.int64).reshape(len(rows), KINDS) % 2**31
    data = pack_links(counts)
    back = unpack_links(data, len(rows))
    assert (np.zeros_like(counts) if back is None else back).tolist() == counts.tolist()
    assert bool(data) == bool(counts.any())


def test_a_delta_without_text_carries_nothing_of_it() -> None:
    (_, delta), *_ = feed(account_level(), [request(1, at=0, proxy="hydra")]).deltas
    assert (delta.mix, delta.link_after) == ([], b"")


def test_one_busy_account_counts_as_one_in_the_mix() -> None:
    busy = [grade("busy", number) for number in range(500)]
    others = [chat(f"c{number}", 0) for number in range(9)]
    again = [chat(f"c{number}", at, at=at) for number in range(9) for at in range(1, 9)]
    accounts, groups = through([*busy, *others, *sorted(again, key=lambda r: float(r.ts))])
    for mix in (accounts.population.mix, groups.population.mix):
        assert mix[GRADING] == pytest.approx(1.0, abs=0.01)
        assert mix[0] == pytest.approx(8.1, abs=0.05)


def test_a_groups_accounts_are_counted_as_its_members_vote_by_now() -> None:
    requests = [grade("a", 1), chat("b", 1), grade("b", 2, at=600), chat("a", 3, at=7200)]
    requests += [grade("c", number, at=9000 + number) for number in range(30)]
    _, groups = through(requests)
    row = groups.profiles.index["proxy:hydra"]
    members = groups.members.rows_of([f"proxy:hydra\n{a}" for a in "abc"], tick=groups.clock)
    counts = groups.members["after"][members].astype(np.float64)
    votes = counts / (counts.sum(axis=2, keepdims=True) + 1)
    away = groups.clock - groups.members["after_at"][members]
    horizons = np.array(capabilities.HORIZONS)
    expected = (votes * np.exp(-away[:, None] / horizons)[:, :, None]).sum(axis=0)
    now = capabilities.faded(groups.profiles, np.array([row]), tick=groups.clock)[0]
    assert now.tolist() == pytest.approx(expected, abs=1e-6)


@effort(max_examples=25)
@given(worlds(least=5))
def test_a_groups_count_is_never_more_than_its_members(requests: list[Request]) -> None:
    _, groups = through(requests)
    rows = np.array(list(groups.profiles.index.values()), dtype=np.int64)
    after = groups.profiles["after"][rows]
    assert (after >= 0).all()
    joined = np.bincount(groups.members["group"], minlength=rows.max(initial=0) + 1)[rows]
    assert (after.sum(axis=2) <= joined[:, None] + 1e-9).all()


def test_what_was_asked_fades_by_half_in_a_day() -> None:
    level = account_level()
    feed(level, [*(grade("a", number) for number in range(64)), chat("a", "later", at=86_400)])
    after = level.profiles["after"][level.profiles.index["a"], 0]
    assert after[GRADING] == pytest.approx(32, rel=1e-3)
    assert capabilities.fade_mix(np.ones(KINDS), elapsed=USUALLY)[0] == pytest.approx(np.exp(-1))


def test_an_alert_says_what_its_account_or_group_is_after() -> None:
    requests = [grade(f"a{number % 3}", number, at=number // 9) for number in range(27)]
    requests += [chat("talker", number, at=2) for number in range(5)]
    accounts, groups = account_level(), group_level()
    output = feed(accounts, requests)
    alerts = list(output.alerts)
    for offset, (_, delta) in enumerate(output.deltas):
        alerts += groups.process([delta], offset).alerts
    said = {alert.entity.value: alert.capability for alert in alerts}
    assert said["a0"] == said["hydra"] == "rubric_grading"
    assert said["talker"] is None
