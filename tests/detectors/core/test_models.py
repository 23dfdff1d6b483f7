from hypothesis import given
from hypothesis import strategies as st

from detectors.core.models import CANDIDATES, LEAD, Models
from detectors.sketches.mixture import SLOTS


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
