"""A `weir worker` on whose way to the agents runs of records are lost."""

from collections import Counter
from typing import Any, ClassVar

from stream import cli
from stream.transport import Consumer, Run, Transport


class LossyConsumer(Consumer):
    """Loses the first runs of each topic that agents read, as a rebalance at a bad moment would."""

    _lost: ClassVar[Counter[str]] = Counter()

    async def _hand_over(self, tp: Any, position: int, message: Any) -> None:
        if isinstance(message.value, Run) and self._lost[tp.topic] < 3:
            self._lost[tp.topic] += 1
            print(f"lost {len(message.value)} records of {tp.topic}", flush=True)
            return
        await super()._hand_over(tp, position, message)


if __name__ == "__main__":
    Transport.Consumer = LossyConsumer
    cli.main()
