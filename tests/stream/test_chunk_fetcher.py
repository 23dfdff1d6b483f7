"""Chunks hold what aiokafka alone would give; these tests break where aiokafka changes within."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import ConsumerRecord, TopicPartition

from stream.broker import EmbeddedBroker
from stream.chunk_fetcher import CHUNK, ChunkFetcher, in_chunks

TP = TopicPartition("weir.requests", 0)
ABORT = b"\x00\x00\x00\x00"
CONTROL = 0x20


def batch(
    first: int, values: Sequence[bytes | None], *, producer: int = -1, compression: int = 0
) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=producer >= 0,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1_000_000,
    )
    for number, value in enumerate(values):
        builder.append(
            number, timestamp=1_000 + number, key=b"k%d" % number, value=value, headers=[]
        )
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def aborted(first: int, *, producer: int) -> bytes:
    """Return the control batch that ends a transaction which came to nothing."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=True,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=-1,
        batch_size=1_000,
    )
    builder.append(0, timestamp=1, key=ABORT, value=b"\x00" * 6, headers=[])
    built = builder.build()
    built[22] |= CONTROL
    built[17:21] = calc_crc32c(bytes(built[21:])).to_bytes(4, "big")
    return first.to_bytes(8, "big") + bytes(built)[8:]


def records_of(
    fetched: bytes, *, start: int = 0, transactions: Sequence[tuple[int, int]] = (), level: int = 1
) -> Any:
    return PartitionRecords(
        TP, MemoryRecords(fetched), list(transactions), start, None, None, True, level
    )


def told(records: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [(r.offset, r.timestamp, r.timestamp_type, r.key, r.value, r.checksum) for r in records]


LONG = [b"v%d" % number for number in range(3 * CHUNK + 7)]
LEGACY = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=1_000)
LEGACY.append(0, timestamp=7, key=None, value=b"old", headers=[])


@pytest.mark.parametrize(
    ("fetched", "start", "transactions"),
    [
        pytest.param(batch(0, [b"a", b"b"]) + batch(2, [b"c"]), 0, (), id="batches"),
        pytest.param(batch(0, LONG), 0, (), id="more than a chunk"),
        pytest.param(batch(0, LONG, compression=1), 0, (), id="compressed"),
        pytest.param(batch(0, LONG), CHUNK + 3, (), id="begun within a chunk"),
        pytest.param(batch(0, [b"a", None, b"c"]), 0, (), id="null values"),
        pytest.param(batch(5, [b"a"]) + batch(90, [b"b"]), 3, (), id="left out by compaction"),
        pytest.param(bytes(LEGACY.build()), 0, (), id="an old format"),
        pytest.param(
            batch(0, [b"a", b"b"], producer=7)
            + batch(2, [b"c"], producer=8)
            + aborted(3, producer=7)
            + batch(4, [b"d"], producer=7),
            0,
            [(7, 0)],
            id="an aborted transaction",
        ),
    ],
)
@pytest.mark.parametrize("level", [0, 1])
def test_chunks_hold_the_records_that_aiokafka_gives_one_by_one(
    fetched: bytes, start: int, transactions: Sequence[tuple[int, int]], level: int
) -> None:
    ones = records_of(fetched, start=start, transactions=transactions, level=level)
    chunks = records_of(fetched, start=start, transactions=transactions, level=level)
    in_chunks(chunks)

    expected, given = told(list(ones)), list(chunks)

    assert [record for chunk in given for record in told(chunk)] == expected
    assert expected
    assert all(0 < len(chunk) <= CHUNK for chunk in given)
    assert chunks.next_fetch_offset == ones.next_fetch_offset


def test_a_batch_with_a_wrong_checksum_is_refused() -> None:
    fetched = bytearray(batch(0, [b"whole"]))
    fetched[-3] ^= 1
    records = records_of(bytes(fetched))
    in_chunks(records)

    with pytest.raises(CorruptRecordException):
        next(records)


def test_what_is_in_chunks_already_stays_so() -> None:
    records = records_of(batch(0, [b"a", b"b"]))
    in_chunks(records)
    in_chunks(records)

    assert [len(chunk) for chunk in records] == [2]


def test_a_consumer_that_was_taken_over_gives_records_and_no_more_than_asked_for() -> None:
    async def there_and_back(bootstrap: str) -> list[list[bytes]]:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            for value in LONG:
                await producer.send(TP.topic, value, partition=0)
        runs: list[list[bytes]] = []
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
            ChunkFetcher.take_over(consumer)
            consumer.assign([TP])
            await consumer.seek_to_beginning(TP)
            while sum(map(len, runs)) < len(LONG):
                found = await consumer.getmany(TP, timeout_ms=10_000, max_records=2 * CHUNK)
                assert not any(isinstance(record, ConsumerRecord) for record in found[TP])
                runs.append([record.value for record in found[TP]])
            assert await consumer.position(TP) == len(LONG)
        return runs

    with EmbeddedBroker() as broker:
        runs = asyncio.run(there_and_back(broker.bootstrap))

    assert [value for run in runs for value in run] == LONG
    assert max(map(len, runs)) <= 2 * CHUNK
