"""Waiting for what a benchmark needs before it can go on."""

import time
from collections.abc import Callable


def until(done: Callable[[], bool], *, what: str, seconds: float, pause: float = 0.1) -> None:
    """Look again and again.

    Raises:
        RuntimeError: it did not come about in time.
    """
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"No {what} within {seconds:.0f} s.")
        time.sleep(pause)
