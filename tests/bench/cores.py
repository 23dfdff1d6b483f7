"""Who runs on which core: the contender alone on one, the broker and the harness on another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def apart() -> tuple[int, int] | None:
    """Choose the contender's core and the broker's; None where the OS lets nobody choose."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Hold this thread on one core, so that a process started meanwhile is born there."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def leave(core: int) -> None:
    """Move this process off a core that a child needs for itself, where the machine has others."""
    others = set(range(os.cpu_count() or 1)) - {core}
    if others:
        os.sched_setaffinity(0, others)
