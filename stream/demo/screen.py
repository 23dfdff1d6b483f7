"""What the demo shows: a live view on a terminal, plain lines elsewhere."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from detectors.core.records import Alert, Severity
from stream.demo.gauges import Gauges

#: Alerts that the live view keeps in sight.
IN_SIGHT = 8
#: Seconds between plain lines.
EVERY = 2.0
_COLORS: dict[Severity, str] = {
    "info": "cyan",
    "low": "cyan",
    "medium": "yellow",
    "high": "bright_red",
    "critical": "bold bright_red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What there is to show."""

    stage: str
    rate: float  # requests a second
    behind: int
    gauges: Gauges


class Screen(Protocol):
    """Shows a demo as it goes."""

    def note(self, sentence: str) -> None:
        """Show a sentence that stays."""

    def alert(self, alert: Alert) -> None:
        """Show an alert."""

    def moment(self, moment: Moment) -> None:
        """Show where things stand; called several times a second."""

    def close(self) -> None:
        """Leave the last view as it is."""


class Lines:
    """Plain lines, for a pipe or a log."""

    def __init__(self) -> None:
        self._shown = 0.0

    def note(self, sentence: str) -> None:
        """Print it."""
        print(f"weir: {sentence}", flush=True)

    def alert(self, alert: Alert) -> None:
        """Print one line."""
        print(f"{_clock()} ALERT {alert.severity} {told(alert)}", flush=True)

    def moment(self, moment: Moment) -> None:
        """Print a line every so often."""
        if time.monotonic() - self._shown >= EVERY:
            self._shown = time.monotonic()
            figures = ", ".join(f"{value} {name}" for name, value in _figures(moment))
            print(f"{_clock()} {moment.stage}: {figures}", flush=True)

    def close(self) -> None:
        """Nothing is left open."""


class Terminal:
    """A view that renews itself, above it what stays."""

    def __init__(self, console: Console | None = None) -> None:
        self._alerts: deque[Alert] = deque(maxlen=IN_SIGHT)
        self._count = 0
        self._live = Live(console=console, refresh_per_second=4)
        self._live.start()
        self._moment: Moment | None = None

    def note(self, sentence: str) -> None:
        """Print it above the view."""
        self._live.console.print(f"weir: {sentence}", highlight=False, markup=False)

    def alert(self, alert: Alert) -> None:
        """Add it to the view."""
        self._alerts.append(alert)
        self._count += 1
        self._show()

    def moment(self, moment: Moment) -> None:
        """Renew the figures."""
        self._moment = moment
        self._show()

    def close(self) -> None:
        """Stop renewing."""
        self._live.stop()

    def _show(self) -> None:
        moment = self._moment
        if moment is None:
            return
        figures = Table.grid(padding=(0, 2))
        for name, value in _figures(moment):
            figures.add_row(Text(value, justify="right", style="bold"), name)
        alerts = [
            Text.assemble(
                (f"{alert.severity:8} ", _COLORS[alert.severity]), (told(alert), "default")
            )
            for alert in self._alerts
        ]
        title = f"alerts ({self._count})"
        none = Text("none yet", style="dim")
        self._live.update(
            Group(
                Panel(figures, title=moment.stage, title_align="left"),
                Panel(Group(*alerts) if alerts else none, title=title, title_align="left"),
            )
        )


def told(alert: Alert) -> str:
    """Return an alert as one sentence, with its evidence and the accounts."""
    evidence = "; ".join(
        f"{each.feature} {each.observed:,.4g} against {each.expected:,.4g}"
        for each in sorted(alert.evidence, key=lambda each: -each.contribution)[:2]
    )
    accounts = ", ".join(alert.accounts[:3])
    more = alert.accounts_total - 3
    others = f" and {more} more" if more > 0 else ""
    return (
        f"{alert.detector}: {alert.summary} [{evidence}; p {alert.p_value:.1e}; "
        f"{alert.accounts_total} accounts: {accounts}{others}]"
    )


def _figures(moment: Moment) -> list[tuple[str, str]]:
    profiles = moment.gauges.profiles
    tracked = [(f"{level} profiles", f"{count:,}") for level, count in sorted(profiles.items())]
    return [
        ("requests/s", f"{moment.rate:,.0f}"),
        ("behind", f"{moment.behind:,}"),
        *tracked,
        ("requests taken in", f"{moment.gauges.taken:,}"),
    ]


def _clock() -> str:
    return time.strftime("%H:%M:%S")
