#!/usr/bin/env python3
"""Whether plans of the built-in model lead closer to their target, really, than random plans of as many edits.

    bench/plan_vs_random.py [--windows 50] [--random 5] [--horizon 3] [--hidden 40]
        [--prediction together|stepwise] [--edit-types snv] [--reencode 0]

Windows are cut from the example's reference. The target of each is the same window with --hidden bases
replaced; states are pooled at its middle, and all edits lie within the reach of that. A random plan is one
candidate of the same sampler. Both are made for real: distances are those of the encoder, not of the predictor.
"""
import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOW_BP = 4096
MIDDLE = WINDOW_BP // 2
# As in training: states are pooled at the left-most edit, eight tokens to either side.
WITHIN = (MIDDLE, MIDDLE + 48)


def reference():
    with gzip.open(ROOT / "examples/brca1.hg19.fa.gz", "rt") as lines:
        return "".join(line.strip() for line in lines if not line.startswith(">")).upper()


def main():
    parser = argparse.ArgumentParser()
    for flag, default in [("--windows", 50), ("--random", 5), ("--horizon", 3), ("--samples", 1024), ("--hidden", 40),
                          ("--reencode", 0)]:
        parser.add_argument(flag, type=int, default=default)
    parser.add_argument("--prediction", default="together")
    parser.add_argument("--edit-types", default="snv")
    args = parser.parse_args()
    target_dir = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    program = os.environ.get("GENOLEWM_BIN", Path(target_dir) / "release/genolewm")
    genome, draw = reference(), random.Random(1)
    starts = [at for at in range(0, len(genome) - WINDOW_BP, 512) if "N" not in genome[at : at + WINDOW_BP]]
    better = nearer = 0
    distances = {"before": [], "random": [], "best of random": [], "plan": [], "predicted": [], "error": []}
    with tempfile.TemporaryDirectory() as folder:
        def plan(seed, *flags):
            command = [program, "plan", "--window-fasta", "w.fa", "--target-fasta", "t.fa", "-o", "p.json",
                       "--locus", str(MIDDLE), "--within", "%d-%d" % WITHIN, "--seed", str(seed), "--quiet",
                       "--horizon", str(args.horizon), "--prediction", args.prediction, "--no-receipt",
                       "--stopping-eps", "0", "--edit-types", args.edit_types, *flags]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            return json.loads((Path(folder) / "p.json").read_text())

        for number, start in enumerate(draw.sample(starts, args.windows)):
            window = genome[start : start + WINDOW_BP]
            target = list(window)
            for at in draw.sample(range(*WITHIN), args.hidden):
                target[at] = draw.choice([base for base in "ACGT" if base != window[at]])
            (Path(folder) / "w.fa").write_text(">w\n%s\n" % window)
            (Path(folder) / "t.fa").write_text(">t\n%s\n" % "".join(target))
            found = plan(number, "--samples", str(args.samples), "--reencode", str(args.reencode))
            alone = ("--samples", "1", "--elite", "1", "--iterations", "1")
            guesses = [plan(1000 * number + guess, *alone) for guess in range(args.random)]
            real = found["reencoded"]["distance"]
            random_real = [guess["reencoded"]["distance"] for guess in guesses]
            before = found["reencoded"]["initial_distance"]
            better += real < statistics.mean(random_real)
            nearer += real < before
            values = (before, statistics.mean(random_real), min(random_real), real,
                      found["result"]["best_distance"], found["reencoded"]["prediction_error_l2"])
            for kept, value in zip(distances.values(), values):
                kept.append(value)
            print("%d of %d" % (number + 1, args.windows), end="\r", file=sys.stderr)
    print("%d windows, %d edits (%s) towards %d, predicted %s, %d of a round made for real"
          % (args.windows, args.horizon, args.edit_types, args.hidden, args.prediction, args.reencode))
    for name, kept in distances.items():
        print("%-15s mean %.4f  median %.4f" % (name, statistics.mean(kept), statistics.median(kept)))
    print("closer than the mean of %d random plans: %d of %d" % (args.random, better, args.windows))
    print("closer than the unedited window: %d of %d" % (nearer, args.windows))


if __name__ == "__main__":
    main()
