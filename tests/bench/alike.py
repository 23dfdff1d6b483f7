"""How alike the detectors' p-values are in worlds without a campaign: what is counted twice.

``python -m tests.bench.alike`` simulates a world, replays it, and prints for each scope of groups
the correlation of -2 ln p between detectors, over the tests of ten minutes that they made.
"""

import argparse
import sys
from collections import defaultdict
from io import BytesIO
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Detector, Floats, Tick
from detectors.core.level import Level
from detectors.core.suspicion import TEST
from stream.bench.worlds.run import blocks
from stream.config import Config
from stream.file_driver import FileDriver
from stream.formats import native
from stream.simulate import World, records
from tests.bench.machine import machine

#: Seconds of a world in which the calibrations are still blank.
BLANK = 3600
#: p-values below this are not told apart.
LEAST = 1e-12

Same = NDArray[np.bool_]


class Watched:
    """The smallest p-value of each group, detector and test, as they are judged."""

    def __init__(self, *, since: float) -> None:
        self.since = since
        self.p_values: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)

    def watch(self, level: type[Level]) -> None:
        """Look on while a level judges."""
        standing_out = level._standing_out

        def look(
            level: Level, detector: Detector, tick: Tick, scores: Floats, same: Same
        ) -> tuple[list[int], list[int]]:
            if tick.members is not None and tick.number > self.since:
                for code, calibration in level._calibrations_of(detector):
                    for position in np.flatnonzero(tick.scopes == code).tolist():
                        name = level.profiles.names[int(tick.rows[position])]
                        least = self.p_values[name, tick.number // TEST]
                        p_value = calibration.p_value(float(scores[position]))
                        least[detector.name] = min(p_value, least.get(detector.name, 1.0))
            return standing_out(level, detector, tick, scores, same)

        level._standing_out = look  # type: ignore[method-assign,assignment]

    def correlations(self, scope: str) -> list[tuple[float, str, str]]:
        """Return the detectors of a scope two by two, those most alike first."""
        tests = [found for (name, _), found in self.p_values.items() if name.startswith(scope)]
        names = sorted({detector for found in tests for detector in found})
        nats = np.array([[found.get(name, 1.0) for name in names] for found in tests])
        logs = -2.0 * np.log(np.maximum(nats, LEAST)).reshape(len(tests), len(names))
        spread = logs.std(axis=0) if len(tests) else np.zeros(len(names))
        found = []
        for one, other in combinations(range(len(names)), 2):
            if spread[one] > 0 and spread[other] > 0:
                alike = float(np.corrcoef(logs[:, one], logs[:, other])[0, 1])
                found.append((alike, names[one], names[other]))
        return sorted(found, reverse=True)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2500)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    world = World(
        seed=options.seed,
        accounts=options.accounts,
        hours=options.hours,
        text="prompt",
        release_at=options.hours * 1800,
    )
    watched = Watched(since=world.start + BLANK)
    watched.watch(Level)
    driver = FileDriver(config=Config(), alerts=BytesIO())
    for decoded in native.read(blocks(records(world)), name="world"):
        driver.take(decoded, base=0)
    driver.finish()
    print("| scope | detectors | correlation of -2 ln p |\n|---|---|---:|")
    for scope in ("proxy", "payment", "template"):
        for alike, one, other in watched.correlations(scope)[:5]:
            print(f"| {scope} | {one}, {other} | {alike:.2f} |")
    print(f"\n{machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
