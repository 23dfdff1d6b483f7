"""Benign accounts that are banned, closed, restored, or pay with another card from some day on."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from stream.simulate.columns import Columns, Flags, Floats, Ints

_OWN_WISH: Final = 0.6  # of those who leave
_RESTORED: Final = 0.4  # of those who are banned
_APPEAL: Final = (3_600.0, 28_800.0)  # seconds until a ban is lifted
_NEW_CARD: Final = 0.003  # of the accounts, per day
_STILL_TRYING: Final = (1, 6)  # requests that are refused before an account gives up


@dataclass(frozen=True, slots=True)
class Departures:
    """When each benign account is gone, and whether it comes back; infinite for never."""

    gone: Floats
    back: Floats
    own_wish: Flags
    new_card: Floats
    tries: Ints
    refusal: Ints

    @classmethod
    def draw(
        cls, *, born: Floats, start: float, end: float, share: float, chance: np.random.Generator
    ) -> Self:
        """Draw what befalls accounts that were born then; `share` of them leave in a day."""
        count, days = len(born), (end - start) / 86_400
        opened = np.maximum(born + 120.0, start)
        at = opened + chance.random(count) * np.maximum(end - opened, 1.0)
        leaves = chance.random(count) < min(1.0, share * days)
        own_wish = chance.random(count) < _OWN_WISH
        back = at + chance.uniform(*_APPEAL, size=count)
        restored = leaves & ~own_wish & (chance.random(count) < _RESTORED)
        renewed = opened + chance.random(count) * np.maximum(end - opened, 1.0)
        changes = chance.random(count) < min(1.0, _NEW_CARD * days)
        return cls(
            gone=np.where(leaves, np.round(at, 3), np.inf),
            back=np.where(restored, np.round(back, 3), np.inf),
            own_wish=own_wish,
            new_card=np.where(changes, np.round(renewed, 3), np.inf),
            tries=chance.integers(*_STILL_TRYING, size=count),
            refusal=np.where(own_wish | (chance.random(count) < 0.3), 401, 403),
        )

    def sent(self, requests: Columns) -> Flags:
        """Refuse what accounts send that are gone, and return what they send at all.

        Takes from `tries`: must see every request once, in some order of time.
        """
        actor, at = requests["actor"], requests["ts"]
        sent = np.ones(len(requests), dtype=np.bool_)
        late = (at >= self.gone[actor]) & (at < self.back[actor])
        for place in np.flatnonzero(late)[np.argsort(at[late], kind="stable")].tolist():
            who = int(actor[place])
            sent[place] = self.tries[who] > 0
            self.tries[who] -= 1
            requests["status"][place] = self.refusal[who]
            requests["output_tokens"][place] = 0
        requests["purse"] = at >= self.new_card[actor]
        return sent
