"""Levels by partition, recovered from their table's changelog."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import faust
from faust.stores.base import Store
from faust.types import TP

from detectors.core.account_level import AccountLevel
from detectors.core.campaign_level import CampaignLevel
from detectors.core.detector import pack, unpack
from detectors.core.group_level import GroupLevel
from detectors.core.output import Checkpoint

MANIFEST, PAUSE = "manifest", "pause"

L = TypeVar("L", AccountLevel, GroupLevel, CampaignLevel)


class Pause(NamedTuple):
    """Where the clock on the wall closed a tick."""

    number: int  # they are counted from the first owner on
    after: int  # last offset of the requests before it


class Changelog:
    """What one partition of a changelog holds, and under which keys its present owner writes.

    Every owner writes under a name of its own, so that a worker which was taken for dead and wakes
    up overwrites nothing of its successor's.  A manifest names the keys of the segments that
    belong together and says in which order owners came: the last whose segments are all there
    counts, and a checkpoint that was cut short counts for nothing.

    A *pause* is an offset of the requests after which the clock on the wall, not a record, closed
    the tick in progress.  It is written down before anything is sent of it, so that whoever reads
    the requests again closes the tick at the same place.
    """

    def __init__(self) -> None:
        self.owner = secrets.token_hex(4)
        self.epoch = 1
        self.paused = 0  # number of the last pause that the level has taken
        self._pauses: dict[str, Pause] = {}  # by key
        self._keys: dict[str, str] = {}  # of the segments that count, by their level's name
        self._stale: list[str] = []  # to be taken away once a checkpoint of ours counts
        self._entries: dict[str, bytes] = {}

    def take(self, key: bytes, value: bytes | None) -> None:
        """Gather an entry; an empty value takes one away."""
        if value:
            self._entries[key.decode()] = value
        else:
            self._entries.pop(key.decode(), None)

    def restore(self, level: AccountLevel | GroupLevel | CampaignLevel) -> None:
        """Make a level that has seen nothing what the last checkpoint says.

        Raises:
            LookupError: there are checkpoints, but of each something is missing.
        """
        entries, self._entries = self._entries, {}
        manifests = {
            key: unpack(value) for key, value in entries.items() if key.endswith("/" + MANIFEST)
        }
        for key in sorted(manifests, key=lambda key: manifests[key]["order"], reverse=True):
            manifest = manifests[key]
            if set(manifest["keys"].values()) <= entries.keys():
                self._keys = manifest["keys"]
                segments = {name: entries[key] for name, key in self._keys.items()}
                level.restore(segments, manifest["level"])
                self.paused = manifest["paused"]
                break
        else:
            if manifests:
                raise LookupError("no checkpoint in the changelog is whole")
        self.epoch += max((manifest["order"][0] for manifest in manifests.values()), default=0)
        self._pauses = {
            key: Pause(**unpack(value)) for key, value in entries.items() if f"/{PAUSE}/" in key
        }
        named = {*self._keys.values(), *self._pauses}
        self._stale = [key for key in entries if key not in named]

    def pauses(self, end: int) -> list[Pause]:
        """Return the pauses up to an offset that the level has not taken yet, in order."""
        found = {pause for pause in self._pauses.values() if pause.number > self.paused}
        return sorted(pause for pause in found if pause.after <= end)

    def segments(self, checkpoint: Checkpoint) -> dict[str, bytes]:
        """Return a checkpoint's segments by key; they are to be written before its manifest."""
        new = {name: f"{self.owner}/{name}" for name in checkpoint.segments}
        self._keys |= new
        self._stale += [self._keys.pop(name) for name in checkpoint.dropped if name in self._keys]
        return {new[name]: value for name, value in checkpoint.segments.items()}

    def manifest(self, checkpoint: Checkpoint, *, generation: int, paused: int) -> dict[str, bytes]:
        """Return what makes the segments count."""
        content = {
            "order": [self.epoch, generation],
            "keys": self._keys,
            "paused": paused,
            "level": checkpoint.manifest,
        }
        return {f"{self.owner}/{MANIFEST}": pack(content)}

    def pause(self, pause: Pause) -> dict[str, bytes]:
        """Return what writes a pause down."""
        key = f"{self.owner}/{PAUSE}/{pause.number}"
        self._pauses[key] = pause
        return {key: pack(pause._asdict())}

    def removed(self, *, paused: int) -> list[str]:
        """Return the keys that nobody needs once the last manifest counts."""
        past = [key for key, pause in self._pauses.items() if pause.number <= paused]
        for key in past:
            del self._pauses[key]
        stale, self._stale = self._stale + past, []
        return stale


