"""`weir worker` on a tether: it ends when the process that holds its standard input does.

Whatever becomes of the demo, killed at once or its terminal closed, no worker is left behind.
"""

import os
import signal
import threading

from stream.cli import main


def _hold() -> None:
    # Not by way of sys.stdin, whose lock an end of the process would stumble over.
    while os.read(0, 4096):
        pass  # nothing is ever said; the other end's closing returns nothing
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_hold, daemon=True).start()
    main(["worker"])
