"""A plain Faust agent that counts the requests of each account, with Faust's defaults."""

import asyncio
from collections import Counter

import faust

from tests.bench.stopwatch import Stopwatch
from tests.bench.task import Task


async def main() -> None:
    task = Task.from_arguments()
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap}",
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    topic = app.topic("weir.requests", value_serializer="json")
    counts: Counter[str] = Counter()
    done = asyncio.Event()
    watch = Stopwatch()

    # Counted in a dict: a Faust table costs more than twice as much, and would be easy to beat.
    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def count(stream: faust.StreamT[dict[str, str]]) -> None:
        seen = 0
        async for event in stream:
            if not seen:
                watch.first()
            seen += 1
            counts[event["account"]] += 1
            if seen == task.events:
                watch.last(events=seen, counts=counts)
                done.set()

    app.finalize()
    await app.start()
    await done.wait()
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main())
