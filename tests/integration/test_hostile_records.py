"""Records that break their contract or come at the wrong time, among good ones."""

import base64
import json
import time
from collections import Counter

import msgspec

from stream.textless import without_text
from tests.integration import oracle
from tests.integration.comparison import settle_and_compare
from tests.integration.house import House
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess
from tests.integration.world import EPOCH, Record, World, partition_of, request, world

LIMIT = 20_000  # as a house is told
GOOD = {"id": "x", "ts": EPOCH, "account": "ann", "model": "opus"}


def json_of(**fields: object) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


HOSTILE: list[tuple[bytes | None, str]] = [
    (None, "null_value"),
    (b"", "not_json"),
    (b"not json", "not_json"),
    (b"\xff\xfe\x00", "not_json"),
    (b"[" * 15_000, "not_json"),
    (b'{"a":' * 3_000, "not_json"),
    (b"{}", "contract"),
    (b"[]", "contract"),
    (b"null", "contract"),
    (json_of(account=7), "contract"),
    (json_of(account=""), "contract"),
    (json_of(kind="lifecycle", event="created"), "contract"),
    (json_of(input_tokens=-1), "contract"),
    (json_of(ts="yesterday"), "bad_time"),
    (json_of(ts=EPOCH * 1000), "bad_time"),
    (json_of(ts=-1), "bad_time"),
    (json_of(prompt="x" * LIMIT), "too_large"),
    (json_of(ts=time.time() + 86_400), "future"),
]


def strewn(campaign: World) -> list[Record]:
    """The campaign with all that is hostile in between, several times over."""
    bad = [Record(n % 4, None, value) for n, (value, _) in enumerate(HOSTILE * 3)]
    step = len(campaign.records) // len(bad)
    made: list[Record] = []
    for number, record in enumerate(campaign.records):
        made.append(record)
        if number % step == 0 and bad:
            made.append(bad.pop())
    assert not bad
    return made


def test_hostile_records_become_dead_letters_and_the_stream_goes_on(
    house: House, campaign: World
) -> None:
    sent = strewn(campaign)
    house.send(sent)
    half_way = house.worker()
    half_way.reaches(0.3 * len(campaign.records))
    half_way.kill()
    worker = house.worker()

    settle_and_compare(house, campaign)
    expected: dict[tuple[int, int], tuple[str, bytes | None]] = {}
    reasons = dict(HOSTILE)
    next_offset: Counter[int] = Counter()
    for record in sent:
        if record.key is None:
            place = record.partition, next_offset[record.partition]
            shown = None if record.value is None else without_text(record.value[:LIMIT])
            expected[place] = reasons[record.value], shown
        next_offset[record.partition] += 1
    found = {}
    for message in house.read("dead-letters"):
        letter = json.loads(message.value() or b"")
        assert letter["source"] == house.full_name("requests")
        assert letter["detail"]
        original = letter["original"]
        content = original if original is None else base64.b64decode(original)
        found[letter["partition"], letter["offset"]] = letter["reason"], content
    assert found == expected
    assert worker.code == 0


def test_strangers_on_the_inner_topics_become_dead_letters(house: House, campaign: World) -> None:
    house.send(campaign.records[:2000])
    worker = house.worker()
    worker.reaches(2000)
    garbage = [b"garbage", b"", None, b'{"kind":"release"}']
    for topic in ("deltas", "lifecycle", "releases"):
        for value in garbage:
            house.send([Record(0, None, value, topic), Record(0, b"release", value, topic)])

    reads(worker, dead_letters=3 * 2 * len(garbage))
    house.send(campaign.records[2000:])
    settle_and_compare(house, campaign, paused=True)


def test_late_repeated_and_shuffled_records_count_once(house: House) -> None:
    made = world(ticks=120)
    chaos = list(made.records[:-4])
    for number in range(0, len(chaos) - 500, 500):
        chaos[number : number + 40] = reversed(chaos[number : number + 40])
    again = chaos[1000:3000]
    late = [
        request(f"late-{n}", at=EPOCH + n, number=f"late-{n}", proxy="proxy-net")
        for n in range(200)
    ]
    everything = chaos + again + late + chaos[-500:] + late + made.records[-4:]
    house.send(everything)
    house.worker()

    truth = Counter(made.requests)
    truth.update(f"late-{n}" for n in range(200))
    settle_and_compare(house, World(records=everything, requests=truth))


def test_accounts_created_and_models_released_are_taken_in(house: House) -> None:
    made = world(ticks=120)
    outside = [
        Record(
            partition_of("person-1"),
            b"person-1",
            msgspec.json.encode(
                {"kind": "lifecycle", "ts": EPOCH - 9999, "account": "person-1", "event": "created"}
            ),
            "lifecycle",
        ),
        Record(
            0,
            b"fable",
            msgspec.json.encode({"kind": "release", "ts": EPOCH + 500, "model": "fable"}),
            "releases",
        ),
    ]
    house.send(outside)
    worker = house.worker()
    until(lambda: house.committed("releases") == 1, what="the release to be told")
    house.send(made.records)

    house.settled()
    worker.stop()
    kept = oracle.kept(house)
    assert kept.requests() == made.requests
    assert [level.population.released for level in kept.groups] == [{"fable": EPOCH + 500.0}] * 4
    level = kept.accounts[partition_of("person-1")]
    assert level.profiles["born"][level.profiles.index["person-1"]] == EPOCH - 9999


def reads(worker: WorkerProcess, *, dead_letters: int) -> None:
    until(
        lambda: sum(worker.samples("weir_dead_letters_total")) >= dead_letters,
        what=f"{dead_letters} dead letters; it said:\n{worker.output}",
    )
