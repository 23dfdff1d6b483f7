"""What a tick shows of the service itself: counts that travel to the level of the service."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.batch import Batch, Strays
from detectors.core.detector import Tick
from detectors.core.level import Level
from detectors.core.population import Population
from detectors.core.profiles import Column, Profiles, Rows
from detectors.core.records import DEAD_LETTER_REASONS

#: Fields that a sender may leave out, each with what is not seen without it; in the order of the
#: bits in which a request tells what it carries.
FIELDS = {
    "egress": "no group by egress is seen",
    "payment": "no group by payment is seen",
    "prompt": "neither templates nor capabilities are seen",
    "tokens": "requests count, whatever their length",
    "prefix_hashes": "no conversation is followed from one account to another",
}
EGRESS, PAYMENT, PROMPT, TOKENS, PREFIXES = (1 << bit for bit in range(len(FIELDS)))
#: An account that carried a field in so many minutes is expected to carry it; up to how many count,
#: and how many of them one minute without the field outweighs.
EXPECTED, MOST, OUTWEIGHED = 3, 255, 4
#: Seconds of event time that are judged together; and minutes without anything that are taken for
#: a silence of the service, where more were no time at all.
MINUTE, LONGEST_PAUSE = 60, 60
#: Seconds behind the newest request from which a request counts as late.
LATE = 60
#: Seconds by which a request may lie ahead of when it arrived, and behind it.
AHEAD, DELAYED = 5.0, 120.0
COLUMNS = {"carries": Column("uint8", (len(FIELDS),))}


class Share(NamedTuple):
    """One thing that a part of what comes does, and hardly ever all of it.

    Attributes:
        part: fact that counts it.
        whole: fact that counts what it is a part of.
        slow: it is ordinary for a while, and counts where it was most of the last hour.
    """

    part: str
    whole: str
    slow: bool = False


#: What is judged as a share, by its name in alerts; unknown fields come as they are met.
SHARES = {
    **{f"field {field}": Share(f"lost {field}", f"met {field}") for field in FIELDS},
    **{f"dead letters: {why}": Share(f"dead {why}", "records") for why in DEAD_LETTER_REASONS},
    "late requests": Share("late", "requests"),
    "requests from the future": Share("ahead", "stamped"),
    "old requests": Share("delayed", "stamped"),
    "learning": Share("held", "requests", slow=True),
}
#: What an unknown field is called in facts and in alerts, and how many are told apart at a time.
UNKNOWN, MOST_UNKNOWN = "unknown field ", 64


class Facts:
    """Counts of what one partition shows since the tick before.

    >>> facts = Facts({"requests": 2})
    >>> facts.add(requests=1, tokens=0)
    >>> facts.told(), facts.told()
    ({'requests': 3}, {})
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts: Counter[str] = Counter(counts)

    def add(self, **counts: int) -> None:
        """Add to counts by name."""
        self.counts.update(counts)

    def told(self) -> dict[str, int]:
        """Return what was counted, and count anew."""
        told, self.counts = self.counts, Counter()
        forget_least(told)
        return {name: number for name, number in sorted(told.items()) if number}

    def requests(self, batch: Batch, part: slice, fresh: NDArray[np.bool_], *, clock: int) -> None:
        """Count requests of a batch, those left out that came before."""
        late = int(((batch.ticks[part] < clock - LATE) & fresh).sum())
        count, denied = int(fresh.sum()), int((batch.denied[part] & fresh).sum())
        self.add(requests=count, denied=denied, late=late)
        if batch.waits is not None:
            waits = batch.waits[part]
            ahead, delayed = ((waits < -AHEAD) & fresh).sum(), ((waits > DELAYED) & fresh).sum()
            self.add(stamped=count, ahead=int(ahead), delayed=int(delayed))

    def strays(self, strays: Strays) -> None:
        """Count what came besides requests."""
        for _, reason in strays.dead:
            self.counts[f"dead {reason}"] += 1
        for _, names in strays.sampled:
            self.counts["sampled"] += 1
            for name in names:
                self.counts[UNKNOWN + name] += 1

    def fields(
        self, profiles: Profiles, rows: Rows, carried: NDArray[np.uint8], *, tick: int
    ) -> None:
        """Take in what accounts carried in a tick, and count those that came without the usual.

        An account counts once a minute, however much it asks: a customer that never carries a field
        may become the busiest without anything being lost.

        Args:
            profiles: of the accounts, before they are touched by the tick.
            rows: accounts of the tick.
            carried: of each the bits of the fields that any of its requests carried.
            tick: in seconds.
        """
        first = profiles["last_seen"][rows] // MINUTE != tick // MINUTE
        rows, carried = rows[first], carried[first]
        held = profiles["carries"][rows].astype(np.int16)
        has = (carried[:, None] >> np.arange(len(FIELDS), dtype=np.uint8) & 1).astype(bool)
        expected = held >= EXPECTED
        now = np.where(has, np.minimum(held + 1, MOST), np.maximum(held - OUTWEIGHED, 0))
        profiles["carries"][rows] = now
        met, lost = expected.sum(axis=0).tolist(), (expected & ~has).sum(axis=0).tolist()
        for field, number, without in zip(FIELDS, met, lost, strict=True):
            self.counts[f"met {field}"] += number
            self.counts[f"lost {field}"] += without


def forget_least(counts: Counter[str]) -> None:
    """Leave out the unknown fields that were met least, where they are too many.

    Whoever makes up names cannot hide one that many requests bear.
    """
    unknown = sorted((n for n in counts if n.startswith(UNKNOWN)), key=lambda n: (-counts[n], n))
    for name in unknown[MOST_UNKNOWN:]:
        del counts[name]


def whole_tick(level: Level, minute: int) -> Tick:
    """Return the tick that ends a minute, in which every row of a level is looked at."""
    number = (minute + 1) * MINUTE - 1
    rows = level.profiles.live
    nothing = np.zeros(len(rows), dtype=np.int64)
    level.profiles.touch(rows, tick=number, requests=nothing)
    return Tick(
        number=number,
        rows=rows,
        requests=nothing,
        tokens=nothing,
        models=np.zeros((len(rows), 1), dtype=np.int64),
        capabilities=np.zeros((len(rows), 1), dtype=np.int64),
        suspect=level.suspicion.of(rows, number),
        scopes=np.zeros(len(rows), dtype=np.int8),
        population=Population(),
    )
