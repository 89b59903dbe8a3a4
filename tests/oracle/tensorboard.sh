#!/usr/bin/env bash
# TensorBoard's files: a small run is interrupted and goes on, and a reader that checks both checksums
# of each record must find every figure of metrics.jsonl and timing.jsonl, and no other. Python alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=$(realpath "${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}")
reader=$(realpath tests/oracle/tensorboard.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - <<'PYTHON'
import random

random.seed(1)
with open("ref.fa", "w") as fasta:
    fasta.write(">chr1\n" + "".join(random.choices("ACGT", k=60_000)) + "\n")
PYTHON
printf 'ref.fa\t1\trecord\n' >corpus.tsv
printf 'chr1\t50000\t60000\n' >holdout.bed
train=("$program" train encoder --corpus corpus.tsv --holdout holdout.bed --output run --steps 60
    --checkpoint-every 4 --log-every 1 --hidden-size 16 --intermediate-size 32 --layers 1
    --heads 2 --kv-heads 1 --window-tokens 12 --batch-tokens 48 --long-every 0 --quiet --no-banner)
"${train[@]}" &
running=$!
until compgen -G "run/checkpoints/step_*" >/dev/null; do
    kill -0 "$running" 2>/dev/null || break
    sleep 0.01
done
kill -9 "$running" 2>/dev/null || true
wait "$running" || true
compgen -G "run/checkpoints/step_*" >/dev/null || { printf 'oracle: no checkpoint\n' >&2; exit 1; }
"${train[@]}"
python3 "$reader" run
