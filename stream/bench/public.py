"""Where the public data lies, on what a benchmark ran, and how its table is printed."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from detectors.core.errors import ConfigError

#: The repository, where this runs from a clone of it.
_ROOT = Path(__file__).parents[2]


def data_directory(name: str, given: str | None) -> Path:
    """Return the directory of a public data set.

    It is the one given or ``name`` in it, or ``name`` under ``WEIR_DATA``, or under ``shared/data``
    beside the repository.
    """
    if given:
        found = Path(given)
        if (found / name).is_dir():
            found /= name
    elif "WEIR_DATA" in os.environ:
        found = Path(os.environ["WEIR_DATA"]) / name
    else:
        found = _ROOT.parent / "shared" / "data" / name
    if not found.is_dir():
        raise ConfigError(f"{found} is not there: name the directory of {name} with --data")
    return found


def machine() -> str:
    """Say on what a benchmark ran."""
    return (
        f"{processor()}, {os.cpu_count()} cores; {platform.platform()}; "
        f"Python {platform.python_version()}; {versions('numpy')}"
    )


def processor() -> str:
    """Name the processor, as Linux tells it where it does."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions(*packages: str) -> str:
    """Name packages with their versions."""
    return ", ".join(f"{package} {_version(package)}" for package in packages)


def table(heads: Sequence[str], rows: Mapping[str, Sequence[float | None]], *, digits: int) -> str:
    """Lay figures out as a Markdown table, a name and its figures a line."""
    lines = [" | ".join(heads), " | ".join(["---"] + ["---:"] * (len(heads) - 1))]
    for name, figures in rows.items():
        shown = ["" if figure is None else f"{figure:.{digits}f}" for figure in figures]
        lines.append(" | ".join([name, *shown]))
    return "\n".join(f"| {line} |" for line in lines)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
