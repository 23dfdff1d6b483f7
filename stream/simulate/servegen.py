"""Real clients of a model API, as ServeGen's files tell of them.

References:
    Xiang et al., ServeGen: Workload Characterization and Generation of Large Language Model
    Serving in Production, 2025.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import numpy as np

from detectors.core.errors import ConfigError
from stream.simulate.columns import Flags, Floats, Ints

WINDOW: Final = 600.0  # seconds
WINDOWS: Final = 2_016  # of two weeks
TOKEN_WINDOWS: Final = 56
SPAN: Final = WINDOW * WINDOWS
_DAY: Final = 144  # windows
_LEAST_SHAPE: Final = 0.05  # below which all arrivals of a week fall into one moment
_FIELDS: Final = ("input_tokens", "output_tokens")
#: What a token count's chance is below at each of the values told, the least of them estimated.
CHANCES: Final = np.array([0.0, 0.1, 0.5, 0.9, 0.99, 1.0])
_TRACE, _TOKENS = "_trace.csv.gz", "_token_quantiles.csv.gz"


@dataclass(frozen=True, slots=True)
class Clients:
    """Two weeks of some clients, a row each; what lasted a day is repeated.

    Args:
        rate: requests per second in each window.
        shape: of the gaps between arrivals in each window.
        weibull: whether those are Weibull's and not Gamma's.
        first: the window of a client's first request; 0 where it may have been there before.
        tokens: logarithms of the lengths at `CHANCES`, by six hours and field; not a number where
            nothing is told.
    """

    rate: Floats
    shape: Floats
    weibull: Flags
    first: Ints
    tokens: Floats

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """Put the clients of several models together."""
        each = list(parts)
        return cls(*(np.concatenate([getattr(part, name) for part in each]) for name in _COLUMNS))


_COLUMNS: Final = ("rate", "shape", "weibull", "first", "tokens")


@lru_cache(maxsize=2)
def read(directory: str) -> Clients:
    """Read all clients of a directory of ServeGen files."""
    place = Path(directory)
    traces = sorted(place.glob(f"*{_TRACE}"))
    if not traces:
        raise ConfigError(
            f"--background servegen:{directory} holds no *{_TRACE}: name the directory with "
            f"ServeGen's <model>{_TRACE} and <model>{_TOKENS}"
        )
    return Clients.join([_model(trace) for trace in traces])


def _model(trace: Path) -> Clients:
    tokens = trace.with_name(trace.name.removesuffix(_TRACE) + _TOKENS)
    rows = [
        (_number(row["client"], trace), int(_number(row["ts_s"], trace) // WINDOW), row)
        for row in _rows(trace, ("client", "ts_s", "rate_rps", "pattern", "arg1"))
        if _number(row["rate_rps"], trace) > 0
    ]
    if not rows:
        raise ConfigError(f"{trace} has no window in which anybody asked anything")
    names = {name: place for place, name in enumerate(sorted({name for name, _, _ in rows}))}
    rate = np.zeros((len(names), WINDOWS))
    shape, weibull = np.ones_like(rate), np.zeros(rate.shape, dtype=np.bool_)
    for name, window, row in rows:
        if not 0 <= window < WINDOWS:
            raise ConfigError(f"{trace} has a window beyond two weeks (ts_s {row['ts_s']})")
        at = names[name], window
        rate[at] = _number(row["rate_rps"], trace)
        shape[at] = max(_number(row["arg1"], trace), _LEAST_SHAPE)
        weibull[at] = row["pattern"] == "Weibull"
    first = np.argmax(rate > 0, axis=1)
    last = max(window for _, window, _ in rows)
    if last < _DAY:
        rate, shape = _repeated(rate), _repeated(shape)
        weibull = np.tile(weibull[:, :_DAY], (1, WINDOWS // _DAY))
        first = np.zeros_like(first)
    else:
        _mend(rate, until=last)
    return Clients(rate, shape, weibull, first, _lengths(tokens, names, days=last // _DAY + 1))


def _lengths(tokens: Path, names: dict[float, int], *, days: int) -> Floats:
    told = np.full((len(names), TOKEN_WINDOWS, len(_FIELDS), len(CHANCES)), np.nan)
    columns = ("client", "ts_s", "field", "p10", "p50", "p90", "p99", "max")
    for row in _rows(tokens, columns):
        place = names.get(_number(row["client"], tokens))
        if place is None or row["field"] not in _FIELDS:
            continue
        window = int(_number(row["ts_s"], tokens) // (SPAN / TOKEN_WINDOWS)) % TOKEN_WINDOWS
        values = np.maximum([_number(row[name], tokens) for name in columns[3:]], 1.0)
        values = np.log(np.maximum.accumulate(values))
        # Below the lowest tenth, as far again as that lies below the middle.
        least = max(0.0, 2 * values[0] - values[1])
        told[place, window, _FIELDS.index(row["field"])] = [least, *values]
    if days == 1:
        told = np.tile(told[:, :4], (1, TOKEN_WINDOWS // 4, 1, 1))
    return _carried(told)


def _carried(told: Floats) -> Floats:
    """Let a window of which nothing is told be as the one before, or else as the next that is."""
    for _ in range(2):
        for window in range(1, told.shape[1]):
            missing = np.isnan(told[:, window])
            told[:, window][missing] = told[:, window - 1][missing]
        told = told[:, ::-1]
    return told


def _mend(rate: Floats, *, until: int) -> None:
    """Fill windows in which no client at all was seen: the collection failed, not the clients."""
    blind = np.flatnonzero(~(rate > 0).any(axis=0))
    seen = np.flatnonzero((rate > 0).any(axis=0))
    for window in blind[blind < until].tolist():
        after = int(np.searchsorted(seen, window))
        sides = rate[:, seen[max(after - 1, 0)]] + rate[:, seen[min(after, len(seen) - 1)]]
        rate[:, window] = sides / 2


def _repeated(columns: Floats) -> Floats:
    return np.tile(columns[:, :_DAY], (1, WINDOWS // _DAY))


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with gzip.open(file, "rt", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise ConfigError(f"{file} has no column {min(missing)}")
            yield from reader
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is no gzip file, or is cut short"
        raise ConfigError(f"{file} cannot be read ({reason})") from None


def _number(text: str | None, file: Path) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{file} holds {text!r} where a number must be")
    return value
