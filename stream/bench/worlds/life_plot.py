"""The plot of one campaign's life."""

from typing import Any

from stream.bench.worlds import canvas
from stream.bench.worlds.life import Life


def life_plot(life: Life) -> bytes:
    """Draw a life as a PNG: traffic, accounts, and when whom what was known of."""
    with canvas.figure(rows=3, size=(9.6, 8.2)) as (made, axes):
        traffic, accounts, events = (row[0] for row in axes)
        _traffic(traffic, life)
        _accounts(accounts, life)
        _events(events, life)
        for axis in (traffic, accounts, events):
            axis.set_xlim(0, life.hours[-1])
            _moments(axis, life, labelled=axis is traffic)
        events.set_xlabel("hours")
        return canvas.png(made)


def _traffic(axis: Any, life: Life) -> None:
    minutes = life.cell.hours * 60 / len(life.hours)
    for counts, label, colour in (
        (life.benign, "benign", canvas.MUTED),
        (life.campaign, "campaign", canvas.BAD),
    ):
        rates = [count / minutes or None for count in counts]
        axis.plot(life.hours, rates, color=colour, label=label, drawstyle="steps-pre")
    axis.set_yscale("log")
    axis.set_ylabel("requests a minute")
    axis.set_title("Traffic", pad=22)
    _legend(axis, "lower left", columns=2)


def _legend(axis: Any, place: str, *, columns: int) -> None:
    """Say what the lines are, readable where one of the moments crosses it."""
    axis.legend(
        loc=place, ncols=columns, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9
    )


def _accounts(axis: Any, life: Life) -> None:
    axis.fill_between(
        life.hours, life.active, step="pre", color=canvas.BAD, alpha=0.22, linewidth=0,
        label="active in the interval",
    )  # fmt: skip
    axis.plot(life.hours, life.accounts, color=canvas.BAD, label="seen so far")
    axis.plot(life.hours, life.found, color=canvas.GOOD, linewidth=2.4, label="found so far")
    axis.set_ylim(0)
    axis.set_ylabel("campaign accounts")
    axis.set_title("Accounts of the campaign")
    _legend(axis, "upper left", columns=3)


def _events(axis: Any, life: Life) -> None:
    rows: list[tuple[str, list[float], str, str]] = [
        ("banned", life.bans, canvas.BAD, "x"),
        ("heir begins", life.heirs, canvas.WARM, "|"),
        ("heir found", life.heirs_found, canvas.GOOD, "|"),
    ]
    for name in dict.fromkeys(name for _, name, _ in life.alerts):
        right = [ts for ts, detector, right in life.alerts if detector == name and right]
        wrong = [ts for ts, detector, right in life.alerts if detector == name and not right]
        rows.append((f"alert: {name}", right, canvas.GOOD, "o"))
        if wrong:
            rows.append((f"wrong alert: {name}", wrong, canvas.BAD, "o"))
    for place, (_, times, colour, marker) in enumerate(rows):
        filled = {} if marker != "o" else {"edgecolors": "white", "linewidths": 0.5}
        axis.scatter(times, [place] * len(times), color=colour, marker=marker, s=42, **filled)
    axis.set_yticks(range(len(rows)), [f"{name} ({len(times)})" for name, times, *_ in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_title("Bans, heirs, alerts")


def _moments(axis: Any, life: Life, *, labelled: bool) -> None:
    """Mark the campaign's beginning, the release, and the pivot."""
    moments = [(life.begins, "first extraction"), (life.released, "release")]
    if life.pivot is not None and life.released is not None:
        if life.pivot - life.released < 0.05 * life.hours[-1]:
            moments[1] = (life.pivot, "release, then pivot")
        else:
            moments.append((life.pivot, "pivot"))
    for hour, label in moments:
        if hour is None:
            continue
        axis.axvline(hour, color=canvas.INK, linewidth=0.9, linestyle="--", zorder=1)
        if labelled:
            axis.text(
                hour, 1.02, label, transform=axis.get_xaxis_transform(), fontsize=9, ha="center"
            )
