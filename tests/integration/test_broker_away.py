"""A broker that is away at the start, stops in order, or dies; on a Kafka of the test's own."""

import pytest

from deploy.kafka.server import KafkaServer
from tests.integration.comparison import settle_and_compare
from tests.integration.house import CHECKPOINTED, House
from tests.integration.waiting import until
from tests.integration.world import World

FAILED, STALLED = 70, 75


@pytest.mark.slow
@pytest.mark.parametrize("end", [KafkaServer.stop, KafkaServer.kill])
def test_a_broker_that_goes_and_comes_back_under_load_costs_nothing(
    own_kafka: KafkaServer, own_house: House, campaign: World, end: object
) -> None:
    own_kafka.start()
    own_house.send(campaign.records)
    worker = own_house.worker()
    worker.reaches(0.2 * len(campaign.records))
    end(own_kafka)  # type: ignore[operator]
    own_kafka.start()

    def goes_on() -> bool:
        if worker.code is not None:
            assert worker.code in {FAILED, STALLED}, worker.output
            own_house.worker()  # as its supervisor does
            return True
        return own_house.behind(*CHECKPOINTED) == 0

    until(goes_on, what=f"the worker; it said:\n{worker.output}")
    settle_and_compare(own_house, campaign)
    assert worker.output.count("Traceback") == 0, worker.output


@pytest.mark.slow
def test_a_worker_started_first_waits_for_the_broker_and_says_so_once(
    own_kafka: KafkaServer, own_house: House, campaign: World
) -> None:
    worker = own_house.worker()
    until(lambda: "waiting for the broker" in worker.output, what="a line in the log")
    own_kafka.start()
    own_house.send(campaign.records[:1000])

    worker.reaches(1000)
    lines = worker.output.splitlines()
    assert sum("waiting for the broker" in line for line in lines) == 1
    assert len(lines) < 10, worker.output


def test_a_worker_that_waits_for_the_broker_can_be_stopped(own_house: House) -> None:
    worker = own_house.worker()
    until(lambda: "waiting for the broker" in worker.output, what="a line in the log")

    assert worker.stop() == 0


@pytest.mark.slow
def test_a_worker_can_be_stopped_while_the_broker_is_away(
    own_kafka: KafkaServer, own_house: House, campaign: World
) -> None:
    own_kafka.start()
    own_house.send(campaign.records)
    worker = own_house.worker()
    worker.reaches(1000)
    own_kafka.kill()

    assert worker.stop() in {0, FAILED, STALLED}
