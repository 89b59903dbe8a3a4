"""Reads CHROM and POS of every record, and prints shards of RECORDS records: number, region, records.

A shard ends at a POS, so that no record belongs to two; the last of a contig reaches to its end.
"""

import sys


def main() -> None:
    most = int(sys.argv[1])
    number, contig, start, last, count = 0, None, 1, 0, 0

    def end(region: str) -> None:
        nonlocal number
        print(f"{number:06d}", region, count, sep="\t")
        number += 1

    seen = set()
    for line in sys.stdin:
        name, pos = line.rstrip("\n").split("\t")
        pos = int(pos)
        if name != contig:
            if contig is not None:
                end(f"{contig}:{start}-")
            if name in seen:
                sys.exit(f"{name}: its records lie in two places of the file: sort it with bcftools sort")
            seen.add(name)
            contig, start, count = name, 1, 0
        elif count >= most and pos != last:
            end(f"{contig}:{start}-{last}")
            start, count = last + 1, 0
        last, count = pos, count + 1
    if contig is not None:
        end(f"{contig}:{start}-")


main()
