"""Who goes on with whose conversation: denials and orphans in, alerts out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.core.capabilities import or_none_said
from detectors.core.conversations import NEWEST
from detectors.core.denials import Denials
from detectors.core.detector import Detector, Finding, Tick
from detectors.core.level import Level
from detectors.core.population import Population
from detectors.core.profiles import OVERFLOW, TICK, Column, Rows
from detectors.core.records import Alert, Delta
from detectors.core.settings import Settings

#: Seconds over which counts fade, and after which a circle forgets an account.
DAY = 86_400
#: Seconds between two looks for accounts to be forgotten.
HOUR = 3600
#: Accounts with echoes kept at most.
MOST = 65_536

COLUMNS = {
    "circle": Column("int64"),  # row of the account that stands for it, zero for none
    "received": Column("int64"),  # conversations of others that the account went on with
    "given": Column("int64"),  # its conversations that others went on with
    # Of the account that stands for a circle:
    "size": Column("int64"),  # accounts in it
    "begun": Column(TICK),  # tick of its first echo
    "echoes": Column("float64"),  # within a DAY
    "denials": Column("float64"),  # its accounts' since they are known, within a DAY
    "counted_at": Column(TICK),
}


class ConversationLevel(Level):
    """Keeps the accounts that went on with each other's denied conversations.

    An *echo* is a conversation that goes on under another account soon after it was denied.
    Accounts that are linked by echoes are a *circle*; the circle is what detectors look at, by the
    one account that stands for it, the first there was of its larger part.  A circle forgets
    accounts that had no echo for a day.

    Args:
        settings: what the operator set.
        detectors: those that read echoes are used.
        capacity: accounts kept at most.
    """

    def __init__(
        self, *, settings: Settings, detectors: Sequence[Detector], capacity: int = MOST
    ) -> None:
        super().__init__(
            settings=replace(settings, capacity=capacity),
            detectors=detectors,
            scopes=["account"],
            columns=COLUMNS,
            reads="echoes",
        )
        self.denials = Denials()
        self.population = Population()
        self._echoes = self._denied = 0.0  # of everybody within a DAY
        self._faded_at = self._swept = 0

    def close(self, tick: int, deltas: Sequence[Delta]) -> list[Alert]:
        """Take in what the deltas of a tick say, and score the circles that grew."""
        self.clock = tick
        if not any(delta.denied or delta.orphans for delta in deltas):
            return []
        self._fade(tick)
        for delta in deltas:
            prefixes = np.frombuffer(delta.denied_prefix, "<u8").tolist()
            for account, prefix in zip(delta.denied, prefixes, strict=True):
                self._deny(account, prefix, tick)
        echoes: dict[tuple[str, str], str] = {}
        for delta in deltas:
            found = np.frombuffer(delta.orphan_prefixes, "<u8").reshape(-1, NEWEST).tolist()
            for account, prefixes, name in zip(delta.orphans, found, delta.orphan_ids, strict=True):
                denied = self.denials.take([p for p in prefixes if p], account, tick=tick)
                if denied is not None:
                    echoes.setdefault((denied, account), name)
        return self._judge(tick, echoes) if echoes else []

    def save(self) -> tuple[dict[str, bytes], list[str], dict[str, Any]]:
        """Return new segments by name, the names of dropped ones, and the rest."""
        new, gone, kept = self.profiles.save()
        segments, dropped, denials = self.denials.save()
        segments |= {f"echo/{number}": data for number, data in new.items()}
        state = {
            "profiles": kept,
            "denials": denials,
            "models": self.snapshot_models(),
            "counts": [self._echoes, self._denied, self._faded_at, self._swept],
        }
        return segments, dropped + [f"echo/{number}" for number in gone], state

    def restore(self, segments: dict[str, bytes], state: dict[str, Any]) -> None:
        """Take back what was saved."""
        self.profiles.load([(n, segments[f"echo/{n}"]) for n in state["profiles"]])
        self.denials.restore(segments, state["denials"])
        self.restore_models(state["models"])
        self._echoes, self._denied, self._faded_at, self._swept = state["counts"]

    def _fade(self, tick: int) -> None:
        fading = float(np.exp(-(tick - self._faded_at) / DAY)) if self._faded_at else 0.0
        self._faded_at = tick
        self._echoes *= fading
        self._denied *= fading
        if tick // HOUR != self._swept:
            self._swept = tick // HOUR
            self._sweep(tick)

    def _deny(self, account: str, prefix: int, tick: int) -> None:
        self.denials.note(prefix, account, tick=tick)
        self._denied += 1.0
        row = self.profiles.index.get(account)
        if row is not None and self.profiles["circle"][row]:
            root = self.profiles["circle"][row]
            self._count(int(root), tick, denials=1.0)

    def _count(self, root: int, tick: int, *, echoes: float = 0.0, denials: float = 0.0) -> None:
        profiles = self.profiles
        fading = float(np.exp(-(tick - profiles["counted_at"][root]) / DAY))
        profiles["echoes"][root] = profiles["echoes"][root] * fading + echoes
        profiles["denials"][root] = profiles["denials"][root] * fading + denials
        profiles["counted_at"][root] = tick
        profiles.mark(np.array([root]))

    def _judge(self, number: int, echoes: dict[tuple[str, str], str]) -> list[Alert]:
        profiles = self.profiles
        self._make_room(2 * len(echoes), number)
        for denied, account in echoes:
            gave, took = profiles.rows_of([denied, account], tick=number).tolist()
            if OVERFLOW in (gave, took):
                continue
            profiles["given"][gave] += 1
            profiles["received"][took] += 1
            self._echoes += 1.0
            root = self._join(gave, took, number)
            self._count(root, number, echoes=1.0)
            together = np.unique([gave, took, root])
            profiles.touch(together, tick=number, requests=(together == took).astype(np.int64))
        takers = {account: profiles.index.get(account, OVERFLOW) for _, account in echoes}
        circles = profiles["circle"][list(takers.values())]
        rows = np.unique(circles[circles > 0])
        nothing = np.zeros(len(rows), dtype=np.int64)
        tick = Tick(
            number=number,
            rows=rows,
            requests=nothing,
            tokens=nothing,
            models=np.zeros((len(rows), 1), dtype=np.int64),
            capabilities=or_none_said(None, len(rows)),
            suspect=self.suspicion.of(rows, number),
            scopes=np.zeros(len(rows), dtype=np.int8),
            population=replace(self.population, echoes=self._echoes, denials=self._denied),
        )
        circle_of = dict(zip(takers, circles.tolist(), strict=True))

        def samples_of(position: int, _: Finding) -> list[str]:
            return [echoes[pair] for pair in echoes if circle_of[pair[1]] == rows[position]]

        return self.judge(tick, samples_of)

    def _join(self, one: int, other: int, tick: int) -> int:
        """Make one circle of those of two accounts; return the row that stands for it."""
        profiles = self.profiles
        circle, size = profiles["circle"], profiles["size"]
        for row in (one, other):
            if not circle[row]:
                circle[row], size[row], profiles["begun"][row] = row, 1, tick
                profiles["echoes"][row] = profiles["denials"][row] = 0.0
                known = self.denials.of(profiles.names[row])
                self._count(row, tick, denials=float(known))
        first, second = int(circle[one]), int(circle[other])
        if first == second:
            return first
        if (size[second], -second) > (size[first], -first):
            first, second = second, first
        moved = np.flatnonzero(circle == second)
        circle[moved] = first
        profiles.mark(moved)
        for root in (first, second):
            self._count(root, tick)  # as of now
        size[first] += size[second]
        profiles["begun"][first] = min(profiles["begun"][first], profiles["begun"][second])
        for column in ("echoes", "denials"):
            profiles[column][first] += profiles[column][second]
            profiles[column][second] = 0.0
        size[second] = 0
        return first

    def _sweep(self, tick: int) -> None:
        """Let circles forget accounts that had no echo for a day."""
        circle = self.profiles["circle"]
        stale = np.flatnonzero((circle > 0) & (self.profiles["last_seen"] < tick - DAY))
        self._leave(stale)

    def _leave(self, rows: Rows) -> None:
        """Take accounts out of their circles; one that stands for a circle is the last to go."""
        profiles = self.profiles
        np.subtract.at(profiles["size"], profiles["circle"][rows], 1)
        profiles.mark(np.concatenate([rows, profiles["circle"][rows]]))
        profiles["circle"][rows] = 0

    def _make_room(self, names: int, tick: int) -> None:
        profiles = self.profiles
        if len(profiles) + names < profiles.capacity:
            return
        before = profiles.live
        circle = profiles["circle"].copy()
        profiles.evict(max(names, profiles.capacity // 16), tick=tick)
        gone = np.setdiff1d(before, profiles.live)
        headless = np.isin(circle, gone[circle[gone] == gone]) & (circle > 0)
        lost = circle[gone]
        np.subtract.at(profiles["size"], lost[(lost > 0) & ~np.isin(lost, gone)], 1)
        left = np.setdiff1d(np.flatnonzero(headless), gone)
        profiles["circle"][left] = 0
        profiles.mark(np.concatenate([left, lost[lost > 0]]))
