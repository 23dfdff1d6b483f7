"""Where the public data lies, and how a table of scores beside published ones is printed."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from detectors.core.errors import ConfigError

#: The repository, where this runs from a clone of it.
_ROOT = Path(__file__).parents[2]


def data_directory(name: str, given: str | None) -> Path:
    """Return the directory of a public data set.

    It is the one given, or ``name`` under ``WEIR_DATA``, or under ``shared/data`` beside the
    repository.
    """
    if given:
        found = Path(given)
    elif "WEIR_DATA" in os.environ:
        found = Path(os.environ["WEIR_DATA"]) / name
    else:
        found = _ROOT.parent / "shared" / "data" / name
    if not found.is_dir():
        raise ConfigError(f"{found} is not there: name the directory of {name} with --data")
    return found


def machine() -> str:
    """Say on what a benchmark ran."""
    numpy = version("numpy")
    return f"{platform.platform()}, Python {platform.python_version()}, numpy {numpy}"


def table(heads: Sequence[str], rows: Mapping[str, Sequence[float | None]], *, digits: int) -> str:
    """Lay figures out as a Markdown table, a name and its figures a line."""
    lines = [" | ".join(heads), " | ".join(["---"] + ["---:"] * (len(heads) - 1))]
    for name, figures in rows.items():
        shown = ["" if figure is None else f"{figure:.{digits}f}" for figure in figures]
        lines.append(" | ".join([name, *shown]))
    return "\n".join(f"| {line} |" for line in lines)
