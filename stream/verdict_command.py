"""The command `weir verdict`: what an analyst says of an alert, to every worker."""

import re
import time
from typing import Any, get_args

import click

from detectors.core.errors import ConfigError, WeirError
from detectors.core.records import Aim

#: What can be said, as the contract has it.
SAID = ("true_positive", "false_positive", "benign_known", "undecided")
#: Seconds that a broker gets to take the verdict.
ATTEMPT = 10.0
_ALERT = re.compile(r"[0-9a-f]{32}")


@click.command()
@click.argument("alert")
@click.argument("said", type=click.Choice(SAID), metavar="[true_positive|false_positive|…]")
@click.option("--prompts", metavar="FILE", help="Requests it was about, from your own log.")
@click.option("--capability", type=click.Choice(get_args(Aim)), help="What they were after.")
@click.option("--by", metavar="NAME", help="Who says so.")
@click.option("--note", metavar="TEXT", help="Why.")
@click.option("--to", "file", metavar="FILE", help="Add a line to a file; - is stdout.")
@click.option("--bootstrap", metavar="HOST:PORT", help="Send to Kafka; see WEIR_BOOTSTRAP.")
def verdict(
    alert: str,
    said: str,
    prompts: str | None,
    capability: str | None,
    by: str | None,
    note: str | None,
    file: str | None,
    bootstrap: str | None,
) -> None:
    """Say of an alert, by its id: true_positive, false_positive, benign_known or undecided.

    With --prompts, all workers learn from it: a true positive teaches its --capability, a false
    or a known one that such prompts are ordinary. The file holds request records, JSON lines with
    prompt, system_prompt, tools and account, plain or packed with gzip; - is the standard input.
    It is read here and goes nowhere: what is sent are numbers of hashed words that at least three
    of the prompts have.
    """
    from detectors.core.records import Verdict
    from stream.codec import encode_verdict

    if (file is None) == (bootstrap is None):
        raise ConfigError("say where the verdict goes: either --to FILE or --bootstrap HOST:PORT")
    if not _ALERT.fullmatch(alert):
        raise WeirError(f"{alert!r} is no id of an alert: it has 32 digits from 0 to f")
    if capability is not None and said != "true_positive":
        raise WeirError(f"--capability goes with true_positive: a {said} was after nothing else")
    if said == "true_positive" and prompts is not None and capability is None:
        raise WeirError("say what the prompts were after with --capability, or leave them out")
    if said == "undecided" and prompts is not None:
        raise WeirError("nothing is learned of what is undecided: leave --prompts out")
    if note is not None and len(note) > 4096:
        raise WeirError("the note is longer than 4096 characters: shorten it")
    given: dict[str, Any] = {"verdict": said, "by": by, "note": note, "capability": capability}
    if prompts is not None:
        from stream.verdict_prompts import features_of

        given["features"] = features_of(prompts)
    made = Verdict(ts=round(time.time(), 3), alert=alert, **given)
    record = encode_verdict(made)
    if file is not None:
        _add(file, record)
    else:
        _send(bootstrap or "", alert, record)
    lists = made.features or []
    numbers = len(set().union(*lists))
    taught = f"with {numbers} features of {len(lists)} prompts" if lists else "nothing to learn"
    click.echo(f"weir: {said} on {alert}, {taught}.", err=True)


def _add(file: str, record: bytes) -> None:
    if file == "-":
        click.echo(record)
        return
    try:
        with open(file, "ab") as output:
            output.write(record + b"\n")
    except OSError as error:
        raise WeirError(f"{file} cannot be written ({error.strerror}): name another file") from None


def _send(bootstrap: str, alert: str, record: bytes) -> None:
    from confluent_kafka import Producer

    from stream import librdkafka, settings
    from stream.doctor.cluster import Cluster

    given = settings.read(bootstrap=bootstrap)
    topic, cluster = given.topic("verdicts"), Cluster(given)
    there = cluster.metadata()
    if there is None:
        raise _not_taken(given.bootstrap, "it does not answer")
    if topic not in there.topics and not cluster.embedded:
        # Sending would make a topic with as many partitions as the broker likes.
        raise _not_taken(given.bootstrap, f"there is no {topic}, which a worker makes at its start")
    producer = librdkafka.client(Producer, given, {"message.timeout.ms": int(ATTEMPT * 1000)})
    faults = ["it does not acknowledge"]

    def delivered(error: Any, _: object) -> None:
        faults[:] = [] if error is None else [error.str()]

    # The one partition there is; on the embedded broker, which makes more, all take the first.
    producer.produce(topic, record, alert, 0, on_delivery=delivered)
    producer.flush(ATTEMPT + 1.0)
    if faults:
        raise _not_taken(given.bootstrap, faults[0])


def _not_taken(where: str, reason: str) -> WeirError:
    return WeirError(
        f"the broker at {where} did not take the verdict ({reason}): `weir doctor` says what to do"
    )
