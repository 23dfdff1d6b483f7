"""What the capability model takes prompts for that it never saw."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

import detectors.text
from detectors.text.capability import CAPABILITIES, Capability, Fit
from detectors.text.features import Asked
from detectors.text.words import words
from stream.simulate import texts
from stream.simulate.chance import Chance
from tests.bench.capability_prompts import cued, data, public_ordinary, written
from tests.bench.capability_sets import UnseenSet, public, simulated
from tests.bench.capability_training import HeldOut, calibrated, cooled, held_out, train

SHIPPED = Path(detectors.text.__path__[0]) / "capability.bin"
_SHORT = ("ordinary", "reasoning", "grading", "rewrite", "coding", "tools", "data", "computer")

#: Of the public ordinary prompts; what was once allowed, for comparison.
_LOOSER = 0.03


def main() -> None:
    """Print the tables; with `--train`, make the shipped file anew first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help=f"write {SHIPPED.name} anew")
    parser.add_argument("--quick", action="store_true", help="leave out the folds: minutes")
    options = parser.parse_args()
    folder = data()
    if folder is None:
        sys.exit("The public prompts are not here: set WEIR_DATA to the data directory.")
    judged = None if options.quick and not options.train else held_out(folder)
    if options.train and judged is not None:
        examples = written() + public_ordinary(folder)
        examples += cued(examples)
        model = calibrated(train(examples), judged, examples=len(examples))
        SHIPPED.write_bytes(model.to_bytes())
        size, fit = SHIPPED.stat().st_size, model.fit
        print(
            f"{SHIPPED.name}: {size:,} bytes, temperature {fit.temperature}, confidence "
            f"{fit.confidence}, {fit.examples:,} examples, {len(fit.common):,} common features\n"
        )
    shipped = Capability.shipped()
    if judged is not None:
        print_folds(judged, shipped.fit)
    print_sets(shipped, [*public(folder), *simulated()])
    print_cost(shipped)


def print_folds(judged: HeldOut, fit: Fit) -> None:
    """Print how held-out wordings, filled with held-out questions, are taken."""
    likely = cooled(np.log(np.maximum(judged.likely, 1e-12)), fit.temperature)
    sure = 1.0 - likely[:, 0] >= fit.confidence
    codes = np.where(sure, likely[:, 1:].argmax(axis=1) + 1, 0)
    ours = np.array([example.source == "written" for example in judged.examples])
    truth = judged.truth
    public_truth = codes[~ours]
    table = np.zeros((len(CAPABILITIES), len(CAPABILITIES)), int)
    np.add.at(table, (truth[ours], codes[ours]), 1)
    print(f"| really \\ taken for | {' | '.join(_SHORT)} | recall | precision |")
    print("|---" + "|---:" * (len(CAPABILITIES) + 2) + "|")
    for code, name in enumerate(CAPABILITIES):
        recall = table[code, code] / table[code].sum()
        precision = table[code, code] / max(table[:, code].sum(), 1)
        cells = " | ".join(map(str, table[code]))
        print(f"| {name} | {cells} | {recall:.2f} | {precision:.2f} |")
    print(
        f"\nWritten wordings: {table.trace() / table.sum():.1%} of {table.sum():,} right. "
        f"Public ordinary prompts of the folds: {np.mean(public_truth != 0):.1%} of "
        f"{len(public_truth)} mistaken. "
        f"Calibration error (ECE, 10 bins): {_calibration_error(likely, truth):.3f}."
    )
    looser = 1.0 - likely[:, 0] >= np.quantile(1.0 - likely[~ours, 0], 1.0 - _LOOSER)
    found = looser & (likely[:, 1:].argmax(axis=1) + 1 == truth) & ours
    recalls = [f"{found[ours & (truth == code)].mean():.2f}" for code in range(1, len(_SHORT))]
    print(f"Recall were {_LOOSER:.0%} of these mistaken: {', '.join(recalls)}.\n")


def print_sets(model: Capability, sets: Sequence[UnseenSet]) -> None:
    """Print how the sets that nothing was fitted on are taken."""
    print("| never fitted on | prompts | rightly taken for | right | taken for something else |")
    print("|---|---:|---|---:|---|")
    for one in sets:
        codes = model.predict_many(one.asked).codes
        names = [CAPABILITIES[code] for code in codes.tolist()]
        right = sum(name in one.right for name in names)
        others = sorted(
            ((names.count(name), name) for name in set(names) - one.right), reverse=True
        )
        told = ", ".join(f"{name} {number}" for number, name in others) or "-"
        wanted = " or ".join(sorted(one.right))
        print(f"| {one.name} | {len(names):,} | {wanted} | {right / len(names):.1%} | {told} |")


def print_cost(model: Capability, *, prompts: int = 4000, repeats: int = 5) -> None:
    """Print what a prompt of sixty words costs, beyond finding its words."""
    text = [
        " ".join(" ".join(texts.person(Chance(seed * 9 + part)) for part in range(9)).split()[:60])
        for seed in range(prompts)
    ]
    found = [Asked(words(one)) for one in text]
    model.predict_many(found)
    finding = min(_seconds(lambda: [words(one) for one in text]) for _ in range(repeats))
    many = min(_seconds(lambda: model.predict_many(found)) for _ in range(repeats))
    one = min(_seconds(lambda: [model.predict(a) for a in found[:500]]) for _ in range(repeats))
    print(
        f"\nA prompt of 60 words: {many / prompts * 1e6:.1f} µs in a batch, "
        f"{one / 500 * 1e6:.0f} µs alone; finding its words, which the template sketch needs too: "
        f"{finding / prompts * 1e6:.1f} µs."
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _calibration_error(likely: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    top = likely.max(axis=1)
    right = likely.argmax(axis=1) == truth
    bins = np.minimum((top * 10).astype(int), 9)
    gaps = [abs(right[bins == b].mean() - top[bins == b].mean()) * (bins == b).mean()
            for b in range(10) if (bins == b).any()]  # fmt: skip
    return float(sum(gaps))


if __name__ == "__main__":
    main()
