"""Levels by partition, recovered from their table's changelog."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import faust
from faust.stores.base import Store
from faust.types import TP

from detectors.core.account_level import AccountLevel
from detectors.core.group_level import GroupLevel

MANIFEST = b"manifest"

L = TypeVar("L", AccountLevel, GroupLevel)


class Shelf(Store, Generic[L]):  # type: ignore[misc]
    """Holds the levels of the partitions that are ours, as the store of a Faust table.

    While Faust recovers the table, the changelog's entries are gathered; once it has, they become
    levels.  The manifest names the entries that belong together, so that a checkpoint which was
    cut short counts for nothing and the one before it stands.
    """

    def __init__(self, *args: Any, build: Callable[[int], L], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.build = build
        self.levels: dict[int, L] = {}
        self.on_restored: Callable[[int, L], None] | None = None
        self._entries: dict[int, dict[bytes, bytes]] = {}
        self._offsets: dict[TP, int] = {}
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
        """Gather entries of the changelog; an empty value takes one away."""
        for event in batch:
            message = event.message
            entries = self._entries.setdefault(message.partition, {})
            if message.value:
                entries[message.key] = message.value
            else:
                entries.pop(message.key, None)
            self.set_persisted_offset(message.tp, message.offset)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget levels that went elsewhere, and all of them after a rebalance that we missed.

        Another worker may have moved on with a partition in the generation that we did not see.
        """
        topic = self.table.changelog_topic_name
        mine = {tp.partition for tp in assigned if tp.topic == topic}
        new = {tp.partition for tp in newly_assigned if tp.topic == topic}
        missed = generation_id != self._generation + 1
        self._generation = generation_id
        for partition in list(self.levels):
            if missed or partition not in mine or partition in new:
                del self.levels[partition]
        self._entries = {}
        self._offsets = {tp: o for tp, o in self._offsets.items() if tp.partition in self.levels}

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Make levels of what was gathered."""
        for tp in sorted(active_tps):
            if tp.partition not in self.levels:
                self.levels[tp.partition] = self._restore(tp.partition)
        self._entries = {}

    def _restore(self, partition: int) -> L:
        entries = self._entries.get(partition, {})
        level = self.build(partition)
        manifest = entries.pop(MANIFEST, None)
        if manifest is not None:
            segments = {key.decode(): value for key, value in entries.items()}
            level.restore(segments, manifest)
        if self.on_restored is not None:
            self.on_restored(partition, level)
        return level

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
        self._build = build
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
