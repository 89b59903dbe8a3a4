"""Reads CHROM and POS of every record, and prints shards of RECORDS records.

usage: shards.py RECORDS < CHROM-POS.tsv > SHARDS.tsv

Columns: number, contig, first and last POS, records. A shard ends at a POS, so that no record belongs to two.
Records at POS 0, the end of a telomere, are in none: no index finds them. A last line after # counts them.
"""

import sys


def main() -> None:
    most = int(sys.argv[1])
    if most < 1:
        sys.exit(f"records_per_shard: {most} is less than 1")
    number = telomeric = count = 0
    contig, start, last = None, 1, 0

    def end() -> None:
        nonlocal number
        if count:
            print(f"{number:06d}", contig, start, last, count, sep="\t")
            number += 1

    seen = set()
    for line in sys.stdin:
        name, pos = line.rstrip("\n").split("\t")
        pos = int(pos)
        if name != contig:
            end()
            if name in seen:
                sys.exit(f"{name}: its records lie in two places of the file: sort it with bcftools sort")
            seen.add(name)
            contig, start, last, count = name, 1, 0, 0
        if pos < 1:
            telomeric += 1
            continue
        if pos < last:
            sys.exit(f"{name}: POS {pos} comes after {last}: sort the file with bcftools sort")
        if count >= most and pos != last:
            end()
            start, count = last + 1, 0
        last, count = pos, count + 1
    end()
    if not number:
        sys.exit("the file has no record with a POS of 1 or more: there is nothing to score")
    if telomeric:
        print(f"# {telomeric} records at POS 0 were left out")


main()
