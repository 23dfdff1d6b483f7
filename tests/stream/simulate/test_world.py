import pytest

from stream.simulate import World


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("accounts", -1),
        ("hours", 0.0),
        ("hours", float("nan")),
        ("start", -1.0),
        ("intensity", 0.0),
        ("churn", 1.5),
        ("text", "verse"),
        ("campaign", "nobody"),
        ("campaign_accounts", 0),
        ("campaign_at", 7_200.0),
        ("proxies", 0),
        ("requests_per_account_day", -4.0),
        ("mixing", 0.96),
        ("lockstep", 2.0),
        ("even_share", -0.1),
        ("ban_rate", -1.0),
        ("failover", 1.1),
        ("jitter", -1.0),
        ("own_clients", -1),
        ("own_clients", 10_001),
        ("release_at", 4_000.0),
        ("pivot_share", 1.2),
        ("pivot_delay", -1.0),
        ("pivot_seconds", -1.0),
        ("seed", -1),
    ],
)
def test_an_impossible_setting_is_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{setting} must .*\.$"):
        World(**{setting: value})  # type: ignore[arg-type]


def test_own_settings_go_before_those_of_the_shape() -> None:
    shape = World(campaign="minimax", mixing=0.0, heirs=False).shape()

    assert (shape.mixing, shape.heirs, shape.even_share) == (0.0, False, 0.8)


def test_a_world_without_campaign_has_no_shape() -> None:
    with pytest.raises(ValueError, match="campaign"):
        World().shape()
