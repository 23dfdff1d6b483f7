"""aiokafka's fetcher, handing on the records that it reads where it would make others of them.

aiokafka makes a `ConsumerRecord` of every record, in Python, one at a time; that is more than half
of what reading costs.  What it reads batches with gives all that Weir wants.

Private names of aiokafka 0.14 that this builds on, held by tests: `Fetcher` keeps in `_records` a
`FetchResult` for each partition of which a call of `_proc_fetch_request` brought records; asked for
them by `getall`, that iterates over its `_partition_records`; which iterates over batches, its own
`_records`, and turns what a batch gives into what it yields by `_consumer_record`.  Checksums,
control batches, aborted transactions and offsets that compaction left out stay its business.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords

#: Records of a chunk at most; as many must be asked for, since no chunk is cut.
CHUNK = 250


class ChunkFetcher(Fetcher):  # type: ignore[misc]
    """Takes records by chunks, and gives them as they were read."""

    @classmethod
    def take_over(cls, consumer: Any) -> None:
        """Turn the fetcher of a consumer that has started and has no partitions yet into one."""
        consumer._fetcher.__class__ = cls

    async def _proc_fetch_request(self, *args: Any) -> Any:
        answer = await super()._proc_fetch_request(*args)
        for fetched in self._records.values():  # nothing was taken of the new ones so far
            if isinstance(fetched, FetchResult) and fetched.has_more():
                in_chunks(fetched._partition_records)
                fetched.getall = partial(_getall, fetched)
        return answer


def in_chunks(partition_records: Any) -> None:
    """Make aiokafka's records of one partition yield chunks; nothing was taken of them yet."""
    if not isinstance(partition_records, _Chunks):
        partition_records._records = _Batches(partition_records._records)
        partition_records.__class__ = _Chunks


class _Chunks(PartitionRecords):  # type: ignore[misc]
    def _consumer_record(self, _: Any, chunk: "_Chunk") -> list[Any]:
        records, wanted = chunk.records, self.next_fetch_offset
        return (
            records if records[0].offset >= wanted else [r for r in records if r.offset >= wanted]
        )


def _getall(fetched: Any, max_records: int | None = None) -> list[Any]:
    # As `FetchResult.getall`, which would append record after record.
    taken: list[Any] = []
    if not fetched.check_assignment(fetched._topic_partition) or not fetched.has_more():
        return taken
    while max_records is None or len(taken) + CHUNK <= max_records:
        chunk = next(fetched._partition_records, None)
        if chunk is None:
            fetched._update_position()
            fetched._partition_records = None
            return taken
        taken += chunk
    fetched._update_position()
    return taken


class _Chunk:
    """Stands in for a record: the last of a chunk."""

    __slots__ = ("offset", "records")

    def __init__(self, records: list[Any]) -> None:
        self.records = records
        self.offset = records[-1].offset


class _Batch:
    """A batch that gives chunks."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[_Chunk]:
        records = chain(self._batch)  # a batch lets itself be iterated over once
        while chunk := list(islice(records, CHUNK)):
            yield _Chunk(chunk)


class _Batches:
    """A fetch's batches, each of which gives chunks; a control batch stays as it is."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return batch if batch.is_control_batch else _Batch(batch)
