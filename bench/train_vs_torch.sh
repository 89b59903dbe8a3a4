#!/usr/bin/env bash
# Steps of predictor training against PyTorch with the public Python package's modules: same sizes, same
# batch, the same machine, in turns. Ours is the mean of the step durations that the run writes to
# metrics.prom, with nothing encoded meanwhile; theirs the median after ten steps.
#
#   bench/train_vs_torch.sh [ROUNDS]      needs target/release/genolewm, and PYTHON with torch and geno-lewm
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-3}
program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/release/genolewm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A corpus in a minute: that of the fixture.
"$program" train --fixture-smoke --run-dir "$work/fixture" >/dev/null 2>&1
for round in $(seq "$rounds"); do
    "${PYTHON:-python3}" bench/train_vs_torch.py
    "$program" train predictor --encoder models/builtin/encoder --corpus "$work/fixture/data/corpus.tsv" \
        --holdout "$work/fixture/data/holdout.bed" --fallback gnomad_common=synthetic_snv \
        --generation-windows 64 --generation-steps 60 --validation-windows 1 --steps 60 --log-every 60 \
        --output "$work/run$round" >/dev/null 2>&1
    awk '$1 ~ /step_duration_sum/ {sum = $2} $1 ~ /step_duration_count/ {count = $2}
        END {printf "genolewm: mean %.1f ms a step\n", sum / count}' "$work/run$round/metrics.prom"
done
