"""What the demo shows, wherever it is shown."""

from dataclasses import dataclass
from typing import Protocol

from detectors.core.prose import shown
from detectors.core.records import Alert
from stream.demo.gauges import Gauges


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


def told(alert: Alert) -> str:
    """Return an alert as one sentence, with its evidence and the accounts."""
    evidence = "; ".join(
        f"{each.feature} {each.observed:,.4g} against {each.expected:,.4g}"
        for each in sorted(alert.evidence, key=lambda each: -each.contribution)[:2]
    )
    said = [evidence]
    if alert.p_value > 0:  # else measured, not inferred
        said.append(f"p {alert.p_value:.1e}")
    if alert.accounts:  # the service has none
        more = alert.accounts_total - 3
        others = f" and {more} more" if more > 0 else ""
        accounts = shown(", ".join(alert.accounts[:3]))
        said.append(f"{alert.accounts_total} accounts: {accounts}{others}")
    return f"{alert.detector}: {alert.summary} [{'; '.join(said)}]"


def figures(moment: Moment) -> list[tuple[str, str]]:
    """Return the figures of a moment, each with what it counts."""
    profiles = moment.gauges.profiles
    tracked = [(f"{level} tracked", f"{count:,}") for level, count in sorted(profiles.items())]
    return [
        ("requests/s", f"{moment.rate:,.0f}"),
        ("behind", f"{moment.behind:,}"),
        *tracked,
        ("requests taken in", f"{moment.gauges.taken:,}"),
    ]
