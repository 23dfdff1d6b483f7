"""The command `weir doctor`."""

import logging
import os

import click
import orjson

from detectors.core.errors import ConfigError
from stream.doctor import clock, configuration, connection, group, permissions, topics
from stream.doctor.cluster import Cluster
from stream.doctor.configuration import Told
from stream.doctor.finding import Finding, fail

_COLORS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command()
@click.option("--bootstrap", metavar="HOST:PORT", help="Overrides WEIR_BOOTSTRAP.")
@click.option("--config", type=click.Path(dir_okay=False), help="Overrides WEIR_CONFIG.")
@click.option(
    "--create-topics",
    is_flag=True,
    help="Create the topics that are missing, and one for a moment to read the broker's clock.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(bootstrap: str | None, config: str | None, create_topics: bool, as_json: bool) -> None:
    """Look at configuration, broker, topics, permissions and clock, and say what to do.

    Ends with 0 when nothing fails, and with 1 when something does; warnings do not count.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the findings say it better
    told = configuration.examine(os.environ, bootstrap=bootstrap, config=config)
    findings = [*told.findings, *_around(told, create_topics=create_topics)]
    healthy = all(finding.status != "FAIL" for finding in findings)
    if as_json:
        click.echo(orjson.dumps({"healthy": healthy, "findings": findings}))
    else:
        for finding in findings:
            status = click.style(f"{finding.status:4}", fg=_COLORS[finding.status])
            click.echo(f"{status}  {finding.check}: {finding.sentence}")
    raise SystemExit(0 if healthy else 1)


def _around(told: Told, *, create_topics: bool) -> list[Finding]:
    """Return what was found beyond the configuration, as far as it can be reached."""
    if told.settings is None:
        return []
    try:
        cluster = Cluster(told.settings)
    except ConfigError as error:
        return [fail("broker", f"{error}.")]
    found = connection.examine(cluster)
    if any(finding.status == "FAIL" for finding in found):
        return found
    if create_topics:
        found.append(topics.create(cluster))
    found += [*topics.examine(cluster), *permissions.examine(cluster)]
    if create_topics:
        found.append(clock.examine_broker(cluster))
    if told.config is not None and not cluster.embedded:
        found.append(clock.examine_requests(cluster, told.config))
    found.append(group.examine(cluster))
    return found
