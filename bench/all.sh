#!/usr/bin/env bash
# What this program does a second, each figure beside what plain products reach in the same run on all
# processors, and beside peers where they run: the public Python package (geno-lewm 0.2.1), PyTorch, ONNX
# Runtime natively and on the web.
#
#   bench/all.sh [--quick] [--venv DIR] [--fasta FILE] [--seconds N] [--out DIR] [--no-build] [PART ...]
#
# Parts: cpu (the network's parts in one thread), example (the example's variants), scattered (250,000 changes all
# over FILE: take one with that much sequence), golden, predictor, browser (Chromium; needs `cargo xtask pack` and
# `npm ci` in wasm-tests and bench/browser), carbon (an encoder of Carbon-500M's shape); all of them by default.
# DIR/all.md has the table and DIR/all.json the same for programs; what was measured before by the same program
# stays in the report, and is not measured again. --venv names an environment with what bench/requirements.txt
# lists, and is made where it is not there (several GB); without it peers are left out. --quick takes a few
# minutes. --no-build takes genolewm and speed from where GENOLEWM_BIN or CARGO_TARGET_DIR say.
set -euo pipefail
from=$PWD
# A path, as it was meant where this was called.
of() { case $1 in /*) echo "$1" ;; *) echo "$from/$1" ;; esac; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=1 out='' rest=()
while [ $# -gt 0 ]; do
    case $1 in
        --venv | --fasta) rest+=("$1" "$(of "$2")"); [ "$1" = --fasta ] || venv=$(of "$2"); shift 2 ;;
        --seconds) rest+=("$1" "$2"); shift 2 ;;
        --out) out=$(of "$2"); shift 2 ;;
        --quick | --tiny) rest+=("$1"); shift ;;
        --no-build) build=''; shift ;;
        -*) sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) rest+=("$1"); shift ;;
    esac
done
out=${out:-runs/bench}
mkdir -p "$out"

if [ -n "${venv:-}" ] && [ ! -x "$venv/bin/geno-lewm-score" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement bench/requirements.txt
fi
[ -z "$build" ] || cargo build --release --package genolewm-cli --package genolewm-bench --bins
program=${CARGO_TARGET_DIR:-target}/release/genolewm
[ -z "${GENOLEWM_BIN:-}" ] || program=$(of "$GENOLEWM_BIN")
speed=$(dirname "$program")/speed
for needed in "$program" "$speed"; do
    [ -x "$needed" ] || { echo "no $needed: leave --no-build out" >&2; exit 1; }
done
GENOLEWM_BIN=$(realpath "$program")
export GENOLEWM_BIN
exec python3 bench/all.py --program "$program" --speed "$speed" --out "$out" "${rest[@]}"
