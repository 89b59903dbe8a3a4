#!/usr/bin/env bash
# The workflow on part of the example, twice: once undisturbed, once killed in the middle and gone on with.
# Both must end in the same scores, and the scores be those of one run over the whole file. A third, from known
# scores, is cut anew afterwards.
#
#   workflows/test.sh PROGRAM       needs snakemake 9 and bcftools; further arguments go to snakemake
set -euo pipefail
program=$(realpath "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() { echo "$*" >&2; exit 1; }

# The records of one stretch, with an insertion or deletion among them, one record that is none, one on a contig
# with colons that the reference lacks, and one at POS 0, which the workflow leaves out.
mkdir "$work/a cohort"
ln -s "$program" "$work/a cohort/genolewm"
bcftools view --no-version --targets chr17:41243900-41244300 examples/brca1.vcf.gz |
    awk -F '\t' -v OFS='\t' '
        function row(contig, pos, ref) { $1 = contig; $2 = pos; $3 = "."; $4 = ref; $5 = "T"; print }
        /^#CHROM/ { print "##contig=<ID=HLA-A*01:01:01:01>" }
        { print }
        /^chr17/ && !odd++ { row("chr17", $2, "A1") }
        END { row("HLA-A*01:01:01:01", 7, "A") }' >"$work/in.vcf"
awk -F '\t' -v OFS='\t' '/^chr17/ && !zero++ { pos = $2; $2 = 0; print; $2 = pos } { print }' "$work/in.vcf" |
    bcftools view --no-version --output-type z --output "$work/a cohort/in.vcf.gz"
# Relative to the folder of a run.
from_run() { realpath --canonicalize-missing --relative-to "$work/run" "$1"; }
cat >"$work/config.yaml" <<END
vcf: ../a cohort/in.vcf.gz
fasta: $(from_run examples/brca1.hg19.fa.gz)
genolewm: ../a cohort/genolewm
manifest: $(from_run models/builtin/manifest.json)
model_flags: --model-dir $(from_run models/builtin)
score_flags: --views all
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

# Killed once a shard is scored, at any point of another. Which is the first is for snakemake to say.
setsid bash -c "exec snakemake --snakefile '$root/workflows/Snakefile' --configfile '$work/config.yaml' \
    --cores 1 --directory '$work/killed'" >"$work/words" 2>&1 &
group=$!
scored() { compgen -G "$work/killed/scores/*.$1" >/dev/null; }
until scored parquet && scored journal; do
    kill -0 $group || { cat "$work/words" >&2; echo "it ended before it was killed" >&2; exit 1; }
    sleep 0.05
done
kill -KILL -- -$group
wait $group 2>/dev/null || true
[ ! -e "$work/killed/report.md" ]
run killed --unlock
run killed --cores 2

# One run over the file, without a workflow.
"$program" score --vcf "$work/in.vcf" --fasta examples/brca1.hg19.fa.gz --quiet --no-progress \
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
grep -q '^1 records at POS 0 were left out' "$work/whole/report.md"
grep -q ' 1 more not understood' "$work/whole/report.md"

# All is known; then larger shards, of which there are fewer, and no file of those before is left.
sed -e '$aknown: ../whole/scores/*.parquet' "$work/config.yaml" >"$work/config.known.yaml"
mv "$work/config.known.yaml" "$work/config.yaml"
run known --cores 2
sed -i 's/^records_per_shard: .*/records_per_shard: 1000/' "$work/config.yaml"
run known --cores 2
grep -q '^| 000000 | chr17:.* | 0\.0 |$' "$work/known/report.md" || die "known alleles were scored"
cmp <(records "$work/one.vcf.gz") <(records "$work/known/cohort.vcf.gz")
[ "$(cd "$work/known/scores" && echo *)" = "000000.parquet 000001.parquet" ] || die "files of earlier shards are left"

# What a workflow must refuse.
refuses() {
    local words=$1
    shift
    ! "$@" >"$work/words" 2>&1 || die "not refused: $words"
    grep -q "$words" "$work/words" || { cat "$work/words" >&2; die "not said: $words"; }
}
sed -i 's/"backend":"cpu"/"backend":"cuda"/' "$work/whole/receipts/000001.jsonl"
cd "$work/whole"
refuses 'another backend than shard 000000' python3 "$root/workflows/scripts/report.py" shards.tsv
python3 "$root/workflows/scripts/report.py" shards.tsv --other-machine >/dev/null
refuses 'nothing to score' python3 "$root/workflows/scripts/shards.py" 40 </dev/null
sed '$d' receipts/000000.jsonl >"$work/fewer.jsonl"
refuses 'fewer receipts' python3 "$root/workflows/scripts/sample.py" \
    2 annotated/000000.vcf.gz "$work/fewer.jsonl" "$work/out.vcf" "$work/out.jsonl"
refuses 'name one backend' workflow auto --cores 1 --config model_flags='--backend auto'
sed -n 3,7p "$work/whole/report.md"
