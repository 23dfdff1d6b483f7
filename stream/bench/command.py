"""`weir bench`: how good the detection is, beside what others published."""

import importlib

import click

#: Where each benchmark is, imported when it is asked for; the attribute has the command's name.
BENCHMARKS: dict[str, str] = {
    "darpa": "stream.bench.darpa",
    "life": "stream.bench.worlds.command",
    "nab": "stream.bench.nab",
    "worlds": "stream.bench.worlds.command",
}


class _Benchmarks(click.Group):
    """Finds its commands in `BENCHMARKS`."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(BENCHMARKS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in BENCHMARKS:
            return None
        command = getattr(importlib.import_module(BENCHMARKS[name]), name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Benchmarks)
def bench() -> None:
    """Measure detection on public data and simulated worlds."""
