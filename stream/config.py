"""weir.toml to `Config`: what Weir looks for, and within which bounds.

Every fault stops the start with a `ConfigError` of one sentence: file, key and remedy.
"""

import difflib
import hashlib
import inspect
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_type_hints

import msgspec

from detectors import CATALOG
from detectors.core.account_level import AccountLevel
from detectors.core.campaign_level import CampaignLevel
from detectors.core.detector import Detector
from detectors.core.engine import Engine, share_of, share_of_campaigns
from detectors.core.errors import ConfigError
from detectors.core.group_level import GroupLevel
from detectors.core.lateness import Lateness
from detectors.core.settings import Settings


class Bounds(NamedTuple):
    """The least and the greatest value of a setting; integers where it must be whole."""

    least: float
    greatest: float


#: The settings by table and key; the key is the field of `Config` too.
TABLES: dict[str, dict[str, Bounds]] = {
    "budget": {"false_alerts_per_day": Bounds(0.001, 100_000.0)},
    "limits": {
        "accounts": Bounds(1_000, 100_000_000),
        "groups": Bounds(1_000, 100_000_000),
        "members": Bounds(1_000, 100_000_000),
        "request_ids": Bounds(1_000, 1_000_000_000),
        "record_bytes": Bounds(1_000, 100_000_000),
    },
    "clock": {
        "max_ahead_seconds": Bounds(0.0, 31_536_000.0),
        "max_late_seconds": Bounds(1.0, 4_102_444_800.0),
    },
}

Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Config:
    """What the operator wants found; the defaults are those of `deploy/weir.toml`."""

    false_alerts_per_day: float = 1.0
    accounts: int = 1_000_000
    groups: int = 262_144
    members: int = 500_000
    request_ids: int = 262_144
    record_bytes: int = 1_048_576
    max_ahead_seconds: float = 300.0
    max_late_seconds: float = 60.0
    enabled: tuple[str, ...] = field(default_factory=lambda: tuple(_catalog()))
    options: Mapping[str, Options] = field(default_factory=dict)  # by detector

    def detectors(self) -> list[Detector]:
        """Return new detectors, as every level of every partition needs its own."""
        catalog = _catalog()
        return [catalog[name](**self.options.get(name, {})) for name in self.enabled]

    def settings(self, *, seed: int) -> Settings:
        """Return what a level of accounts is told, with the whole budget."""
        return Settings(
            alerts_per_day=self.false_alerts_per_day,
            capacity=self.accounts,
            seed=seed,
            version=self.version,
        )

    def engine(self, *, partitions: int, seed: int) -> Engine:
        """Return an engine that has seen nothing."""
        return Engine(
            partitions=partitions,
            settings=self.settings(seed=seed),
            detectors=self.detectors,
            remember=self.request_ids,
            members=self.members,
            groups=self.groups,
        )

    def account_level(self, *, partition: int, partitions: int, seed: int) -> AccountLevel:
        """Return the accounts of one partition, as an engine of so many has them."""
        return AccountLevel(
            partition=partition,
            partitions=partitions,
            settings=share_of(self.settings(seed=seed), self.detectors(), partitions),
            detectors=self.detectors(),
            remember=self.request_ids,
        )

    def group_level(self, *, partition: int, partitions: int, seed: int) -> GroupLevel:
        """Return the groups of one partition, as an engine of so many has them."""
        part = share_of(self.settings(seed=seed), self.detectors(), partitions)
        return GroupLevel(
            partition=partition,
            settings=replace(part, capacity=self.groups),
            detectors=self.detectors(),
            members=self.members,
        )

    def campaign_level(self, *, seed: int) -> CampaignLevel:
        """Return the campaigns, as an engine has them."""
        return CampaignLevel(settings=share_of_campaigns(self.settings(seed=seed)))

    def lateness(self, *, seed: int) -> Lateness:
        """Return what decides when a worker is too far behind."""
        return Lateness(most=self.max_late_seconds, seed=seed, version=self.version)

    @property
    def version(self) -> str:
        """The program's version, and eight digits that change with any setting in effect."""
        effect = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "options"}
        effect["options"] = {
            name: _defaults(_catalog()[name]) | dict(self.options.get(name, {}))
            for name in self.enabled
        }
        digest = hashlib.sha256(msgspec.json.encode(effect, order="deterministic")).hexdigest()
        return f"weir {_package_version()}+{digest[:8]}"


