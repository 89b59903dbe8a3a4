"""Shards of gnomAD and ClinVar, made and read by the Python package and by this program.

    python tests/oracle/shards.py PROGRAM DIR          compares; DIR is empty or new
    python tests/oracle/shards.py --write-fixtures     the package's files in tests/fixtures/shards

Run in an environment with geno-lewm 0.2.1 and pyarrow. Of the same VCF both must make the same rows
and report the same counts; the package must read our files, and the program the package's. That
the program finds every value in those is tested on the fixtures (trainer-native/data/src/shards/tests).
"""

import gzip
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as parquet
from geno_lewm.data import (
    iter_clinvar_shard,
    iter_gnomad_shard,
    prepare_clinvar_shard,
    prepare_gnomad_shard,
)

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests/fixtures/shards"
RELEASE = "2026-04-15"
# What cannot be the same: where the file is, and how large, which is a matter of the codec.
OWN = {"output_path", "size_bytes"}


class Kind:
    def __init__(self, name, prepare, rows):
        self.name, self.prepare, self.rows = name, prepare, rows

    def path(self, root):
        return Path(root) / self.name / RELEASE / "variants.parquet"

    def run(self, program, vcf, root, *flags):
        command = [program, f"prepare-{self.name}", "--input-vcf", vcf, "--output", root]
        command += ["--release", RELEASE, "--quiet", "--no-banner", *flags]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout), done.stdout

    def compare(self, program, vcf, work):
        """Both make a shard of `vcf`. Returns the number of its rows."""
        ours, theirs = work / "ours", work / "theirs"
        report, line = self.run(program, vcf, ours, "--overwrite")
        expected = self.prepare(vcf, theirs, release=RELEASE, overwrite=True).to_dict()
        same(line, json.dumps(report, sort_keys=True) + "\n", "layout of the report")
        same(sorted(report), sorted(expected), "keys of the report")
        for key in expected.keys() - OWN:
            same(report[key], expected[key], f"{vcf}: {key}")
        same(report["size_bytes"], self.path(ours).stat().st_size, "size_bytes")
        same(list(self.rows(self.path(ours))), list(self.rows(self.path(theirs))), f"{vcf}: rows")
        schemas = [parquet.ParquetFile(self.path(root)).schema for root in (ours, theirs)]
        same(str(schemas[0]).split("\n")[1:], str(schemas[1]).split("\n")[1:], "schema")
        found, _ = self.run(program, vcf, theirs)
        same(found["already_exists"], True, "the program reads the package's shard")
        same(found["records_written"], expected["records_written"], "its rows")
        again = self.prepare(vcf, ours, release=RELEASE)
        same(again.already_exists, True, "the package finds our shard")
        same(again.records_written, expected["records_written"], "its rows")
        return report["records_written"]


GNOMAD = Kind("gnomad", prepare_gnomad_shard, iter_gnomad_shard)
CLINVAR = Kind("clinvar", prepare_clinvar_shard, iter_clinvar_shard)


def same(found, expected, what):
    if found != expected:
        sys.exit(f"oracle: {what}: the program has\n  {found}\nthe package\n  {expected}")


def example(work):
    """BRCA1's variants with a number each, which this release of ClinVar's table left out, and
    without values on both sides, which the program takes for a conflict and the package does not."""
    target = work / "brca1.vcf"
    with gzip.open(ROOT / "examples/brca1.vcf.gz", "rt") as lines, target.open("w") as out:
        for number, line in enumerate(lines):
            lowered = line.lower()
            if "pathogenic" in lowered and "benign" in lowered and not line.startswith("#"):
                continue
            columns = line.rstrip("\n").split("\t")
            if not line.startswith("#"):
                columns[7] += f";CLNVID={number}"
            out.write("\t".join(columns) + "\n")
    return target


def write_fixtures():
    for kind in (GNOMAD, CLINVAR):
        root = FIXTURES / "tmp"
        report = kind.prepare(FIXTURES / f"{kind.name}.vcf", root, release=RELEASE)
        path = kind.path(root)
        rows = [{field.name: getattr(row, field.name) for field in fields(row)} for row in kind.rows(path)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (FIXTURES / f"{kind.name}.jsonl").write_text(text)
        path.rename(FIXTURES / f"{kind.name}.parquet")
        path.parent.rmdir()
        path.parent.parent.rmdir()
        print(kind.name, report.records_written)
    (FIXTURES / "tmp").rmdir()


def main():
    if sys.argv[1:] == ["--write-fixtures"]:
        return write_fixtures()
    program, work = sys.argv[1], Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    brca1 = example(work)
    rows = [
        GNOMAD.compare(program, FIXTURES / "gnomad.vcf", work / "rules"),
        CLINVAR.compare(program, FIXTURES / "clinvar.vcf", work / "rules"),
        GNOMAD.compare(program, brca1, work / "real"),
        CLINVAR.compare(program, brca1, work / "real"),
    ]
    if not all(rows):
        sys.exit(f"oracle: a shard without rows proves nothing: {rows}")
    print(f"oracle: {sum(rows)} rows of {len(rows)} shards are the package's, and read both ways")


if __name__ == "__main__":
    main()
