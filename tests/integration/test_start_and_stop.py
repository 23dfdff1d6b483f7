"""How a worker starts, refuses to, and ends."""

import signal

import pytest

from tests.integration.comparison import settle_and_compare
from tests.integration.house import House
from tests.integration.world import Record, World


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_leaves_little_to_read_again(
    house: House, campaign: World, how: signal.Signals
) -> None:
    house.send(campaign.records)
    worker = house.worker(checkpoint_seconds=1000, stop_seconds=60)
    worker.reaches(0.2 * len(campaign.records))

    assert worker.stop(how, seconds=90) == 0, worker.output
    assert house.behind("requests") < 0.9 * len(campaign.records)
    assert "no last checkpoint" not in worker.output
    house.worker()
    settle_and_compare(house, campaign, paused=True)


def test_topics_of_different_partition_counts_stop_the_start_with_a_sentence(
    kafka_house: House,
) -> None:
    kafka_house.create("requests", 4)
    kafka_house.create("deltas", 3)
    worker = kafka_house.worker()

    assert worker.wait() == 2
    (line,) = worker.output.splitlines()
    assert line.startswith("weir: topic ")
    assert "deltas has 3 partitions" in line
    assert "must have 4, as" in line


def test_a_wrong_configuration_stops_the_start_with_a_sentence(house: House) -> None:
    house.config.write_text("[limits]\naccounts = -1\n")
    worker = house.worker()

    assert worker.wait() == 2
    (line,) = worker.output.splitlines()
    assert "weir.toml" in line
    assert "limits.accounts" in line


def test_a_wrong_setting_stops_the_start_with_a_sentence(house: House) -> None:
    worker = house.worker(session_seconds=1)

    assert worker.wait() == 2
    (line,) = worker.output.splitlines()
    assert "WEIR_SESSION_SECONDS" in line


def test_a_damaged_changelog_ends_the_worker_with_a_code_of_its_own(house: House) -> None:
    house.send([Record(partition=0, key=b"ann", value=b"{}")])
    if not house.embedded:
        house.create_changelogs()
    house.send([Record(0, b"dead/manifest", b"no checkpoint", topic="accounts-changelog")])
    worker = house.worker()

    assert worker.wait() == 70
    assert "accounts" in worker.output
