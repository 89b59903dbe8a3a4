#!/usr/bin/env bash
# Candidates a second while planning: this program against the Python package (geno-lewm 0.2.1, torch), the
# same model directory, windows and settings, one after the other on the same machine. Both say how long the
# search took, without start and loading.
#
#   bench/plan_vs_python.sh --venv DIR [--samples N] [--iterations N] [--horizon N]
#
# --venv is a virtual environment with the package and torch (see bench/score_vs_python.sh). A candidate is
# one call of the predictor with all of its edits. By default 1,024 candidates of 5 edits in 5 rounds here, and,
# because it is slow, one round of 64 there; rates are by the candidate.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv='' samples=1024 iterations=5 horizon=5 theirs=64
while [ $# -gt 0 ]; do
    case $1 in
        --venv) venv=$(realpath "$2") ;;
        --samples) samples=$2 ;;
        --iterations) iterations=$2 ;;
        --horizon) horizon=$2 ;;
        --python-samples) theirs=$2 ;;
        *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
program=$(realpath "${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/release/genolewm}")
[ -x "$program" ] || { echo "no $program: cargo build --release --bins" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r tests/golden/pipeline "$work/case"
cd "$work/case"
for packed in model/*.gz; do gzip -dcf "$packed" >"${packed%.gz}"; done
python3 - <<'PYTHON'
bases = "".join(line.strip() for line in open("ref.fa") if not line.startswith(">")).upper()[20000:24096]
open("window.fa", "w").write(">w\n%s\n" % bases)
swap = {"A": "C", "C": "G", "G": "T", "T": "A", "N": "N"}
edited = [swap[base] if at in (2000, 2040, 2100) else base for at, base in enumerate(bases)]
open("target.fa", "w").write(">t\n%s\n" % "".join(edited))
PYTHON
common=(--window-fasta window.fa --target-fasta target.fa --model-dir model --horizon "$horizon" --seed 1
    --backend cpu --stopping-eps 0 --patience 100)
"$program" plan "${common[@]}" --encoder-dir encoder --samples "$samples" --elite 64 \
    --iterations "$iterations" --output ours.json >/dev/null 2>ours.log
grep ' candidates in ' ours.log | sed 's/^/genolewm: /'
if [ -n "$venv" ]; then
    "$venv/bin/geno-lewm-plan" "${common[@]}" --samples "$theirs" --elite 16 --iterations 1 \
        --output theirs.json >/dev/null 2>&1
    python3 - <<'PYTHON'
import json
result = json.load(open("theirs.json"))["result"]
count, seconds = result["n_evaluations"], result["elapsed_seconds"]
print("geno-lewm: %d candidates in %.1f s, %.1f a second" % (count, seconds, count / seconds))
PYTHON
fi
printf 'load: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
