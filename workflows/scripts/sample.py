"""Draws SAMPLE records of a scored VCF at even distances, with the receipts of their alleles.

usage: sample.py SAMPLE IN.vcf.gz IN.receipts.jsonl OUT.vcf OUT.receipts.jsonl

Receipts are numbered anew: the number is no part of what they commit to.
"""

import gzip
import json
import sys
from itertools import islice


def scored_alleles(line: str) -> int:
    for field in line.split("\t")[7].rstrip("\n").split(";"):
        if field.startswith("GLW_STATUS="):
            return field.removeprefix("GLW_STATUS=").split(",").count("scored")
    return 0


def main() -> None:
    most, vcf, receipts, vcf_out, receipts_out = int(sys.argv[1]), *sys.argv[2:]
    with gzip.open(vcf, "rt") as lines:
        records = sum(scored_alleles(line) > 0 for line in lines if not line.startswith("#"))
    stride = max(1, -(-records // max(1, most)))
    number = index = 0
    with (
        gzip.open(vcf, "rt") as lines,
        open(receipts) as rows,
        open(vcf_out, "w") as sample,
        open(receipts_out, "w") as drawn,
    ):
        for line in lines:
            if line.startswith("#"):
                sample.write(line)
                continue
            alleles = scored_alleles(line)
            mine = list(islice(rows, alleles))
            if len(mine) < alleles:
                sys.exit(f"{receipts}: there are fewer receipts than scored alleles in {vcf}")
            if not alleles:
                continue
            index += 1
            if most and (index - 1) % stride == 0:
                sample.write(line)
                for row in mine:
                    receipt = json.loads(row)
                    number += 1
                    receipt["provenance"]["details"]["row_index"] = number
                    drawn.write(json.dumps(receipt) + "\n")
        if next(rows, None):
            sys.exit(f"{receipts}: there are more receipts than scored alleles in {vcf}")


main()
