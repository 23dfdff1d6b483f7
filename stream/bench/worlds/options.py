"""The options of `weir bench worlds` and `weir bench life`."""

import click

from detectors.core.errors import ConfigError
from stream.bench.worlds.grid import EVASIONS, check_evasion
from stream.simulate import World
from stream.simulate.options import SETTINGS
from stream.simulate.servegen import read


def _checked(_context: click.Context, _option: click.Parameter, background: str) -> str:
    """Refuse a background that cannot be drawn from before any world is simulated."""
    try:
        trace = World(background=background).trace
    except ValueError as error:
        raise ConfigError(f"--{str(error).removesuffix('.')}") from None
    if trace is not None:
        read(trace)
    return background


def _accepted(
    _context: click.Context, _option: click.Parameter, evasions: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse an evasion that no campaign can have before any world is simulated."""
    try:
        for evasion in evasions:
            check_evasion(evasion)
    except ValueError as error:
        raise ConfigError(f"--evasion {str(error).removesuffix('.')}") from None
    return evasions


MANY = click.IntRange(1, 100_000)
SHARE = click.FloatRange(0, 0.95)
OUT = click.option("--out", metavar="DIR", default="weir-worlds", show_default=True)
HOURS = click.option("--hours", type=click.FloatRange(0.1, 24 * 366), help="Of each world.")
TEXT = click.option(
    "--text",
    type=click.Choice(["prompt", "sketch", "none"]),
    default="prompt",
    show_default=True,
    help="What requests carry of their prompt.",
)
BACKGROUND = click.option(
    "--background", default="built-in", show_default=True, callback=_checked,
    help=SETTINGS["background"][1],
)  # fmt: skip
EVASION = click.option(
    "--evasion", "evasions", multiple=True, metavar="NAME=VALUE[,…]", callback=_accepted,
    help="Every world once more, with a campaign that differs from its shape in this: "
    f"{', '.join(EVASIONS)}; each as in `weir simulate`. Joined by commas they go together.",
)  # fmt: skip
PLOTS = click.option("--plots/--no-plots", default=True, help="Draw PNGs and the page.")
