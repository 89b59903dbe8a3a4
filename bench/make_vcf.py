#!/usr/bin/env python3
"""Writes a sorted VCF of random single-base changes that fit a FASTA, for measurements.

    bench/make_vcf.py --fasta ref.fa --rows 1000 > sites.vcf

Each row is another change; no two rows are alike. Where the bases are unknown (N) none is placed.
The same seed gives the same file.
"""

import argparse
import gzip
import random
import sys


def read_fasta(path):
    """Yields (name, upper-case bases) of each contig of a plain or compressed FASTA."""
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    name, parts = None, []
    with gzip.open(path, "rt") if compressed else open(path) as file:
        for line in file:
            if not line.startswith(">"):
                parts.append(line.strip())
                continue
            if name is not None:
                yield name, "".join(parts).upper()
            name, parts = line[1:].split()[0], []
    if name is not None:
        yield name, "".join(parts).upper()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fasta", required=True)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=int, metavar="BP", help="among the first so many known bases alone")
    args = parser.parse_args()

    contigs = list(read_fasta(args.fasta))
    sites = [
        (order, pos, ref)
        for order, (_, bases) in enumerate(contigs)
        for pos, ref in enumerate(bases, 1)
        if ref in "ACGT"
    ][: args.within]
    # A site has three changes, so that change i of site s is number 3 s + i.
    if args.rows > 3 * len(sites):
        sys.exit(f"{args.fasta}: room for {3 * len(sites)} different changes, not {args.rows}")
    chosen = random.Random(args.seed).sample(range(3 * len(sites)), args.rows)

    print("##fileformat=VCFv4.2")
    for name, bases in contigs:
        print(f"##contig=<ID={name},length={len(bases)}>")
    print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for number in sorted(chosen):
        order, pos, ref = sites[number // 3]
        alt = "ACGT".replace(ref, "")[number % 3]
        print(f"{contigs[order][0]}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t.")


if __name__ == "__main__":
    main()
