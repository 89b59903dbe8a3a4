#!/usr/bin/env bash
# Every figure of a machine with a GPU, in at most eight minutes beside the build: whether this program is right
# there (golden vectors, self-check), and how fast it is (training steps of predictor and encoder, an
# encoder of Carbon-500M's shape with random weights, scoring, several devices), each beside what a plain
# product of matrices reaches in the same run.
#
#   bench/gpu.sh [--backend cuda|wgpu|cpu] [--seconds 480] [--out DIR] [--tiny] [--no-build]
#
# Writes DIR/gpu.json and DIR/gpu.md, after every figure, so that what was measured stays when the time is
# up; the same command measures what is missing. Nothing is left out silently: what was not measured is in
# both with the reason. --tiny takes sizes that any processor does in a minute, for a test of the script.
# --no-build takes genolewm, and products beside it in examples/, from where GENOLEWM_BIN or
# CARGO_TARGET_DIR say. DIR takes 4 GB, with the weights.
set -euo pipefail
from=$PWD
# A path, as it was meant where this was called.
of() { case $1 in /*) echo "$1" ;; *) echo "$from/$1" ;; esac; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."

backend=cuda build=1 out='' rest=()
while [ $# -gt 0 ]; do
    case $1 in
        --backend) backend=$2; rest+=("$1" "$2"); shift 2 ;;
        --seconds) rest+=("$1" "$2"); shift 2 ;;
        --out) out=$(of "$2"); shift 2 ;;
        --tiny) rest+=("$1"); shift ;;
        --no-build) build=''; shift ;;
        *) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
out=${out:-runs/gpu-$backend}
mkdir -p "$out"

target=${CARGO_TARGET_DIR:-target}/release
if [ -n "$build" ]; then
    # wgpu is trained on by burn's backend of that name, which is the feature gpu; cpu needs none.
    declare -A features=([cuda]=cuda [wgpu]=gpu)
    feature=${features[$backend]:-}
    started=$SECONDS
    cargo build --release -p genolewm-cli --bins ${feature:+--features "$feature"}
    cargo build --release -p genolewm-train --example products ${feature:+--features "$feature"}
    echo $((SECONDS - started)) >"$out/build_seconds"
fi
program=$target/genolewm
[ -z "${GENOLEWM_BIN:-}" ] || program=$(of "$GENOLEWM_BIN")
products=$(dirname "$program")/examples/products
for needed in "$program" "$products"; do
    [ -x "$needed" ] || { echo "no $needed: leave --no-build out" >&2; exit 1; }
done
exec python3 bench/gpu.py --program "$program" --products "$products" --out "$out" "${rest[@]}"
