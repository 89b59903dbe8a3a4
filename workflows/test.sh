#!/usr/bin/env bash
# The workflow on part of the example, twice: once undisturbed, once killed in the middle and gone on with.
# Both must end in the same scores, and the scores be those of one run over the whole file.
#
#   workflows/test.sh PROGRAM       needs snakemake 9 and bcftools; further arguments go to snakemake
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
program=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The records of one stretch, with an insertion or deletion among them.
bcftools view --no-version --output-type z --output "$work/in.vcf.gz" \
    --targets chr17:41243900-41244300 examples/brca1.vcf.gz
cat >"$work/config.yaml" <<END
vcf: $work/in.vcf.gz
fasta: $root/examples/brca1.hg19.fa.gz
genolewm: $program
manifest: $root/models/builtin/manifest.json
records_per_shard: 40
threads: 1
verified_per_shard: 2
END
workflow() {
    snakemake --snakefile "$root/workflows/Snakefile" --configfile "$work/config.yaml" \
        --workflow-profile "${PROFILE:-$root/workflows/profiles/local}" --directory "$work/$1" "${@:2}"
}
run() {
    workflow "$@" >"$work/words" 2>&1 || {
        cat "$work/words" >&2
        find "$work" -path '*slurm_logs*' -name '*.log' -exec tail -n 30 {} + >&2
        exit 1
    }
}

run whole --cores 2 "$@"

# Killed once the first shard is scored, at any point of the second.
setsid bash -c "exec snakemake --snakefile '$root/workflows/Snakefile' --configfile '$work/config.yaml' \
    --cores 1 --directory '$work/killed'" >"$work/words" 2>&1 &
group=$!
until [ -e "$work/killed/scores/000000.parquet" ] && compgen -G "$work/killed/scores/*.journal" >/dev/null; do
    kill -0 $group || { cat "$work/words" >&2; echo "it ended before it was killed" >&2; exit 1; }
    sleep 0.05
done
kill -KILL -- -$group
wait $group 2>/dev/null || true
[ ! -e "$work/killed/report.md" ]
run killed --unlock
run killed --cores 2

# One run over the file, without a workflow.
"$program" score --vcf "$work/in.vcf.gz" --fasta examples/brca1.hg19.fa.gz --quiet --no-progress \
    --output "$work/one.vcf.gz"
records() { bcftools view --no-header "$1"; }
for run in whole killed; do
    cmp <(records "$work/one.vcf.gz") <(records "$work/$run/cohort.vcf.gz")
    cat "$work/$run"/receipts/*.jsonl >"$work/receipts.jsonl"
    "$program" verify "$work/receipts.jsonl" --manifest models/builtin/manifest.json \
        --scores "$work/$run/cohort.vcf.gz" | grep 'row numbers: ok'
    cmp "$work/whole/scores/000001.parquet" "$work/$run/scores/000001.parquet"
done
grep -q '^[1-9][0-9]* receipts of the sample were verified' "$work/whole/report.md"
sed -n 3,5p "$work/whole/report.md"
