"""Spellings of random changes, and whether two programs bring them to the same form.

    norm.py make FOLDER COUNT SEED     writes ref.fa and spellings.vcf, sorted
    norm.py compare NORM.vcf OURS.tsv  compares what bcftools norm and canonical_alleles made of them
"""

import random
import sys
from pathlib import Path

BASES = "ACGT"
# Without the bases that they share, alleles are this long at most: longer ones are not scored.
LONGEST_BP = 15


def contig(rng, length):
    """Bases with many short repeats, as genomes have them, also at both ends."""
    parts, bases = [], 0
    while bases < length:
        if rng.random() < 0.5:
            unit = "".join(rng.choices(BASES, k=rng.choice([1, 1, 1, 2, 2, 3, 4, 5, 7])))
            part = unit * rng.randint(2, 12)
        else:
            part = "".join(rng.choices(BASES, k=rng.randint(1, 25)))
        parts.append(part.lower() if rng.random() < 0.3 else part)
        bases += len(part)
    return "".join(parts)


def change(rng, bases):
    """Where, what is taken away and what is put there."""
    while True:
        at = rng.choice([0, 1, 2, rng.randint(0, len(bases) - 1), rng.randint(0, len(bases) - 1)])
        kind = rng.choice(["snv", "del", "ins", "copy", "mnv", "complex"])
        left = min(LONGEST_BP, len(bases) - at)
        taken = {"snv": 1, "ins": 0, "copy": 0}.get(kind, rng.randint(1, max(1, left)))
        deleted = bases[at : at + taken]
        if kind == "copy":
            inserted = bases[at : at + rng.randint(1, 8)]
        elif kind == "del":
            inserted = ""
        else:
            length = taken if kind in ("snv", "mnv") else rng.randint(1, LONGEST_BP)
            inserted = "".join(rng.choices(BASES, k=length))
        if len(deleted) == taken and deleted != inserted and len(inserted) <= LONGEST_BP:
            return at, deleted, inserted


def spelling(rng, bases, at, deleted, inserted):
    """The change with bases of the reference on either side, as many as chance wants."""
    end = at + len(deleted)
    before = min(at, rng.choice([0, 0, 1, 1, 2, rng.randint(0, 30)]))
    after = min(len(bases) - end, rng.choice([0, 0, 0, 1, 3, rng.randint(0, 30)]))
    if not deleted or not inserted:
        if before + after == 0:
            before, after = (1, 0) if at > 0 else (0, 1)
    left, right = bases[at - before : at], bases[end : end + after]
    return at - before, left + deleted + right, left + inserted + right


def random_case(rng, text):
    return "".join(rng.choice([base.lower(), base]) for base in text) if rng.random() < 0.2 else text


def make(folder, count, seed):
    rng = random.Random(seed)
    genome = {f"chr{number}": contig(rng, 3_000) for number in range(1, 6)}
    with open(folder / "ref.fa", "w") as fasta:
        for name, bases in genome.items():
            lines = (bases[at : at + 60] for at in range(0, len(bases), 60))
            fasta.write(f">{name}\n" + "\n".join(lines) + "\n")
    rows = []
    while len(rows) < count:
        name = rng.choice(sorted(genome))
        bases = genome[name].upper()
        edit = change(rng, bases)
        for _ in range(rng.randint(1, 4)):
            at, ref, alt = spelling(rng, bases, *edit)
            if ref and alt and ref != alt:
                rows.append((name, at + 1, random_case(rng, ref), random_case(rng, alt)))
    rows = sorted(rows[:count], key=lambda row: (row[0], row[1]))
    with open(folder / "spellings.vcf", "w") as vcf:
        vcf.write("##fileformat=VCFv4.2\n")
        for name, bases in genome.items():
            vcf.write(f"##contig=<ID={name},length={len(bases)}>\n")
        vcf.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for number, (name, pos, ref, alt) in enumerate(rows):
            vcf.write(f"{name}\t{pos}\ts{number}\t{ref}\t{alt}\t.\t.\t.\n")


def records(path):
    lines = (line.rstrip("\n").split("\t") for line in open(path) if not line.startswith("#"))
    return {row[2]: (row[0], row[1], row[3].upper(), row[4].upper()) for row in lines}


def compare(normalised, ours):
    theirs = {name: ":".join(row) for name, row in records(normalised).items()}
    found = dict(line.rstrip("\n").split("\t") for line in open(ours))
    if theirs.keys() != found.keys():
        sys.exit(f"norm: {len(theirs)} spellings of bcftools, {len(found)} of ours")
    differing = [name for name in theirs if theirs[name] != found[name]]
    print(f"{len(theirs)} spellings, {len(theirs) - len(differing)} equal, {len(differing)} differing")
    for name in differing[:20]:
        print(f"  {name}: bcftools {theirs[name]}, we {found[name]}", file=sys.stderr)
    sys.exit(bool(differing) or not theirs)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", folder, count, seed]:
            make(Path(folder), int(count), int(seed))
        case ["compare", normalised, ours]:
            compare(normalised, ours)
        case _:
            sys.exit(__doc__)
