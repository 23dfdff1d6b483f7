"""What the commands that read files have in common: which files, and how far they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

#: Those of `stream.formats`, which is not imported before there is something to read.
FORMATS = ("native", "azure-llm", "mooncake")

Command = TypeVar("Command", bound=Callable[..., Any])


def reading_options(command: Command) -> Command:
    """Let a command take files, their format, a configuration and a number of partitions."""
    options = [
        click.argument("files", nargs=-1, required=True, metavar="FILE..."),
        click.option(
            "--format", "form", type=click.Choice(FORMATS), default="native", show_default=True
        ),
        click.option("--config", type=click.Path(dir_okay=False), help="Overrides WEIR_CONFIG."),
        click.option(
            "--partitions",
            type=click.IntRange(1, 10_000),
            default=1,
            show_default=True,
            help="As many as the topic whose worker this replays.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


class Bar:
    """A progress bar on the standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self.shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self.shown.add_task("replaying", total=None)

    def __call__(self, read: int, total: int | None, requests: int, alerts: int) -> None:
        """Show how far it is."""
        said = f"{requests:,} requests, {alerts:,} alerts"
        self.shown.update(self._task, completed=read, total=total, description=said)


@contextmanager
def bar(*, shown: bool) -> Iterator[Bar | None]:
    """Show a bar while the block runs, or give None."""
    if not shown:
        yield None
        return
    made = Bar()
    with made.shown:
        yield made
