#!/usr/bin/env bash
# Peak memory (resident set) while scoring VCFs of 1,000 and of 100,000 rows with the built-in
# model: it must not grow with the input. Fails when the larger needs over 50 MB more.
#
#   bench/memory.sh [ROWS ...]        default: 1000 100000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/release/genolewm}
[ -x "$program" ] || { echo "no $program: cargo build --release --bins" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fasta=examples/brca1.hg19.fa.gz

# Runs a command and prints its wall time and its peak resident set in MB. (Linux counts in KiB.)
measured() {
    python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time
start = time.monotonic()
run = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
if run.returncode:
    sys.stderr.buffer.write(run.stderr)
    sys.exit(run.returncode)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
print(f"{time.monotonic() - start:.1f} {peak:.1f}")
PYTHON
}

printf '| rows scored | seconds | alternates per s | peak memory, MB |\n|---:|---:|---:|---:|\n'
smallest='' largest=''
[ $# -gt 0 ] || set -- 1000 100000
for rows in "$@"; do
    python3 bench/make_vcf.py --fasta "$fasta" --rows "$rows" >"$work/in.vcf"
    read -r seconds peak < <(measured "$program" score --vcf "$work/in.vcf" --fasta "$fasta" \
        --output "$work/out.jsonl" --receipt "$work/receipts.jsonl" --no-progress)
    scored=$(wc -l <"$work/out.jsonl")
    echo "$scored $seconds $peak" |
        awk '{ printf "| %d | %.1f | %.1f | %.1f |\n", $1, $2, $1 / $2, $3 }'
    smallest=${smallest:-$peak}
    largest=$peak
done
echo "$smallest $largest" | awk '{
    printf "\n%.1f MB more for the last than for the first (50 allowed)\n", $2 - $1
    exit !($2 - $1 <= 50) }'
