from hypothesis import given
from hypothesis import strategies as st

from detectors.core.account_level import AccountLevel
from detectors.core.group_level import GroupLevel
from detectors.core.models import CANDIDATES, LEAD, Models
from detectors.sketches.mixture import SLOTS
from tests.detectors.traffic import EPOCH, account_level, feed, group_level, request


def full() -> Models:
    """All slots given to models in use."""
    models = Models()
    for number in range(1, SLOTS):
        assert models[f"m{number}"] == number
    models.use([1000] * SLOTS, 1.0)
    return models


def test_the_first_models_get_a_slot_each_and_the_rest_share_one() -> None:
    models = full()
    assert models["late"] == 0
    assert models.names[3] == "m3"


def test_a_model_that_is_asked_for_more_takes_the_place_of_the_least_used() -> None:
    models = full()
    models.use([0, *[500] * (SLOTS - 2), 0], 1.0)
    for _ in range(1000 + LEAD + 50):
        assert models["new"] == 0
    assert models.use([0] * SLOTS, 0.0) == SLOTS - 1
    assert models["new"] == SLOTS - 1
    assert "m15" not in models


def test_a_model_that_everybody_takes_up_has_a_slot_within_minutes() -> None:
    models = full()
    for _ in range(36_000):
        models.use([1] * SLOTS, 1.0)
    for _ in range(600):
        models.slot("released", requests=10.0)
        models.use([1] * SLOTS, 1.0)
    assert models["released"] > 0


def test_inventing_names_takes_no_slot_from_a_model_in_use() -> None:
    models = full()
    for number in range(50_000):
        models[f"invented-{number}"]
        if number % 500 == 0:
            assert models.use([10] * SLOTS, 1.0) is None
    assert models.names[1:] == [f"m{number}" for number in range(1, SLOTS)]
    assert len(models._candidates) == CANDIDATES


def test_a_model_out_of_use_is_forgotten_with_time() -> None:
    models = full()
    for _ in range(LEAD + 50):
        models["new"]
    assert models.use([0] * SLOTS, 0.0) is None
    models.use([0] * SLOTS, 30 * 86_400.0)
    for _ in range(LEAD + 50):
        models["new"]
    assert models.use([0] * SLOTS, 0.0) is not None


@given(st.lists(st.integers(0, 40), max_size=80))
def test_restored_models_go_on_alike(names: list[int]) -> None:
    models, back = Models(), Models()
    for number in names:
        models[f"m{number}"]
    models.use([5] * SLOTS, 10.0)
    back.restore(models.snapshot())
    assert [back[f"m{number}"] for number in names] == [models[f"m{number}"] for number in names]
    assert back.use([0] * SLOTS, 1e7) == models.use([0] * SLOTS, 1e7)
    assert back.snapshot() == models.snapshot()


def moved() -> tuple[AccountLevel, GroupLevel]:
    """Levels where all of an office, and one account alone, have just moved to another model."""
    who = {"a": "office", "b": "office", "c": "office", "d": "home"}
    requests = [
        request(f"{account}{at}", at=at, account=account, model=model, proxy=proxy)
        for model, times in (("old", range(25)), ("tried", (30,)))
        for at in times
        for account, proxy in who.items()
    ]
    accounts, groups = account_level(), group_level()
    for offset, (_, delta) in enumerate(feed(accounts, requests).deltas):
        groups.process([delta], offset)
    return accounts, groups


def test_a_slot_that_means_another_model_says_nothing_of_the_one_before() -> None:
    accounts, groups = moved()
    row, slot = groups.profiles.index["proxy:office"], groups.models["tried"]
    lone = groups.population.lone["proxy"]
    assert groups.profiles["moved_hour"][row, slot] == 3
    assert lone.moved[1, slot] == 1
    for level in (accounts, groups):
        for number in range(SLOTS):
            level.models[f"m{number}"]
        level.use_models([1000 * (number != slot) for number in range(SLOTS)], 1)
        level.models.slot("new", requests=500)
        level.use_models([0] * SLOTS, 1)
        assert level.models["new"] == slot
        for column in {"usually", "lately", "moved", "moved_now", "moved_hour"}:
            if column in level.profiles:
                assert not level.profiles[column][:, slot].any()
        assert slot not in level.profiles["moved_to"]
    assert accounts.population.moved[slot] == 0
    assert not lone.moved[:, slot].any()
    groups.population.sum(groups._said, {}, tick=groups.clock)
    assert groups.population.moved[slot] == 0
    assert not groups.members.accounts(row, "proxy:office", since=EPOCH, moved_to=slot)
