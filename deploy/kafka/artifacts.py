"""What a real Kafka needs on this machine: a Java to run it and its jars from Maven."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

VERSION = "4.1.0"
JAVA_VERSION = 17  # the oldest that runs Kafka 4's broker
POM = Path(__file__).with_name("pom.xml")


class BrokerUnavailableError(Exception):
    """A real Kafka cannot be had here; the message is a sentence with the remedy."""


def java() -> str:
    """Find a Java that is new enough: `JAVA_HOME`'s, else the one on the path.

    Raises:
        BrokerUnavailableError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java")
    remedy = f"install Java {JAVA_VERSION} or newer (Debian, Ubuntu: openjdk-17-jre-headless)"
    if found is None or not Path(found).exists():
        raise BrokerUnavailableError(f"a real Kafka needs Java and there is none; {remedy}")
    # An old Java prints 1.8.0, a new one 17.0.15; both on the standard error.
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < JAVA_VERSION:
        raise BrokerUnavailableError(f"{found} is too old for Kafka {VERSION}; {remedy}")
    return found


def jars() -> Path:
    """Return the directory of Kafka's jars; the first call on a machine fetches them.

    Raises:
        BrokerUnavailableError: Maven is missing, or could not fetch them.
    """
    home = os.environ.get("WEIR_KAFKA_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = Path(home) if home else cache / "weir" / f"kafka-{VERSION}"
    if not any(directory.glob("kafka_2.13-*.jar")):
        _fetch(directory)
    return directory


def _fetch(directory: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError(
            "a real Kafka's jars are fetched by Maven and there is none; install it"
            " (Debian, Ubuntu: maven), or let WEIR_KAFKA_HOME name a directory that holds them"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Fetched beside and renamed whole, so that an interrupted download is never taken for done.
    with tempfile.TemporaryDirectory(dir=directory.parent) as beside:
        output = Path(beside) / "jars"
        done = subprocess.run(
            [
                *(maven, "--quiet", "--batch-mode", "--file", str(POM)),
                *("dependency:copy-dependencies", f"-DoutputDirectory={output}"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokerUnavailableError(
                "Maven could not fetch Kafka's jars; is its repository within reach? It said:\n"
                + (done.stdout + done.stderr)[-2000:]
            )
        try:
            output.rename(directory)
        except OSError:  # another run was faster, or an empty directory's owner is in the way
            shutil.copytree(output, directory, dirs_exist_ok=True)
