"""Verdicts on their way into workers, good and bad ones."""

import json

from tests.integration.house import House
from tests.integration.waiting import until
from tests.integration.world import EPOCH, Record, World

ALERTS = [f"{number:032x}" for number in range(4)]


def verdict(alert: str, **more: object) -> Record:
    record = {"ts": EPOCH, "alert": alert, "verdict": "false_positive", "features": [[1, 2]] * 3}
    return Record(0, alert.encode(), json.dumps(record | more).encode(), "verdicts")


def test_every_worker_learns_the_verdicts_and_one_tells_of_the_bad_ones(
    house: House, campaign: World
) -> None:
    bad = [Record(0, None, value, "verdicts") for value in (b"garbage", None, b'{"ts":1}')]
    if not house.embedded:
        house.create("verdicts", 1)
    house.send([verdict(ALERTS[0]), *bad, verdict(ALERTS[1])])
    house.send(campaign.records[:2000])
    worker = house.worker()
    worker.reaches(2000)
    # They were learned before the first request was taken in.
    assert sum(worker.samples("weir_verdicts_total", outcome="learned")) == 2

    house.send([verdict(ALERTS[2]), verdict(ALERTS[0]), verdict(ALERTS[3], features=[[-1]])])
    until(lambda: house.committed("verdicts") == 8, what="the bad verdicts told")
    until(
        lambda: sum(worker.samples("weir_verdicts_total", outcome="repeated")) == 1,
        what=f"the verdicts read; it said:\n{worker.output}",
    )
    worker.kill()
    again = house.worker()
    house.send(campaign.records[2000:3000])
    again.reaches(1000)

    assert sum(again.samples("weir_verdicts_total", outcome="learned")) == 3
    letters = [json.loads(message.value() or b"") for message in house.read("dead-letters")]
    assert {letter["source"] for letter in letters} == {house.full_name("verdicts")}
    assert sorted(letter["offset"] for letter in letters) == [1, 2, 3, 7]
    assert [letter["reason"] for letter in sorted(letters, key=lambda each: each["offset"])] == [
        "not_json",
        "null_value",
        "contract",
        "contract",
    ]
