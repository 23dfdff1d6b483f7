"""Measurements as a Markdown table."""

from collections.abc import Mapping, Sequence
from statistics import median

from tests.bench.contender import Contender
from tests.bench.lineup import BASELINE
from tests.bench.measurement import Measurement

HEAD = (
    "| what | events/s | ratio to plain Faust | CPU µs/event | ratio by CPU | of its core "
    "| peak memory |\n|---|---:|---:|---:|---:|---:|---:|"
)


def table(
    contenders: Sequence[Contender],
    runs: Mapping[str, Sequence[Measurement]],
    failures: Mapping[str, str],
) -> str:
    """Give a row to each contender: medians over its runs, and from the lowest to the highest."""
    baseline = runs.get(BASELINE, ())
    rows = [HEAD]
    for contender in contenders:
        if contender.name in failures:
            reason = failures[contender.name].replace("|", "\\|")
            rows.append(f"| {contender.title} | failed: {reason} | | | | | |")
            continue
        cells = row(runs[contender.name], baseline)
        rows.append(f"| {contender.title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def row(runs: Sequence[Measurement], baseline: Sequence[Measurement]) -> list[str]:
    """Write the cells of one contender; empty where there is nothing to tell."""
    costs = costs_of(runs)
    baseline_costs = costs_of(baseline)
    shares = [cost * run.rate / 1e6 for cost, run in zip(costs, runs, strict=False)]
    return [
        spread([run.rate for run in runs], ",.0f"),
        f"{rate_of(runs) / rate_of(baseline):.1f}" if baseline else "",
        spread(costs, ".2f") if costs else "",
        f"{median(baseline_costs) / median(costs):.1f}" if costs and baseline_costs else "",
        f"{median(shares):.0%}" if shares else "",
        f"{median(run.peak_bytes for run in runs) / 1e6:,.0f} MB",
    ]


def rate_of(runs: Sequence[Measurement]) -> float:
    """Take the median of the runs' events per second."""
    return median(run.rate for run in runs)


def costs_of(runs: Sequence[Measurement]) -> list[float]:
    """List the runs' processor time per event; empty where the OS did not say."""
    return [cost for run in runs if (cost := run.processor_microseconds) is not None]


def spread(values: Sequence[float], form: str) -> str:
    """Write a median, and the lowest and highest where there are several."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
