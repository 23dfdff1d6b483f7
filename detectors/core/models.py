"""Names of models as slots of a column."""

from detectors.core.detector import pack, unpack
from detectors.sketches.mixture import SLOTS

#: Requests by which a model without a slot must lead the least used one to take its place.
LEAD = 100
#: Names without a slot that are counted at the same time.
CANDIDATES = 256
#: Seconds in which use fades by half: a model released an hour ago must not be held against what
#: others were asked for all day.
HALF_LIFE = 3600.0


class Models(dict[str, int]):
    """Gives the models in use a slot each; the rest share slot 0.

    The first names get the free slots; later ones replace the least used when they have been
    asked for more often, so that somebody who invents names takes no slot from a model in use:
    a name's count is only what it has surely been asked for.

    References:
        Metwally et al. (2005), Efficient computation of frequent and top-k elements in data
        streams (Space-Saving, which counts the names without a slot).

    >>> models = Models()
    >>> models["opus-5"], models["haiku-5"], models["opus-5"]
    (1, 2, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self.names = ["(other)"]
        self._uses = [0.0] * SLOTS
        self._candidates: dict[str, float] = {}
        self._inherited: dict[str, float] = {}  # of a candidate's count, what others asked for

    def __missing__(self, name: str) -> int:
        return self.slot(name, requests=1.0)

    def slot(self, name: str, *, requests: float) -> int:
        """Return a model's slot; one without is a candidate, whose requests count."""
        if name in self:
            return self[name]
        if len(self.names) < SLOTS:
            self.names.append(name)
            self[name] = len(self.names) - 1
            return self[name]
        count = self._candidates.get(name)
        if count is None:
            count = 0.0
            if len(self._candidates) >= CANDIDATES:
                rarest = min(self._candidates, key=self._candidates.__getitem__)
                count = self._candidates.pop(rarest)
                del self._inherited[rarest]
            self._inherited[name] = count
        self._candidates[name] = count + requests
        return 0

    def use(self, counts: list[int], tick_seconds: float) -> int | None:
        """Count a tick's requests by slot; return a slot that now means another model, if any."""
        fading = 0.5 ** (tick_seconds / HALF_LIFE)
        for slot, count in enumerate(counts):
            self._uses[slot] = self._uses[slot] * fading + count
        if not self._candidates:
            return None
        for name in self._candidates:
            self._candidates[name] *= fading
            self._inherited[name] *= fading
        best = max(self._candidates, key=lambda name: (self._surely(name), name))
        least = min(range(1, SLOTS), key=lambda slot: (self._uses[slot], slot))
        if self._surely(best) < self._uses[least] + LEAD:
            return None
        del self[self.names[least]]
        self.names[least] = best
        self[best] = least
        self._uses[least] = self._surely(best)
        del self._candidates[best], self._inherited[best]
        return least

    def snapshot(self) -> bytes:
        """Return the names and their use."""
        return pack(
            {
                "names": self.names,
                "uses": self._uses,
                "candidates": self._candidates,
                "inherited": self._inherited,
            }
        )

    def restore(self, state: bytes) -> None:
        """Take back a `snapshot`."""
        kept = unpack(state)
        self.names, self._uses = kept["names"], kept["uses"]
        self._candidates, self._inherited = kept["candidates"], kept["inherited"]
        self.clear()
        self.update({name: slot for slot, name in enumerate(self.names) if slot})

    def _surely(self, name: str) -> float:
        return self._candidates[name] - self._inherited[name]
