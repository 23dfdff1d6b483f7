"""Places that bans left open in groups, and the newcomers that fill them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from detectors.core.members import Members
from detectors.core.profiles import OVERFLOW, TICK, Column, Profiles, Rows

#: Seconds over which counts fade.
DAY, HOUR = 86_400, 3600
#: Seconds for which a place that a ban left stays open.
OPEN = 6 * HOUR
#: Age in seconds below which an account that joins is a newcomer, and of nobody's absence.
YOUNG, NEVER = HOUR, 1_000_000
#: Seconds at the beginning of a group, and of everything, in which newcomers are no measure.
BEGINNING = HOUR
#: A newcomer has proved itself an heir with this many requests, and this part of the load that
#: the banned accounts had.
LEAST_REQUESTS, LEAST_LOAD = 2, 0.1
#: A newcomer a member and twenty days is assumed before data speak, with the weight of one.
PRIOR_JOINS, PRIOR_SECONDS = 1.0, 20.0 * DAY

COLUMNS = {
    "bans": Column("float64"),  # within a DAY
    "lost": Column("float64"),  # requests a second of the accounts banned within a DAY
    "vacant": Column("int32"),  # places open now
    "vacant_since": Column(TICK),
    "vacant_until": Column(TICK),
    "filled": Column("float64"),  # by heirs that proved themselves, within a DAY
    "exposed": Column("float64"),  # seconds within a DAY in which a place was open
    "joins": Column("float64"),  # newcomers while none was, within a DAY
    "unexposed": Column("float64"),  # seconds in which none was
    "counted_at": Column(TICK),
}
#: Of a member: it fills a place, and has proved itself; or it fills none, as it came later within a
#: day of a ban, and has proved itself.
CANDIDATE, PROVEN, LATE, LATE_PROVEN = 1, 2, 3, 4


class Heirs:
    """Counts bans and newcomers in the rows of groups and members.

    A ban leaves a place open for six hours.  A newcomer is an account in its first hour, or never
    seen before (on the first day: one whose creation we were told); one that joins while a place
    is open, and began after it was left, fills it.  One that fills none within a day of a ban may
    have taken over too: that is counted, and tests nothing.
    Whether newcomers come any faster while a place is open is for a detector to say: so the time
    in which one was open is counted, and the newcomers and the time in which none was.

    Args:
        scopes: how many scopes the groups have.
        seed: key of the hashes that stand for accounts.
    """

    def __init__(self, *, scopes: int, seed: int) -> None:
        self.seed = seed
        self.started = 0
        self._folded_at = 0
        self._present = np.zeros(scopes)  # members within the hour, by scope
        self._joins = np.zeros(scopes)
        self._seconds = np.zeros(scopes)  # of members' presence

    @property
    def usual(self) -> NDArray[np.float64]:
        """Newcomers for each second of a member's presence while no place is open, by scope."""
        rate: NDArray[np.float64] = (self._joins + PRIOR_JOINS) / (self._seconds + PRIOR_SECONDS)
        return rate

    def hashes(self, accounts: Sequence[str]) -> NDArray[np.uint64]:
        """Return keyed hashes of accounts, never zero."""
        digest = xxhash.xxh3_64_intdigest
        return np.array([digest(a.encode(), self.seed) | 1 for a in accounts], dtype=np.uint64)

    def ban(
        self,
        bans: Sequence[tuple[str, int]],
        *,
        groups: Profiles,
        members: Members,
        tick: int,
    ) -> None:
        """Take in bans; those that are known change nothing."""
        latest: dict[str, int] = {}
        for account, banned_at in bans:
            latest[account] = max(banned_at, latest.get(account, 0))
        hashes = self.hashes(list(latest))
        times = np.array(list(latest.values()), dtype=np.int64)
        order = np.argsort(hashes)
        hashes, times = hashes[order], times[order]
        rows: Rows = np.flatnonzero(np.isin(members["account"], hashes))
        at: Rows = times[np.searchsorted(hashes, members["account"][rows])]
        new = (members["banned_at"][rows] < at) & (members["requests"][rows] > 0)
        rows, at = rows[new], at[new]
        named = [groups.names[group] for group in members["group"][rows].tolist()]
        theirs = [members.names[row].partition("\n")[0] for row in rows.tolist()]
        mine = np.array([a == b for a, b in zip(named, theirs, strict=True)], dtype=bool)
        rows, at = rows[mine], at[mine]
        members["banned_at"][rows] = at
        members.mark(rows)
        group = members["group"][rows]
        self.count(np.unique(group), groups=groups, tick=tick)
        opened = np.unique(group[groups["vacant"][group] == 0])
        groups["vacant_since"][opened] = tick
        np.add.at(groups["vacant"], group, 1)
        np.add.at(groups["bans"], group, 1.0)
        lived = np.maximum(members["last_seen"][rows] - members["joined_at"][rows], HOUR)
        np.add.at(groups["lost"], group, members["requests"][rows] / lived)
        groups["vacant_until"][group] = tick + OPEN
        groups.mark(group)

    def join(
        self,
        rows: Rows,
        *,
        groups: Profiles,
        members: Members,
        away: NDArray[np.int64],
        tick: int,
    ) -> None:
        """Take in accounts that joined a group: rows of members, and for how long each was away."""
        if not len(rows):
            return
        born, group = members["born"][rows], members["group"][rows]
        young = tick - born < YOUNG
        if tick < self.started + DAY:  # who is unknown may be an old customer
            young &= born < tick
        else:
            young |= away >= NEVER
        young &= group != OVERFLOW
        if not young.any():
            return
        rows, born, group, away = rows[young], born[young], group[young], away[young]
        self.count(np.unique(group), groups=groups, tick=tick)
        settled = tick >= self._settled(groups, group)
        vacant = groups["vacant"][group] > 0
        usual = group[settled & ~vacant]
        np.add.at(groups["joins"], usual, 1.0)
        np.add.at(self._joins, groups["scope"][usual], 1.0)
        after = (away >= NEVER) | (born >= groups["vacant_since"][group])
        fills = np.flatnonzero(settled & vacant & after)
        order = np.lexsort((members["account"][rows[fills]], group[fills]))
        fills = fills[order]  # of more newcomers than places some fill them, whoever was read first
        _, first, count = np.unique(group[fills], return_index=True, return_counts=True)
        rank = np.arange(len(fills)) - np.repeat(first, count)
        fills = fills[rank < groups["vacant"][group[fills]]]
        np.subtract.at(groups["vacant"], group[fills], 1)
        lately = tick < groups["vacant_until"][group] - OPEN + DAY
        members["heir"][rows[settled & lately & after]] = LATE
        members["heir"][rows[fills]] = CANDIDATE

    def prove(self, rows: Rows, *, groups: Profiles, members: Members, tick: int) -> None:
        """Count the heirs among members that asked in this tick and have taken over some load."""
        heir = members["heir"][rows]
        rows = rows[(heir == CANDIDATE) | (heir == LATE)]
        if not len(rows):
            return
        group = members["group"][rows]
        each = groups["lost"][group] / np.maximum(groups["bans"][group], 1e-9)
        least = LEAST_LOAD * each * (tick - members["joined_at"][rows])
        proven = members["requests"][rows] >= np.maximum(least, LEAST_REQUESTS)
        rows = rows[proven]
        filled = group[proven][members["heir"][rows] == CANDIDATE]
        self.count(np.unique(filled), groups=groups, tick=tick)
        members["heir"][rows] += PROVEN - CANDIDATE
        np.add.at(groups["filled"], filled, 1.0)

    def count(self, group: Rows, *, groups: Profiles, tick: int) -> None:
        """Bring what is counted of groups, each named once, up to a tick."""
        start = np.maximum(groups["counted_at"][group], self._settled(groups, group))
        until = np.minimum(groups["vacant_until"][group], tick)
        vacant = groups["vacant"][group] > 0
        exposed = np.where(vacant, np.maximum(until - start, 0), 0)
        fading = np.exp(-np.maximum(tick - groups["counted_at"][group], 0) / DAY)
        for column in ("bans", "lost", "filled", "exposed", "joins", "unexposed"):
            groups[column][group] *= fading
        groups["exposed"][group] += exposed
        groups["unexposed"][group] += np.maximum(tick - start, 0) - exposed
        groups["vacant"][group[groups["vacant_until"][group] <= tick]] = 0
        groups["counted_at"][group] = tick
        groups.mark(group)

    def fold(self, present: NDArray[np.float64], scopes: NDArray[np.int64], *, tick: int) -> None:
        """Take in how many members were there in a tick, by their groups' scopes."""
        elapsed = tick - self._folded_at if self._folded_at else 0
        self._folded_at = tick
        self.started = self.started or tick
        if tick >= self.started + BEGINNING:
            fading = np.exp(-elapsed / DAY)
            self._joins *= fading
            self._seconds = self._seconds * fading + self._present * min(elapsed, HOUR)
        self._present *= np.exp(-elapsed / HOUR)
        self._present += np.bincount(scopes, weights=present, minlength=len(self._present))

    def snapshot(self) -> dict[str, Any]:
        """Return what is counted of everybody."""
        return {
            "times": [self.started, self._folded_at],
            "counts": [self._present.tolist(), self._joins.tolist(), self._seconds.tolist()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `snapshot`."""
        self.started, self._folded_at = state["times"]
        self._present, self._joins, self._seconds = map(np.array, state["counts"])

    def _settled(self, groups: Profiles, group: Rows) -> NDArray[np.int64]:
        """Return from which tick on what happens in groups is counted."""
        settled: NDArray[np.int64] = groups["first_seen"][group] + BEGINNING
        return settled
