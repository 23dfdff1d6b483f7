"""The command `weir demo`."""

import click


@click.command()
@click.option("--bootstrap", metavar="HOST:PORT", help="A real Kafka instead of the embedded one.")
@click.option("--seconds", type=click.FloatRange(min=1), help="End after so long, start included.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="A world.")
def demo(bootstrap: str | None, seconds: float | None, seed: int) -> None:
    """Watch Weir find a hydra campaign that pivots to a model released while you look on.

    Without a terminal it prints plain lines. Ends with 0 after its time or on Ctrl-C, with a
    summary; with 2 when the broker or the worker fails.
    """
    from stream.demo.show import run

    raise SystemExit(run(bootstrap=bootstrap, seconds=seconds, seed=seed))
