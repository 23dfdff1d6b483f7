"""Waiting for what must come, without guessing how long it takes."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Longest wait for anything; a machine that others use is slow at times.
PATIENCE = 120.0


def until(
    condition: Callable[[], T],
    *,
    what: str,
    seconds: float = PATIENCE,
    said: Callable[[], str] = str,
) -> T:
    """Return the condition's value as soon as it is true.

    Raises:
        AssertionError: it never was; says for what it waited, and what was `said` meanwhile.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}\n{said()}")
        pause.wait(0.02)
    return value
