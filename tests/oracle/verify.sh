#!/usr/bin/env bash
# Lets the public Python package judge what this program writes: `geno-lewm-verify` must accept the
# built-in model's manifest with receipts of one variant and of a VCF, and refuse a tampered one;
# its calibration reader must accept our table. The other direction: `genolewm verify` must accept
# the receipts that the package wrote. Shards of the same VCF must be alike (shards.py),
# and so must metrics of the states that this program measures (rollout.py). Then
# tests/oracle/cache.sh does so with window caches, tensorboard.sh reads a run's events, and
# config.sh a trained model's configuration.
#
#   tests/oracle/verify.sh            needs target/debug/genolewm and PyPI
#
# GENOLEWM_ORACLE_VENV names a virtual environment to make or use again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=${GENOLEWM_BIN:-${CARGO_TARGET_DIR:-target}/debug/genolewm}
model=models/builtin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${GENOLEWM_ORACLE_VENV:-$work/venv}

if [ ! -x "$venv/bin/geno-lewm-verify" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "geno-lewm==0.2.1" "pyarrow==26.0.1"
fi
accepts() { "$venv/bin/geno-lewm-verify" "$@"; }

fail() {
    printf 'oracle: %s\n' "$*" >&2
    exit 1
}

# Expects a command to end with a status.
expect_status() {
    local want=$1 got=0
    shift
    "$@" >"$work/refusal" 2>&1 || got=$?
    [ "$got" = "$want" ] || { cat "$work/refusal" >&2; fail "status $got, not $want, of: $*"; }
}

# Real variants, as many as a reader waits for.
{
    gzip -dc examples/brca1.vcf.gz | grep '^#'
    gzip -dc examples/brca1.vcf.gz | grep -v '^#' | sed -n '100~200p'
} >"$work/some.vcf"

"$program" score --vcf "$work/some.vcf" --fasta examples/brca1.hg19.fa.gz --model-dir "$model" \
    --output "$work/scores.jsonl" --receipt "$work/receipts.jsonl" --no-progress
"$program" score --variant chr17:41246481:T:C --fasta examples/brca1.hg19.fa.gz \
    --model-dir "$model" --receipt "$work/one.json" >"$work/one.out"

accepts "$work/one.json" --manifest "$model/manifest.json"
receipts=0
while IFS= read -r receipt; do
    receipts=$((receipts + 1))
    printf '%s' "$receipt" >"$work/receipt.json"
    accepts "$work/receipt.json" --manifest "$model/manifest.json" >/dev/null ||
        fail "receipt $receipts of the VCF was refused: $receipt"
done <"$work/receipts.jsonl"
[ "$receipts" -gt 0 ] || fail "the VCF gave no receipt"
[ "$receipts" = "$(wc -l <"$work/scores.jsonl")" ] || fail "receipts and scores differ in number"

# A verifier that accepts anything would prove nothing (8: the family of provenance errors).
sed 's/"sigma_raw":[0-9]/"sigma_raw":9/' "$work/one.json" >"$work/tampered.json"
if cmp -s "$work/one.json" "$work/tampered.json"; then fail "the receipt has no sigma_raw"; fi
expect_status 8 accepts "$work/tampered.json" --manifest "$model/manifest.json"
expect_status 8 "$program" verify "$work/tampered.json" --manifest "$model/manifest.json"

"$venv/bin/python" - "$model/calibration.parquet" <<'PYTHON'
import sys
from geno_lewm.surprise import read_calibration_table

table = read_calibration_table(sys.argv[1])
assert table.require("*").n_calibration > 0, "the calibration table has no bottom bucket"
PYTHON

# A table that tells kinds of edits is read as one that does not, and scores read from its kinds verify.
kinds=$work/kinds
cp -r "$model" "$kinds"
{
    gzip -dc examples/brca1.vcf.gz | grep '^#'
    gzip -dc examples/brca1.vcf.gz | grep -v '^#' | awk 'length($4) != length($5) || NR % 40 == 1'
} >"$work/kinds.vcf"
"$program" calibrate --vcf "$work/kinds.vcf" --fasta examples/brca1.hg19.fa.gz --model-dir "$model" \
    --min-bucket-size 20 --no-progress --output "$kinds/calibration.parquet" >"$work/buckets"
grep -q '^del_1bp ' "$work/buckets" || { cat "$work/buckets" >&2; fail "the table tells no kinds"; }
"$program" train manifest "$kinds"
"$program" score --variant chr17:41246481:T:C --fasta examples/brca1.hg19.fa.gz \
    --model-dir "$kinds" --min-bucket-size 20 --receipt "$work/kind.json" >"$work/kind.out"
grep -q '"bucket_id": *"snv|other|mid|none"' "$work/kind.json" || { cat "$work/kind.json" >&2; fail "no kind"; }
accepts "$work/kind.json" --manifest "$kinds/manifest.json"
"$venv/bin/python" - "$kinds/calibration.parquet" "$work/buckets" <<'PYTHON'
import sys
from geno_lewm.surprise import read_calibration_table

table = read_calibration_table(sys.argv[1])
rows = [line.split()[:2] for line in open(sys.argv[2], encoding="utf-8")]
kinds = ("snv", "mnv", "ins", "del", "indel")
want = {name: int(count) for name, count in rows[1:] if not name.startswith(kinds)}
assert {bucket.bucket_id: bucket.n_calibration for bucket in table.buckets} == want, want
assert table.resolve("other|mid|none", min_bucket_size=20).bucket_id == "other|mid|none"
PYTHON

theirs=0
for receipt in tests/golden/receipts/receipt_*.json; do
    manifest=${receipt/receipt_/manifest_}
    "$program" verify "$receipt" --manifest "$manifest" >/dev/null ||
        fail "genolewm refuses $receipt of the package"
    theirs=$((theirs + 1))
done

printf 'oracle: the package accepts %d of our receipts, we accept %d of its\n' \
    $((receipts + 1)) "$theirs"

"$venv/bin/python" tests/oracle/shards.py "$program" "$work/shards"
"$venv/bin/python" tests/oracle/rollout.py "$program" "$work/rollout"
GENOLEWM_ORACLE_VENV=$venv tests/oracle/cache.sh
GENOLEWM_BIN=$program tests/oracle/tensorboard.sh
GENOLEWM_BIN=$program GENOLEWM_ORACLE_VENV=$venv tests/oracle/config.sh
