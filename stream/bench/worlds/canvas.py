"""How every plot looks, and how it becomes a PNG."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from detectors.core.errors import ConfigError

INK, MUTED, GRID = "#1d2733", "#6b7683", "#e4e8ec"
GOOD, BAD, WARM = "#0b7285", "#c92a2a", "#e8890c"
#: The first is Weir's own; the baselines stay behind it.
COLOURS = ("#0b7285", "#a0669c", "#c0803a", "#7a8b3c", "#5673b0", "#b0566a", "#8a8f98", "#4f9d86")
_STYLE: Any = {
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "figure.dpi": 130,
    "svg.hashsalt": "weir",
}


def check() -> None:
    """Make sure that there is something to draw with.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        raise ConfigError(
            "plots need matplotlib, which is not installed: run pip install 'weir[plots]', "
            "or leave the plots out with --no-plots"
        ) from None


@contextmanager
def figure(*, rows: int = 1, columns: int = 1, size: tuple[float, float]) -> Iterator[Any]:
    """Give a figure and its axes, always in a grid, in the house's style."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context(_STYLE):
        made, axes = pyplot.subplots(
            rows, columns, figsize=size, squeeze=False, layout="constrained"
        )
        try:
            yield made, axes
        finally:
            pyplot.close(made)


def png(made: Any) -> bytes:
    """Return a figure's bytes, the same for the same figure."""
    file = io.BytesIO()
    made.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
