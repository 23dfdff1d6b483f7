"""The requests of the tick in progress, as arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.core.facts import EGRESS, PAYMENT, PREFIXES, PROMPT, TOKENS
from detectors.core.group_names import GroupNames
from detectors.core.profiles import Rows
from detectors.text.template import keys

Ints = NDArray[np.int64]


class Buffer:
    """Requests that count, and what each has to do with groups.

    A link is the account's row, the number of a group and the model's slot in one integer, so that
    equal ones are found by sorting.

    Args:
        groups: numbers for the names of groups.
    """

    def __init__(self, groups: GroupNames) -> None:
        self.groups = groups
        self.ids: list[str] = []
        self.agents: list[str | None] = []
        self.fingerprints: list[str | None] = []
        self._rows: list[Rows] = []
        self._models: list[Ints] = []
        self._tokens: list[Ints] = []
        self._capabilities: list[NDArray[np.int8]] = []
        self._links: list[Ints] = []
        self._linked: list[Ints] = []  # position of each link's request in the tick
        self._carried: list[NDArray[np.uint8]] = []

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self,
        rows: Rows,
        *,
        ids: Sequence[str],
        models: Ints,
        tokens: Ints,
        capabilities: NDArray[np.int8],
        agents: Sequence[str | None],
        fingerprints: Sequence[str | None],
        egresses: Sequence[str | None],
        payments: Sequence[str | None],
        sketches: Sequence[str | None],
        prefixes: Sequence[list[str] | None],
        failed: NDArray[np.bool_],
    ) -> None:
        """Take in requests: each one's account, model, tokens, capability, client, and groups."""
        groups = self.groups
        base = rows << 36 | models
        here = np.arange(len(self.ids), len(self.ids) + len(ids))
        carried = np.where((tokens > 0) | failed, TOKENS, 0).astype(np.uint8)
        for bit, number in (
            (EGRESS, groups.egress.numbers(egresses)),
            (PAYMENT, groups.payment.numbers(payments)),
        ):
            known = number >= 0
            carried[known] |= bit
            self._links.append((base | number << 8)[known])
            self._linked.append(here[known])
        if any(sketches):
            carried[self._add_templates(sketches, base, here)] |= PROMPT
        if any(prefixes):
            carried[[bool(hashes) for hashes in prefixes]] |= PREFIXES
        self._carried.append(carried)
        self._rows.append(rows)
        self._models.append(models)
        self._tokens.append(tokens)
        self._capabilities.append(capabilities)
        self.agents.extend(agents)
        self.fingerprints.extend(fingerprints)
        self.ids.extend(ids)

    @property
    def rows(self) -> Rows:
        """Each request's account."""
        return np.concatenate(self._rows)

    @property
    def models(self) -> Ints:
        """Each request's model slot."""
        return np.concatenate(self._models)

    @property
    def tokens(self) -> Ints:
        """Each request's tokens, in and out."""
        return np.concatenate(self._tokens)

    @property
    def capabilities(self) -> NDArray[np.int8]:
        """What each request is after, below zero where nothing tells."""
        return np.concatenate(self._capabilities)

    @property
    def carried(self) -> NDArray[np.uint8]:
        """The bits of the fields that each request carries, as `facts.FIELDS` has them."""
        return np.concatenate(self._carried)

    @property
    def links(self) -> tuple[Ints, Ints]:
        """Return the links, and the position of each one's request."""
        return np.concatenate(self._links), np.concatenate(self._linked)

    def _add_templates(self, sketches: Sequence[str | None], base: Ints, here: Ints) -> Ints:
        """Link requests to their templates, and return which have any."""
        template = self.groups.template
        numbers, positions = [], []
        for position, sketch in enumerate(sketches):
            if sketch is not None:
                for key in keys(sketch):
                    numbers.append(template[key])
                    positions.append(position)
        at = np.array(positions, dtype=np.int64)
        self._links.append(base[at] | np.array(numbers, dtype=np.int64) << 8)
        self._linked.append(here[at])
        return at
