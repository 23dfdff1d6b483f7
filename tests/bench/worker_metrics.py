"""What a running worker says of itself over Prometheus, and what the OS says of it."""

import os
import re
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_RECORDS = re.compile(
    r'^weir_records_total\{(?:[^}]*,)?outcome="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE
)


def records_by_outcome(port: int) -> dict[str, int]:
    """Read `weir_records_total`; empty while the worker does not answer yet."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            page = answer.read().decode()
    except (URLError, ConnectionError, TimeoutError):
        return {}
    records: dict[str, int] = {}
    for outcome, value in _RECORDS.findall(page):
        records[outcome] = records.get(outcome, 0) + int(float(value))
    return records


def processor_seconds(process: int) -> float | None:
    """Read the user and system time of a running process; None where the OS does not show it."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return None
    # The command's name stands in brackets and may hold spaces; utime and stime are 14 and 15.
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
