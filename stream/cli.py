"""The command line: `weir demo | worker | replay | simulate | doctor`."""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

import click

from detectors.core.errors import WeirError


class _Group(click.Group):
    """Shows Weir's own errors as one sentence, and leaves with the code of their kind."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WeirError as error:
            click.echo(f"weir: {error}", err=True)
            context.exit(2)
        except BrokenPipeError:
            sys.stderr.close()
            context.exit(141)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("weir"), prog_name="weir")
def main() -> None:
    """Weir finds coordinated extraction in the traffic of model APIs, as it happens."""


@main.command()
@click.option("--bootstrap", metavar="HOST:PORT", help="A real Kafka instead of the embedded one.")
@click.option("--seconds", type=click.FloatRange(min=1), help="End after so long, with a summary.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another world.")
def demo(bootstrap: str | None, seconds: float | None, seed: int) -> None:
    """Watch Weir find a hydra campaign that pivots to a model released while you look on."""
    from stream.demo import run

    raise SystemExit(asyncio.run(run(bootstrap=bootstrap, seconds=seconds, seed=seed)))


@main.command()
@click.option("--bootstrap", metavar="HOST:PORT", help="Overrides WEIR_BOOTSTRAP.")
@click.option("--config", type=click.Path(dir_okay=False), help="Overrides WEIR_CONFIG.")
def worker(bootstrap: str | None, config: str | None) -> None:
    """Read Kafka and raise alerts; settings come from the environment and weir.toml."""
    from stream import config as configuration
    from stream import logs, settings
    from stream.worker import run

    given = settings.read(bootstrap=bootstrap, config=config)
    loaded = configuration.load(given.config)
    logs.set_up(given.log_level)
    raise SystemExit(asyncio.run(run(given, loaded)))


if __name__ == "__main__":
    main()
