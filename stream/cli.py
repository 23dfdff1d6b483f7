"""The command line: `weir bench | demo | doctor | replay | simulate | tune | verdict | worker`."""

import asyncio
import importlib
import os
import sys
from typing import Any

import click

from detectors.core.errors import WeirError

#: Where each command is: it is imported when it is asked for, so that none waits for another's
#: libraries.
COMMANDS = {
    "bench": "stream.bench.command",
    "demo": "stream.demo.command",
    "doctor": "stream.doctor.command",
    "replay": "stream.replay_command",
    "simulate": "stream.simulate.command",
    "tune": "stream.tune_command",
    "verdict": "stream.verdict_command",
    "worker": "stream.cli",
}
#: Exit codes by the conventions of the shell: ended by Ctrl-C, and by a reader that went away.
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 130, 141


class _Group(click.Group):
    """Shows Weir's own errors as one sentence, and leaves with the code of their kind."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[name]), name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WeirError as error:
            click.echo(f"weir: {error}", err=True)
            context.exit(2)
        except KeyboardInterrupt:
            click.echo("weir: interrupted.", err=True)
            context.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            # What Python still wants to write at its end goes nowhere, and is not complained of.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            context.exit(EXIT_BROKEN_PIPE)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="weir", prog_name="weir")
def main() -> None:
    """Weir finds coordinated extraction in the traffic of model APIs, as it happens."""


@click.command()
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
