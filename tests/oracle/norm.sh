#!/usr/bin/env bash
# Lets bcftools judge the canonical form of alleles: what `bcftools norm` makes of 10,000 spellings of
# random changes, in a genome that is half repeats, must be what we score. A sample of it lies in
# tests/fixtures/norm, which a test of the core reads; `norm.sh sample` makes it anew.
#
#   tests/oracle/norm.sh            needs bcftools, Python 3.10 and cargo
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Folder, number of spellings, seed.
normalise() {
    python3 tests/oracle/norm.py make "$@"
    bcftools norm --no-version --fasta-ref "$1/ref.fa" "$1/spellings.vcf" \
        --output "$1/normalised.vcf" 2>"$work/words" || { cat "$work/words" >&2; exit 1; }
    rm "$1/ref.fa.fai"
}

if [ "${1:-}" = sample ]; then
    normalise tests/fixtures/norm 500 7
    exit
fi
normalise "$work" "${1:-10000}" "${2:-1}"
cargo run --quiet --package genolewm-core --example canonical_alleles -- \
    "$work/spellings.vcf" "$work/ref.fa" >"$work/ours.tsv"
python3 tests/oracle/norm.py compare "$work/normalised.vcf" "$work/ours.tsv"
