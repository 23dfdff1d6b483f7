"""`weir simulate`: a labelled world into a file or into Kafka."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import Any

import click
import orjson

from detectors.core.errors import ConfigError, InvalidEventError
from detectors.core.records import event_time
from stream.simulate.campaigns import SHAPES
from stream.simulate.world import World

_OF_SHAPE = "of the campaign's shape"
#: What is asked of the operator, by the field of `World`: its type, and what it is.
_SETTINGS: dict[str, tuple[Any, str]] = {
    "seed": (int, "Another world for each."),
    "accounts": (int, "Benign accounts."),
    "hours": (float, "Hours of event time."),
    "start": (str, "Event time of the first record, as a number or as 2026-01-01T00:00:00Z."),
    "intensity": (float, "Multiplies what every benign account does."),
    "churn": (float, "Share of the benign accounts that are new, per day."),
    "text": (click.Choice(["prompt", "sketch", "none"]), "What requests carry of their prompt."),
    "release_at": (float, "Seconds after the start at which a model is released; left out: none."),
    "campaign": (click.Choice([*SHAPES, "none"]), "The campaign among them."),
    "campaign_at": (float, "Seconds after the start at which it begins; 0: it has been running."),
    "campaign_accounts": (int, "Its accounts."),
    "proxies": (int, "Its egresses."),
    "requests_per_account_day": (float, "What each of its accounts does."),
    "mixing": (float, "Share of ordinary requests among its own."),
    "lockstep": (float, "Share of its tasks that start in a common wave."),
    "even_share": (float, "Share of its tasks that go to the least loaded account."),
    "ban_rate": (float, "Bans per account and day."),
    "heirs": (bool, "Whether a new account takes over from a banned one."),
    "failover": (float, "Share of refused conversations that go on under another account."),
    "jitter": (float, "Seconds over which a wave is spread."),
    "pivot_share": (float, "Share of its requests that moves to the released model."),
    "pivot_delay": (float, "Seconds from the release to its first request that moves."),
    "pivot_seconds": (float, "Seconds that the move takes."),
}
#: Not those of `World`: a world that is asked for by hand should have something to find in it.
_DEFAULTS = {"campaign": "minimax"}


def _world_options(command: Callable[..., None]) -> Callable[..., None]:
    defaults = {field.name: field.default for field in fields(World)} | _DEFAULTS
    for name, (kind, help) in reversed(_SETTINGS.items()):
        option = "--" + name.replace("_", "-")
        default = defaults[name]
        shown: bool | str = default is not None
        if default is None and name != "release_at":
            shown = _OF_SHAPE
        if kind is bool:
            option, kind = f"{option}/--no-{option[2:]}", None
        command = click.option(option, type=kind, default=default, help=help, show_default=shown)(
            command
        )
    return command


@click.command()
@click.option("--to", "file", metavar="FILE", help="Write JSON lines; .gz is packed, - is stdout.")
@click.option("--bootstrap", metavar="HOST:PORT", help="Send to Kafka; see WEIR_BOOTSTRAP.")
@click.option("--realtime", is_flag=True, help="Let event time keep step with the clock.")
@click.option("--speed", type=float, help="Seconds of event time in a second, with --realtime.")
@click.option("--labels", "labels_file", metavar="FILE", help="Write what is true of the world.")
@_world_options
def simulate(
    file: str | None,
    bootstrap: str | None,
    realtime: bool,
    speed: float | None,
    labels_file: str | None,
    **settings: Any,
) -> None:
    """Make labelled traffic of a model API: a benign population, and a campaign in it.

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
    if given["campaign"] == "none":
        given["campaign"] = None
    try:
        given["start"] = _time(given["start"])
        if start is not None:
            given["start"] = round(start(seconds=given["hours"] * 3600), 3)
        return World(**given)
    except ValueError as error:
        # The sentence begins with the name of the setting.
        name, _, rest = str(error).partition(" ")
        option = f"--{name.replace('_', '-')}" if name in _SETTINGS else name
        raise ConfigError(f"{option} {rest.removesuffix('.')}") from None


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
