"""Micro-batches through Faust: one message for each run of records that a fetch brought.

Faust's cost is per message: it starts two asyncio tasks for each.  Here a run of records of one
partition travels to the agent as one message whose value is the list of records; groups,
rebalancing and tables stay Faust's.  Changelog topics keep the stock path, one message a record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

import faust
from aiokafka.errors import CommitFailedError, IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from stream.chunk_fetcher import ChunkFetcher

#: Milliseconds that a broker may hold a fetch which finds nothing.  A fetch for quiet partitions
#: holds up the next one for busy partitions of the same broker, and Faust asks for 1500.
FETCH_WAIT = 200


class Run(list[Any]):
    """Records of one partition that a fetch brought, in order.

    Args:
        records: of the partition; there is one at least.
        follows: offset of the record fetched before them.
    """

    def __init__(self, records: Sequence[Any], *, follows: int) -> None:
        super().__init__(records)
        #: Offset of the record that came before, -1 where that is not known.
        self.follows = follows if follows < records[0].offset else -1


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread, whose fetches wait `FETCH_WAIT`."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT
        return consumer

    async def on_start(self) -> None:
        """Start, with a fetcher that makes no object of a record."""
        await super().on_start()
        ChunkFetcher.take_over(self._consumer)

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        fetched, runs = self.consumer.fetched, {}
        self._note_positions()
        for tp, records in (await super()._fetch_records(*args, **kwargs)).items():
            runs[tp] = Run(records, follows=fetched.get(tp, -1))
            fetched[tp] = records[-1].offset
        self.consumer.fetched_in = self.current_assignment()
        self._note_positions()
        return runs

    def _note_positions(self) -> None:
        """Write down how far the partitions are read, as of the runs that are known of.

        aiokafka moves a position while the run is still on its way to us: whoever looked in
        between would believe that nothing is left to read.
        """
        assignment = self.current_assignment()
        if assignment is not None:
            states = {tp: assignment.state_value(tp) for tp in assignment.tps}
            self.consumer.positions = {
                tp: state.position for tp, state in states.items() if state.has_valid_position
            }
            self.consumer.positions_in = assignment

    async def seek_back(self, offsets: Mapping[TP, int]) -> None:
        """Fetch again from these offsets where the position has passed them."""
        consumer, assignment = self._ensure_consumer(), self.current_assignment()
        if assignment is self.consumer.fetched_in:
            for tp, offset in offsets.items():
                state = assignment.state_value(tp)
                if state.has_valid_position and state.position > offset:
                    consumer.seek(tp, offset)
                    self.consumer.positions[tp] = offset
                    self.consumer.fetched.pop(tp, None)

    def current_assignment(self) -> Any:
        """Return aiokafka's assignment, another object after each rebalance."""
        return self._ensure_consumer()._subscription.subscription.assignment

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; what the group refuses is no fault of ours, as Faust takes it to be."""
        if not offsets.keys() <= self.assignment():
            return False
        try:
            await self._ensure_consumer().commit(
                {driver.ensure_aiokafka_TP(tp): offset for tp, offset in offsets.items()}
            )
        except (CommitFailedError, IllegalStateError):
            return False
        return True


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Faust's aiokafka consumer, delivering runs.

    Nothing is acknowledged here: the agents' topics are declared with ``acks=False`` and their
    offsets are committed by the checkpoints, through `commit_offsets`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fetched: dict[TP, int] = {}  # last offset of the last run of each partition
        self.positions: dict[TP, int] = {}  # how far each partition was read by then
        self.fetched_in: Any = None  # the assignment that the last runs belong to
        self.positions_in: Any = None  # the one that the positions belong to

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        stopping: Callable[[], bool] = cast(Service, self)._stopped.is_set
        fetcher_stopping: Callable[[], bool] = fetcher._stopped.is_set
        try:
            while not (stopping() or fetcher_stopping()):
                runs, active = await self._wait_next_records(timeout=1.0)
                await self.sleep(0)
                if self.should_stop or runs is None:
                    return
                await self._deliver(runs, active)
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.transport.app.should_stop:
                raise

    async def _deliver(self, runs: Mapping[TP, Run], active: set[TP] | None) -> None:
        """Hand runs to the agents, but for those that a rebalance has overtaken.

        A new assignment begins where the offsets are committed: runs of the one before would leave
        a gap, and Faust would not tell them apart.  Runs of the present one that are not wanted
        yet, because recovery goes on, are fetched again.
        """
        generation = self.app.consumer_generation_id
        dropped: dict[TP, int] = {}
        for tp, run in runs.items():
            if self.fetched_in is not self._thread.current_assignment():
                return
            ours = self.flow_active and self.app.consumer_generation_id == generation
            fed = active is None or tp in active or tp in self._buffered_partitions
            if not (ours and fed):
                dropped[tp] = run[0].offset
            elif self._is_changelog_tp(tp):
                for record in run:
                    await self._hand_over(tp, record.offset, self._to_message(tp, record))
            else:
                message = self._to_message(tp, run[-1])
                message.key, message.value = None, run
                await self._hand_over(tp, run[-1].offset + 1, message)
        if dropped:
            await self._thread.call_thread(self._thread.seek_back, dropped)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            record.offset,
            None if record.timestamp is None else record.timestamp / 1000,
            record.timestamp_type,
            tuple(record.headers),
            record.key,
            record.value,
            record.checksum,
            -1 if record.key is None else len(record.key),
            -1 if record.value is None else len(record.value),
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _hand_over(self, tp: TP, position: int, message: Any) -> None:
        deliver = cast(Callable[[Any], Awaitable[None]], self.callback)
        await self.wait_first(deliver(message), self.suspend_flow.wait())
        self._read_offset[tp] = position

    def waiting(self, tp: TP) -> int | None:
        """Return how many records the broker holds that were not fetched; None if unknown.

        What the position has passed counts as fetched: the end of a partition may be the mark of
        a transaction, which no consumer is shown.
        """
        assignment = self._thread.current_assignment()
        if assignment is None or assignment is not self.positions_in:
            return None
        state = assignment.state_value(tp)
        position = self.positions.get(tp)
        if state is None or state.highwater is None or position is None:
            return None
        return max(int(state.highwater) - position, 0)

    async def fetch_again(self, tp: TP, offset: int) -> None:
        """Go back to an offset, where records after it were fetched and did not arrive."""
        await self._thread.call_thread(self._thread.seek_back, {tp: offset})

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Commit the next offsets to read; false when the partitions are no longer ours."""
        return bool(await self._commit(offsets))

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Leave the watching of progress to Weir's own watchdog, which knows of checkpoints."""


class Producer(driver.Producer):  # type: ignore[misc]
    """Faust's aiokafka producer, idempotent: it retries until the broker answers, in order.

    Otherwise a record that waited too long for a broker would be given up and the next one sent:
    the groups would take the next tick of a source for its next, and never count what is missing.
    """

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"enable_idempotence": True, "acks": "all"}


class Transport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport with `Consumer` and `Producer`."""

    Consumer: ClassVar[Any] = Consumer
    Producer: ClassVar[Any] = Producer


class RunSchema(faust.Schema):  # type: ignore[misc]
    """Passes a run of records on as it is: decoding is the agents' work."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        """Return the function that makes an event of a message."""
        create_event = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create_event(None, message.value, message.headers, message)

        return decode


class App(faust.App):  # type: ignore[misc]
    """A Faust app whose consumer delivers runs."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: nothing is kept outside of memory and Kafka."""
