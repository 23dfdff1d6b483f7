"""The command `weir replay`."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

import click
import msgspec
import orjson

from detectors.core.errors import WeirError
from detectors.core.records import Alert
from stream.reading import bar, reading_options

EXIT_BROKEN_PIPE = 141


class _Stdout:
    """The standard output as a file; a reader that went away ends the program."""

    name = "standard output"

    def write(self, lines: bytes) -> int:
        """Write whole lines."""
        try:
            self.put(lines)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(EXIT_BROKEN_PIPE) from None
        return len(lines)

    def flush(self) -> None:
        """Nothing is held back."""

    def put(self, lines: bytes) -> None:
        """Write them as they are."""
        click.echo(lines, nl=False)


class _Sentences(_Stdout):
    """Prints the sentence of each alert, for people."""

    def put(self, lines: bytes) -> None:
        """Print a line an alert."""
        for alert in msgspec.json.Decoder(Alert).decode_lines(lines):
            click.echo(f"{alert.severity:8}  {alert.detector}: {alert.summary}")


@click.command()
@reading_options
@click.option("--alerts", metavar="FILE", help="Write alerts as JSON lines; - is stdout.")
@click.option("--dead-letters", metavar="FILE", help="Write what could not be read, and why.")
@click.option("--verdicts", metavar="FILE", help="Learn these verdicts before the first request.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of figures.")
def replay(
    files: tuple[str, ...],
    form: str,
    config: str | None,
    alerts: str | None,
    dead_letters: str | None,
    verdicts: str | None,
    partitions: int,
    as_json: bool,
) -> None:
    """Read files in the order given, and raise the alerts that a worker would raise.

    A file may be packed with gzip; - is the standard input. Ends with 0 when all was read (alerts
    or not), 2 when a file or a setting is wrong or a file breaks off, 130 on Ctrl-C, and 141 when
    nobody reads its output any more.
    """
    from stream import config as configuration
    from stream import settings
    from stream.replay import ReplayError
    from stream.replay import replay as run

    if as_json and "-" in (alerts, dead_letters):
        raise WeirError("--json has the standard output to itself: name files for the others")
    if verdicts == "-" and "-" in files:
        raise WeirError("requests and verdicts cannot both be the standard input: name a file")
    given = settings.read(config=config)
    loaded = configuration.load(given.config)
    with ExitStack() as opened:
        to_alerts = opened.enter_context(_output(alerts)) if alerts else None
        to_dead_letters = opened.enter_context(_output(dead_letters)) if dead_letters else None
        if to_alerts is None and not as_json:
            to_alerts = cast(BinaryIO, _Sentences())
        with bar(shown=sys.stderr.isatty()) as progress:
            try:
                summary = run(
                    files,
                    format=form,
                    config=loaded,
                    alerts=to_alerts,
                    dead_letters=to_dead_letters,
                    verdicts=verdicts,
                    partitions=partitions,
                    seed=given.hash_seed,
                    progress=progress,
                )
                fault = None
            except ReplayError as error:
                summary, fault = error.summary, error
    if as_json:
        click.echo(orjson.dumps(summary.figures()))
    else:
        click.echo(f"weir: {summary}.", err=True)
    if fault is not None:
        raise fault
    raise SystemExit(130 if summary.interrupted else 0)


@contextmanager
def _output(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield cast(BinaryIO, _Stdout())
        return
    try:
        file = open(name, "wb")  # noqa: SIM115
    except OSError as error:
        raise WeirError(f"{name} cannot be written ({error.strerror}): name another file") from None
    with file:
        yield file
