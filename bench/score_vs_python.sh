#!/usr/bin/env bash
# Alternates scored per second, process start included: this program against the Python package
# (geno-lewm 0.2.1, torch), the same model and files, one after the other on the same machine.
#
#   bench/score_vs_python.sh [--venv DIR] [--rows N] [--repeat N]
#
# --venv is a virtual environment with the package and torch; without it one is made (several GB).
# --rows is the size of the generated VCF (default 1000). This program runs --repeat times (default
# 3) and the median counts; the package, slow enough to be steady, runs once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv='' rows=1000 repeat=3
while [ $# -gt 0 ]; do
    case $1 in
        --venv) venv=$2; shift 2 ;;
        --rows) rows=$2; shift 2 ;;
        --repeat) repeat=$2; shift 2 ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

program=$(realpath "${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/release/genolewm}")
[ -x "$program" ] || { echo "no $program: cargo build --release --bins" >&2; exit 1; }
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$venv" ]; then
    venv=$work/venv
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "geno-lewm==0.2.1" \
        "torch==2.15.0" "transformers>=4.45,<5" safetensors pyarrow numpy
fi
venv=$(realpath "$venv")

# The manifest names the encoder by a path beside the model, so both run in the case's folder.
cp -r tests/golden/pipeline "$work/case"
cd "$work/case"
for packed in model/*.gz; do gzip -dcf "$packed" >"${packed%.gz}"; done
python3 "$here/bench/make_vcf.py" --fasta ref.fa --rows "$rows" >sites.vcf

common=(--fasta ref.fa --model-dir model --output out.jsonl --no-progress)
ours() { "$program" score --vcf "$1" "${common[@]}" --encoder-dir encoder --receipt r.jsonl; }
theirs() { "$venv/bin/geno-lewm-score" --vcf "$1" "${common[@]}" --receipt r.jsonl; }

# Prints seconds and rows of the scores of one run.
measure() {
    local start=$EPOCHREALTIME end
    rm -f out.jsonl r.jsonl
    "$@" >log 2>&1 || { cat log >&2; echo "failed: $*" >&2; return 1; }
    end=$EPOCHREALTIME
    echo "$start $end $(wc -l <out.jsonl)" | awk '{ printf "%.3f %d\n", $2 - $1, $3 }'
}

median_of() {
    local i
    for ((i = 0; i < repeat; i++)); do measure "$@"; done | sort -n | sed -n "$(((repeat + 1) / 2))p"
}

printf 'CPU: %s, %s cores; load before: %s\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(cut -d ' ' -f 1-3 /proc/loadavg)"
printf '\n| input | alternates | genolewm, s | per s | geno-lewm, s | per s | times faster |\n'
printf '|---|---:|---:|---:|---:|---:|---:|\n'
for input in in.vcf sites.vcf; do
    # Once for the page cache, so that neither pays for the disk.
    measure ours "$input" >/dev/null
    our=$(median_of ours "$input")
    their=$(measure theirs "$input")
    echo "$input $our $their" | awk '{
        if ($3 != $5) { print "different numbers of scores: " $3 ", " $5 > "/dev/stderr"; exit 1 }
        printf "| %s | %d | %.2f | %.1f | %.2f | %.1f | %.1f |\n",
            $1, $3, $2, $3 / $2, $4, $5 / $4, $4 / $2 }'
done
printf '\nload after: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
