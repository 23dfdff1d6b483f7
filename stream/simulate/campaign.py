"""One campaign of a world: its shape with the world's own settings in it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from stream.simulate.bounds import check
from stream.simulate.campaigns import CAPABILITIES, SHAPES, Shape

MOST_CAMPAIGNS: Final = 16
_INNER: Final = "clients"  # the first field of a shape that is not the operator's to set
_FIELDS: Final = [field.name for field in fields(Shape)]
_SETTABLE: Final = tuple(_FIELDS[: _FIELDS.index(_INNER)])
#: Settings of a campaign as a world names them: two of them would else be mistaken for its own.
SETTINGS: Final = {
    {"accounts": "campaign_accounts", "at": "campaign_at"}.get(name, name): name
    for name in _SETTABLE
}
_TRUE: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign: which of its world it is, what it is called, and how it behaves.

    >>> given = Campaign.read("minimax:proxies=3,mixing=0.5", number=0, settings={"mixing": 0.1})
    >>> given.name, given.shape.proxies, given.shape.mixing
    ('minimax', 3, 0.5)

    Args:
        number: counts the campaigns of a world from 0.
        shape_name: a key of `SHAPES`.
    """

    number: int
    shape_name: str
    shape: Shape

    @classmethod
    def read(cls, text: str, *, number: int, settings: Mapping[str, Any]) -> Self:
        """Read `SHAPE` or `SHAPE:setting=value,…`.

        Its own settings go before `settings`, the world's, and those before the shape's.
        """
        name, _, own = text.partition(":")
        if name not in SHAPES:
            raise ValueError(f"campaign must be one of {', '.join(SHAPES)}, not {name!r}.")
        shape = SHAPES[name]
        for given in ({SETTINGS[key]: value for key, value in settings.items()}, _parsed(own)):
            if {"proxies", "accounts_per_proxy"} <= given.keys():
                raise ValueError("proxies must not be given together with accounts_per_proxy.")
            if "proxies" in given:
                given["accounts_per_proxy"] = None
            shape = replace(shape, **given)
        if shape.accounts_per_proxy is not None:
            passages = shape.accounts * shape.egresses_per_account
            proxies = max(1, math.ceil(passages / shape.accounts_per_proxy))
            shape = replace(shape, proxies=min(proxies, 100_000))
        return cls(number=number, shape_name=name, shape=shape)

    @property
    def name(self) -> str:
        """What the labels call it; the second campaign of a world is number 2, and so on."""
        return f"{self.shape_name}-{self.number + 1}" if self.number else self.shape_name

    def settings(self) -> dict[str, Any]:
        """Return what the operator may set, as it is set."""
        return {name: getattr(self.shape, name) for name in _SETTABLE}

    def capability(self, template: int) -> int:
        """Return what a template is after, as an index of `CAPABILITIES`."""
        wanted = self.shape.capabilities.split("+")
        return CAPABILITIES.index(wanted[template * len(wanted) // self.shape.templates])


def _parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        name = key.strip().replace("-", "_")
        name = SETTINGS.get(name, name)
        if name not in _SETTABLE or not equals:
            raise ValueError(f"campaign must have settings like mixing=0.5, not {part!r}.")
        found[name] = _typed(name, value.strip())
        bound = {"accounts": "campaign_accounts", "at": "campaign_at"}.get(name, name)
        check(bound, found[name], shown=f"campaign {name}")
    return found


def _typed(name: str, value: str) -> Any:
    kind = type(getattr(SHAPES["minimax"], name))
    if kind is str:
        return value
    try:
        if kind is bool:
            return _TRUE[value.lower()]
        return int(value) if kind is int else float(value)
    except (KeyError, ValueError):
        raise ValueError(f"campaign {name} must be a number, not {value!r}.") from None
