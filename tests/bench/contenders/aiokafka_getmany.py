"""aiokafka alone: `getmany()`, and with the variant `orjson` each record decoded."""

import asyncio

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.stopwatch import Stopwatch
from tests.bench.task import Task


async def main() -> None:
    task = Task.from_arguments()
    decode = task.variant == "orjson"
    watch = Stopwatch()
    consumer = AIOKafkaConsumer(
        "weir.requests",
        bootstrap_servers=task.bootstrap,
        group_id=task.group,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    seen = 0
    while seen < task.events:
        for run in (await consumer.getmany(timeout_ms=1000)).values():
            if not seen:
                watch.first()
            seen += len(run)
            if decode:
                for record in run:
                    orjson.loads(record.value)
    # It keeps no counts by account; that it stands at each partition's end shows it read all.
    partitions: set[TopicPartition] = consumer.assignment()
    ends = await consumer.end_offsets(partitions)
    at_end = [await consumer.position(partition) == ends[partition] for partition in partitions]
    watch.last(events=seen if all(at_end) else -1)
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
