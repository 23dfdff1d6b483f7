"""The files of a run: results as JSON, tables as Markdown, plots as PNG, and the page."""

import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from detectors.core.errors import ConfigError
from stream.bench.public import processor, versions
from stream.bench.worlds.life import Life
from stream.bench.worlds.page import page
from stream.bench.worlds.pooled import Pooled
from stream.bench.worlds.report import contenders
from stream.bench.worlds.run import Outcome
from stream.bench.worlds.table import Table, duration, figure, percent
from stream.config import Config

_TEXTS = {
    "tradeoff": "Contenders: campaign accounts found against benign accounts named",
    "attackers": "Contenders by the attackers' share of the active accounts",
    "times": "Time to the first alert and to the pivot alert, by world; hollow: never",
    "difficulty": "Quality as each parameter gets harder, all others equal",
    "life": "One campaign's life",
}


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What `results.json` holds."""

    made: dict[str, str]
    outcomes: list[Outcome]
    life: Life | None = None


def made_by(seconds: float | None = None) -> dict[str, str]:
    """Say how a run was made: command, version, machine."""
    told = {
        "command": shlex.join(["weir", *sys.argv[1:]]),
        "version": Config().version,
        "configuration": "the default one, "
        f"{Config().false_alerts_per_day:g} false alerts a day as the budget",
        "machine": f"{processor()}, {os.cpu_count()} cores; {platform.system()}; "
        f"Python {platform.python_version()}; {versions('numpy', 'river', 'scipy')}",
        "fitted on these worlds": "nothing",
    }
    return told if seconds is None else told | {"took": duration(seconds)}


def directory(name: str) -> Path:
    """Make the directory to write to.

    Raises:
        ConfigError: it cannot be made or written.
    """
    path = Path(name)
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / "results.json"
        known = probe.exists()
        probe.open("ab").close()
        if not known:  # or who breaks off finds results without any
            probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"{name} cannot be written ({error.strerror}): name another directory with --out"
        ) from None
    return path


def write(
    path: Path, results: Results, *, tables: Sequence[Table], plots: Mapping[str, bytes]
) -> list[Path]:
    """Write everything there is, and return the files."""
    files = {
        "results.json": msgspec.json.format(msgspec.json.encode(results), indent=1),
        "tables.md": _markdown(tables, results.made).encode(),
        **{f"{name}.png": image for name, image in plots.items()},
    }
    if plots:
        files["index.html"] = _page(results, tables, plots).encode()
    for name, content in files.items():
        (path / name).write_bytes(content)
    return [path / name for name in files]


def _markdown(tables: Sequence[Table], made: Mapping[str, str]) -> str:
    said = "; ".join(f"{name}: {value}" for name, value in made.items())
    return "\n\n".join([*(table.markdown() for table in tables), said]) + "\n"


def _page(results: Results, tables: Sequence[Table], plots: Mapping[str, bytes]) -> str:
    images = {name: (_TEXTS[name], image) for name, image in plots.items()}
    quiet = [table for table in tables if "aunch day" in table.title]
    shared = [table for table in tables if "attackers' share" in table.title]
    evaded = [table for table in tables if table.title.endswith("by evasion")]
    loud = [table for table in tables if table not in (*quiet, *shared, *evaded)]
    return page(
        cards=_cards(results.outcomes),
        sections=[
            (
                "Campaigns among benign accounts",
                "Every world is made of one campaign in a benign population of people, offices, "
                "products, agents, nightly batches, evaluators, resellers and VPN users. In each, "
                "a model is released on the way.",
                [*_some(images, "tradeoff"), *loud],
            ),
            (
                "Attackers among the active accounts",
                f"{_TEXTS['attackers']}: campaign accounts found against benign accounts named.",
                [*_some(images, "attackers"), *shared],
            ),
            (
                "As worlds get harder",
                f"{_TEXTS['difficulty']}.",
                [*_some(images, "difficulty"), *evaded],
            ),
            ("Time to tell", f"{_TEXTS['times']}.", _some(images, "times")),
            ("A launch day without any campaign", "Who was flagged, and why.", quiet),
            (
                "One campaign's life",
                "From its first request over bans to heirs, in a world of its own"
                + (f": {results.life.cell.name}." if results.life else "."),
                _some(images, "life"),
            ),
        ],
        made=results.made,
    )


def _some(images: Mapping[str, tuple[str, bytes]], name: str) -> list[Table | tuple[str, bytes]]:
    return [images[name]] if name in images else []


def _cards(outcomes: Sequence[Outcome]) -> dict[str, str]:
    own = [o for o in outcomes if o.contender == contenders(outcomes)[0]]
    attacked = Pooled([o for o in own if o.cell.campaign is not None and not o.cell.evasion])
    quiet = Pooled([outcome for outcome in own if outcome.cell.campaign is None])
    cards = {"requests replayed": figure(sum(outcome.requests for outcome in own))}
    if attacked.outcomes:
        cards |= {
            "of the campaigns' accounts found": percent(attacked.recall),
            "of benign accounts named": percent(attacked.false_positive_rate, digits=2),
            "to the first alert (median)": duration(attacked.median("first_alert")),
            "to the pivot alert (median)": duration(attacked.median("pivot_alert")),
        }
    if quiet.outcomes:
        cards["wrong alerts a launch day"] = figure(quiet.wrong_a_day)
    return cards