def load(path: str | Path | None) -> Config:
    """Read weir.toml; without a path, return the defaults.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of range.
    """
    if path is None:
        return Config()
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): name a file that can, or none at all."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8: save it as UTF-8 text.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {error}: correct it there.") from None
    return _Reader(path).config(content)


class _Reader:
    """Turns the tables of one file into a `Config`, or names the fault."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def config(self, content: dict[str, Any]) -> Config:
        self._known(content, [*TABLES, "detectors"], "the file")
        found: dict[str, Any] = {}
        for table, bounds in TABLES.items():
            values = self._table(content, table)
            self._known(values, bounds, f"[{table}]")
            for key, value in values.items():
                found[key] = self._number(f"{table}.{key}", value, bounds[key])
        tables = dict(self._table(content, "detectors"))
        if "enabled" in tables:
            found["enabled"] = self._enabled(tables.pop("enabled"))
        self._known(tables, ["enabled", *_catalog()], "[detectors]")
        found["options"] = {name: self._options(name, tables[name]) for name in tables}
        return Config(**found)

    def _table(self, content: dict[str, Any], name: str) -> dict[str, Any]:
        table = content.get(name, {})
        if not isinstance(table, dict):
            self._refuse(name, f"is {_shown(table)}, but must be a table: write [{name}]")
        return table

    def _number(self, key: str, value: object, bounds: Bounds) -> float:
        whole = isinstance(bounds.least, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            self._refuse(key, f"is {_shown(value)}, but must be a {'whole ' * whole}number")
        if not bounds.least <= value <= bounds.greatest:
            low, high = bounds
            self._refuse(key, f"is {_shown(value)}, but must be from {low:,} to {high:,}")
        return value if whole else float(value)

    def _enabled(self, names: object) -> tuple[str, ...]:
        key, catalog = "detectors.enabled", _catalog()
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._refuse(key, 'must be a list of names: write enabled = ["rate_surge"]')
        for name in names:
            if name not in catalog:
                self._refuse(
                    key, f"names an unknown detector {_shown(name)}{_nearest(name, catalog)}"
                )
            if names.count(name) > 1:
                self._refuse(key, f"names {_shown(name)} twice: name it once")
        return tuple(name for name in catalog if name in names)

    def _options(self, name: str, values: object) -> Options:
        table, detector = f"detectors.{name}", _catalog()[name]
        if not isinstance(values, dict):
            self._refuse(table, f"is {_shown(values)}, but must be a table: write [{table}]")
        known = get_type_hints(detector.__init__, include_extras=True)
        self._known(values, _defaults(detector), f"[{table}]")
        options = {}
        for key, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                self._refuse(f"{table}.{key}", f"is {value}, but must be a finite number")
            try:
                options[key] = msgspec.convert(value, known[key])
                detector(**{key: options[key]})
            except (TypeError, ValueError, ConfigError) as error:
                self._refuse(f"{table}.{key}", f"is {_shown(value)}: {error}")
        try:
            detector(**options)
        except (TypeError, ValueError, ConfigError) as error:
            self._refuse(table, f"holds settings that do not go together: {error}")
        return options

    def _known(self, values: Iterable[str], known: Iterable[str], place: str) -> None:
        for key in values:
            if key not in known:
                self._refuse(_shown(key), f"is unknown in {place}{_nearest(key, known)}")

    def _refuse(self, key: str, fault: str) -> NoReturn:
        raise ConfigError(f"{self.path}: {key} {fault}{'' if fault.endswith('?') else '.'}")


def _catalog() -> dict[str, type[Detector]]:
    return {detector.name: detector for detector in CATALOG}


def _defaults(detector: type[Detector]) -> dict[str, Any]:
    parameters = inspect.signature(detector).parameters
    return {name: parameter.default for name, parameter in parameters.items()}


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f": did you mean {_shown(near[0])}?"
    return f": known are {', '.join(known)}" if known else ": it has no settings"


def _shown(value: object) -> str:
    text = "a table" if isinstance(value, dict) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _package_version() -> str:
    try:
        return version("weir")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"