class Shelf(Store, Generic[L]):  # type: ignore[misc]
    """Holds the levels of the partitions that are ours, as the store of a Faust table.

    While Faust recovers the table, the changelog's entries are gathered; once it has, they become
    levels.
    """

    def __init__(self, *args: Any, build: Callable[[int], L], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.build: Callable[[int], L] = build
        self.levels: dict[int, L] = {}
        self.changelogs: dict[int, Changelog] = {}
        self.on_failure: Callable[[Exception], None] | None = None
        self._offsets: dict[TP, int] = {}
        self.progress = time.monotonic()  # when recovery last went on
        self._generation = -1

    def persisted_offset(self, tp: TP) -> int | None:
        """Return where recovery may start: a partition whose level lives needs none."""
        return self._offsets.get(tp) if tp.partition in self.levels else None

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Note what we wrote or read of the changelog."""
        self._offsets[tp] = max(offset, self._offsets.get(tp, -1))

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Gather entries of the changelog; a level that lives knows them."""
        self.progress = time.monotonic()
        for event in batch:
            message = event.message
            if message.partition not in self.levels:
                changelog = self.changelogs.setdefault(message.partition, Changelog())
                changelog.take(message.key, message.value)
            self.set_persisted_offset(message.tp, message.offset)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget levels that went elsewhere, and all of them after a rebalance that we missed.

        Another worker may have moved on with a partition in the generation that we did not see.
        What is forgotten is read from the changelog's beginning: Faust itself would go on where
        it was with a partition that it believes we kept, or whose recovery was interrupted.
        """
        topic = self.table.changelog_topic_name
        mine = {tp.partition for tp in assigned if tp.topic == topic}
        new = {tp.partition for tp in newly_assigned if tp.topic == topic}
        missed = generation_id != self._generation + 1
        self._generation = generation_id
        kept = set() if missed else (self.levels.keys() & mine) - new
        self.levels = {number: self.levels[number] for number in kept}
        self.changelogs = {number: self.changelogs[number] for number in kept}
        self._offsets = {tp: o for tp, o in self._offsets.items() if tp.partition in kept}
        for partition in mine - kept:
            self.app.tables.recovery.revoke(TP(topic, partition))

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Make levels of what was gathered."""
        for tp in sorted(active_tps):
            if tp.partition in self.levels:
                continue
            changelog = self.changelogs.setdefault(tp.partition, Changelog())
            level = self.build(tp.partition)
            try:
                changelog.restore(level)
            except Exception as error:  # Faust would only log it
                fault = RuntimeError(f"{tp.topic}, partition {tp.partition}, is damaged: {error!r}")
                if self.on_failure is not None:
                    self.on_failure(fault)
                return
            self.levels[tp.partition] = level
            self.progress = time.monotonic()
            await asyncio.sleep(0)

    def reset_state(self) -> None:
        """Nothing is kept outside of memory."""

    async def backup_partition(
        self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """Nothing is kept outside of memory."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Nothing is kept outside of memory."""

    async def need_active_standby_for(self, tp: TP) -> bool:
        """Standbys are not used: a level is rebuilt from the changelog."""
        return False


class ProfileTable(faust.Table, Generic[L]):  # type: ignore[misc]
    """A Faust table whose store is a `Shelf` and whose changelog holds checkpoints."""

    def __init__(self, app: Any, *, name: str, build: Callable[[int], L], partitions: int) -> None:
        self._build: Callable[[int], L] = build
        super().__init__(
            app,
            name=name,
            key_type=bytes,
            value_type=bytes,
            partitions=partitions,
            recovery_buffer_size=8,  # entries are up to half a megabyte each
            extra_topic_configs={"max.message.bytes": "8388608"},
        )
        app.tables.add(self)

    def _new_store(self) -> Shelf[L]:
        return Shelf("memory://", self.app, self, table_name=self.name, build=self._build)

    @property
    def shelf(self) -> Shelf[L]:
        """The levels of this table."""
        shelf: Shelf[L] = self.data
        return shelf
