"""How the benchmark starts Weir: the one place that knows its commands, settings and variants."""

import sys
from pathlib import Path

# What each variant enables; None leaves the choice to Weir's default, which is all.
DETECTORS: dict[str, list[str] | None] = {
    "none": [],
    "one": ["rate_surge"],
    "all": None,
}


def write_config(directory: Path, variant: str, *, false_alerts: int | None = None) -> Path:
    """Write the `weir.toml` of a variant, with a budget of false alerts a day if one is given."""
    enabled = DETECTORS[variant]
    lines = [] if enabled is None else ["[detectors]", f"enabled = {enabled}"]
    if false_alerts is not None:
        lines = ["[budget]", f"false_alerts_per_day = {false_alerts}", *lines]
    path = directory / "weir.toml"
    path.write_text("\n".join([*lines, ""]))
    return path


def worker_command() -> list[str]:
    """Start a worker; where it runs is said by `worker_environment`."""
    return [sys.executable, "-m", "stream.cli", "worker"]


def worker_environment(
    *, bootstrap: str, group: str, config: Path, metrics_port: int
) -> dict[str, str]:
    """Point a worker at the broker, as a group that has read nothing yet."""
    return {
        "WEIR_BOOTSTRAP": bootstrap,
        "WEIR_GROUP": group,
        "WEIR_CONFIG": str(config),
        "WEIR_METRICS_PORT": str(metrics_port),
    }


def replay_command(file: Path, config: Path) -> list[str]:
    """Replay a file of requests and report as one JSON object."""
    return [
        sys.executable,
        "-m",
        "stream.cli",
        "replay",
        str(file),
        "--config",
        str(config),
        "--json",
    ]
