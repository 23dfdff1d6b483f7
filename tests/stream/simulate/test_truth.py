import json
from collections import Counter

from stream.simulate import World, labels
from tests.stream.simulate.conftest import Run


def test_labels_are_json(attacked: Run) -> None:
    assert json.loads(json.dumps(attacked.labels)) == attacked.labels


def test_every_account_has_exactly_one_label(attacked: Run) -> None:
    benign = [name for names in attacked.labels["benign"].values() for name in names]
    labelled = Counter([*benign, *attacked.campaign["accounts"]])

    assert len(benign) == attacked.world.accounts
    assert set(labelled.values()) == {1}
    assert {each["account"] for each in attacked.records if "account" in each} <= set(labelled)


def test_labels_count_what_the_records_hold(attacked: Run) -> None:
    model = attacked.labels["release"]["model"]
    for name, its in attacked.campaign["accounts"].items():
        mine = [each for each in attacked.requests if each["account"] == name]
        assert its["requests"] == len(mine)
        assert its["denied"] == sum(each["status"] in (401, 403) for each in mine)
        assert its["moved"] == sum(each["model"] == model for each in mine)
        assert its["first"] == (mine[0]["ts"] if mine else None)
        assert its["last"] == (mine[-1]["ts"] if mine else None)


def test_every_ban_is_labelled_and_no_other(attacked: Run) -> None:
    told = [(each["ts"], each["account"]) for each in attacked.events if each["event"] == "banned"]
    benign = [each for each in attacked.labels["benign_departures"] if each["event"] == "banned"]
    labelled = [(each["ts"], each["account"]) for each in [*benign, *attacked.campaign["bans"]]]

    assert benign
    assert sorted(told) == sorted(labelled)


def test_payments_are_those_in_the_records(attacked: Run) -> None:
    accounts = attacked.campaign["accounts"]
    for each in attacked.requests:
        if each["account"] in accounts:
            assert each["payment"] == accounts[each["account"]]["payment"]
    benign = {each.get("payment") for each in attacked.requests if each["account"] not in accounts}
    assert not benign & set(attacked.campaign["payments"])


def test_templates_are_shown_by_what_they_fill(attacked: Run) -> None:
    prompts = {each["prompt"].partition("\n")[0] for each in attacked.requests}
    openings = {
        example.partition("\n")[0]
        for template in attacked.campaign["templates"]
        for example in template["examples"]
    }

    assert len(openings) == 16
    assert openings <= prompts


def test_the_pivot_is_labelled_only_where_there_is_one(attacked: Run) -> None:
    released = attacked.world.start + 900
    assert attacked.campaign["pivot"] == {
        "start": released + 10,
        "end": released + 15,
        "share": 0.5,
        "model": attacked.labels["release"]["model"],
    }
    still = labels(World(accounts=5, hours=0.1, campaign="minimax", campaign_accounts=5))
    assert still["campaigns"][0]["pivot"] is None
    assert still["release"] is None


def test_organic_adopters_ask_the_new_model_only_after_they_adopt(attacked: Run) -> None:
    adopted = attacked.labels["organic_adoption"]
    model = attacked.labels["release"]["model"]
    for each in attacked.requests:
        if each["model"] == model and each["account"] not in attacked.campaign["accounts"]:
            assert each["ts"] >= adopted[each["account"]] - 0.001
