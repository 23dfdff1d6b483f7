"""Bytewax, one worker: orjson decodes each record, and a stateful step counts per account."""

from typing import cast

import orjson
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink, run_main

from tests.bench.stopwatch import Stopwatch
from tests.bench.task import Task


def main() -> None:
    task = Task.from_arguments()
    seen = 0
    watch = Stopwatch()
    totals: list[tuple[str, int]] = []

    def account(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, None]:
        nonlocal seen
        if not seen:
            watch.first()
        seen += 1
        event: dict[str, str] = orjson.loads(message.value)
        return event["account"], None

    source = KafkaSource([task.bootstrap], ["weir.requests"], tail=False, batch_size=10_000)
    flow = Dataflow("count")
    # The source raises on errors, so that what it hands on are messages.
    messages = cast("Stream[KafkaSourceMessage[bytes, bytes]]", op.input("messages", flow, source))
    # Nothing goes downstream until the end; `stateful_map` would emit every count.
    counts = op.fold_final(
        "counts", op.map("account", messages, account), lambda: 0, lambda count, _: count + 1
    )
    op.output("totals", counts, TestingSink(totals))
    run_main(flow)
    watch.last(events=seen, counts=dict(totals))


if __name__ == "__main__":
    main()
