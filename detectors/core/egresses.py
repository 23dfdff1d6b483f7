"""Through which egresses accounts come: the last one, and how many in an hour."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.core.profiles import TICK, Column, Profiles, Rows
from detectors.sketches import distinct

#: Columns of an account.
OF_ACCOUNTS: Mapping[str, Column] = {
    "egress": Column("uint64"),
    "egress_bits": Column("uint64", (1,)),
    "egress_hour": Column(TICK),
}


def fold(
    profiles: Profiles, rows: Rows, *, accounts: Rows, egresses: NDArray[np.uint64], tick: int
) -> None:
    """Take in through which egresses accounts came in a tick.

    Args:
        profiles: of the accounts, with the columns `OF_ACCOUNTS`.
        rows: accounts of the tick.
        accounts: that came through an egress, once for each.
        egresses: keyed hash of each one's.
        tick: second of event time.
    """
    hours = profiles["egress_hour"]
    started = rows[hours[rows] != tick // 3600]
    profiles["egress_bits"][started] = 0
    hours[started] = tick // 3600
    distinct.mark(profiles["egress_bits"], accounts, egresses)
    profiles["egress"][accounts] = egresses
