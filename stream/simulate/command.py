"""`weir simulate`: a labelled world into a file or into Kafka."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import click
import orjson

from detectors.core.errors import ConfigError, InvalidEventError
from detectors.core.records import event_time
from stream.simulate.options import SETTINGS, world_options
from stream.simulate.world import World


@click.command()
@click.option("--to", "file", metavar="FILE", help="Write JSON lines; .gz is packed, - is stdout.")
@click.option("--bootstrap", metavar="HOST:PORT", help="Send to Kafka; see WEIR_BOOTSTRAP.")
@click.option("--realtime", is_flag=True, help="Let event time keep step with the clock.")
@click.option("--speed", type=float, help="Seconds of event time in a second, with --realtime.")
@click.option("--labels", "labels_file", metavar="FILE", help="Write what is true of the world.")
@world_options
def simulate(
    file: str | None,
    bootstrap: str | None,
    realtime: bool,
    speed: float | None,
    labels_file: str | None,
    **settings: Any,
) -> None:
    """Make labelled traffic of a model API: a benign population, and campaigns in it.

    Equal settings give equal bytes. Ends with 0 when the world is at its end, 2 when a setting or
    a file is wrong, 130 on Ctrl-C, and 141 when nobody reads its output any more.
    """
    from stream.simulate import labels, records
    from stream.simulate.pace import Pace

    if (file is None) == (bootstrap is None):
        raise ConfigError("say where the records go: either --to FILE or --bootstrap HOST:PORT")
    if speed is not None and (not realtime or not 0 < speed <= 1e6):
        raise ConfigError("--speed goes with --realtime, and must be more than 0")
    started = click.get_current_context().get_parameter_source("start")
    if realtime and started is not click.core.ParameterSource.DEFAULT:
        raise ConfigError("--start and --realtime exclude each other: real time starts now")
    pace = Pace(speed=speed or 1.0)
    world = _world(settings, start=pace.start if realtime else None)
    if labels_file is not None:
        from stream.simulate.output import Output

        with Output(labels_file) as output:
            output.write(orjson.dumps(labels(world), option=orjson.OPT_INDENT_2))
    keep = partial(pace.keep, start=world.start) if realtime else None
    lines = records(world)
    code = _write(file, lines, keep) if file else _send(bootstrap or "", lines, keep)
    raise SystemExit(code)


def _world(settings: dict[str, Any], *, start: Callable[..., float] | None) -> World:
    given = dict(settings)
    campaigns = tuple(each for each in given["campaign"] if each != "none")
    given["campaign"] = campaigns or None
    try:
        given["start"] = _time(given["start"])
        if start is not None:
            given["start"] = round(start(seconds=given["hours"] * 3600), 3)
        world = World(**given)
    except ValueError as error:
        # The sentence begins with the name of the setting.
        name, _, rest = str(error).partition(" ")
        option = f"--{name.replace('_', '-')}" if name in SETTINGS else name
        raise ConfigError(f"{option} {rest.removesuffix('.')}") from None
    if world.trace is not None:
        # Before any file is opened for writing.
        from stream.simulate.servegen import read

        read(world.trace)
    return world


def _time(text: str | float) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return event_time(str(text))
    except InvalidEventError:
        raise ValueError(
            f"start must be seconds since 1970 or like 2026-01-01T00:00:00Z, not {text!r}."
        ) from None


_Keep = Callable[..., Iterator[bytes]] | None


def _write(file: str, lines: Iterator[bytes], keep: _Keep) -> int:
    from stream.simulate.output import Output

    with Output(file) as output, _signals() as signalled:
        try:
            for line in lines if keep is None else keep(lines, waiting=output.flush):
                output.write(line)
        except KeyboardInterrupt:
            _say(f"interrupted after {output.lines:,} records written to {file}")
            return signalled()
    _say(f"{output.lines:,} records written to {file}")
    return 0


def _send(bootstrap: str, lines: Iterator[bytes], keep: _Keep) -> int:
    from stream import logs, settings
    from stream.simulate.sender import Sender

    given = settings.read(bootstrap=bootstrap)
    logs.set_up(given.log_level)
    sender = Sender(given)
    with _signals() as signalled:
        try:
            sender.wait()
            for line in lines if keep is None else keep(lines, waiting=sender.poll):
                sender.send(line)
            sender.flush(seconds=3600.0)
        except KeyboardInterrupt:
            sender.flush()
            _say(f"interrupted after {sender.arrived:,} records sent to {bootstrap}")
            return signalled()
    _say(f"{sender.arrived:,} records sent to {bootstrap}")
    return 0


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Let a container's stop end as orderly as Ctrl-C; gives the exit code for either."""
    seen = [signal.SIGINT]

    def stop(number: int, _: object) -> None:
        seen[0] = signal.Signals(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield lambda: 128 + seen[0]
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(sentence: str) -> None:
    click.echo(f"weir: {sentence}.", err=True)
