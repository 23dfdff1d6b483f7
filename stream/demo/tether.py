"""`weir worker` on a tether: it ends when the process that holds its standard input does.

Whatever becomes of the demo, killed at once or its terminal closed, no worker is left behind.
"""

import os
import signal
import sys
import threading

from stream.cli import main


def _hold() -> None:
    sys.stdin.buffer.read()  # returns when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_hold, daemon=True).start()
    main(["worker"])
