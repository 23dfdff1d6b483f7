"""The demo on a terminal."""

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from detectors.core.records import Alert, Severity
from stream.demo.screen import Moment, figures, told

_COLORS: dict[Severity, str] = {
    "info": "cyan",
    "low": "cyan",
    "medium": "yellow",
    "high": "bright_red",
    "critical": "bold bright_red",
}


class Terminal:
    """Figures that renew themselves, and above them all that stays."""

    def __init__(self, console: Console | None = None) -> None:
        self._alerts = 0
        self._live = Live(console=console, refresh_per_second=4)
        self._live.start()

    def note(self, sentence: str) -> None:
        """Print it above the figures."""
        self._live.console.print(f"weir: {sentence}", highlight=False, markup=False)

    def alert(self, alert: Alert) -> None:
        """Print it above the figures."""
        self._alerts += 1
        color = _COLORS[alert.severity]
        self._live.console.print(Text.assemble((f"{alert.severity:8} ", color), told(alert)))

    def moment(self, moment: Moment) -> None:
        """Renew the figures."""
        grid = Table.grid(padding=(0, 2))
        for name, value in [*figures(moment), ("alerts", f"{self._alerts:,}")]:
            grid.add_row(Text(value, justify="right", style="bold"), name)
        self._live.update(Panel(grid, title=moment.stage, title_align="left"))

    def close(self) -> None:
        """Stop renewing."""
        self._live.stop()
