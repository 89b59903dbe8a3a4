#!/usr/bin/env python3
"""Makes the files of this folder from their public sources (see README.md).

Merges ClinVar and 1000 Genomes variants of one region into one sorted VCF without genotypes,
refuses a row whose REF is not what the reference has, and copies the reference and the genotype
file. Needs nothing but Python 3.9 or later; the same inputs give the same bytes.

    examples/make.py --fasta chr17.fa.gz --clinvar clinvar.vcf.gz --population 1000g.vcf \\
        --array sample.23andme.txt --region chr17:41100001-41300000
"""

import argparse
import gzip
import re
import shutil
import struct
import sys
import zlib
from pathlib import Path

HEADER = """\
##fileformat=VCFv4.2
##reference=GRCh37/hg19
##source=ClinVar 2017-04-04 and 1000 Genomes phase 3 (sites only), merged by examples/make.py
##contig=<ID={contig},length={length},assembly=GRCh37>
##FILTER=<ID=PASS,Description="All filters passed">
##ALT=<ID=CN0,Description="Copy number allele: 0 copies">
##INFO=<ID=CLINVAR,Number=0,Type=Flag,Description="An allele of this record is in ClinVar">
##INFO=<ID=KG,Number=0,Type=Flag,Description="This record is in 1000 Genomes phase 3">
##INFO=<ID=CLASS,Number=A,Type=String,Description="Summary of CLNSIG: P/LP, B/LB, VUS, conflict or other">
##INFO=<ID=CLNSIG,Number=A,Type=String,Description="ClinVar significance, one value per submission, joined by |">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene symbol in ClinVar">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency in 1000 Genomes phase 3, all populations">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">
##INFO=<ID=END,Number=1,Type=Integer,Description="End coordinate of this variant">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO
"""


def open_text(path):
    """Opens plain or gzip-compressed text, whatever its name."""
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt") if compressed else open(path)


def read_contig(path, contig):
    """The upper-case bases of one contig."""
    parts, inside = [], False
    with open_text(path) as file:
        for line in file:
            if line.startswith(">"):
                inside = line[1:].split()[0] == contig
            elif inside:
                parts.append(line.strip())
    if not parts:
        sys.exit(f"{path}: no contig {contig}")
    return "".join(parts).upper()


def read_vcf(path, region):
    """Yields (pos, id, ref, alts, qual, filter, info) of the records that start in the region."""
    contig, first, last = region
    with open_text(path) as file:
        for line in file:
            if line.startswith("#"):
                continue
            chrom, pos, name, ref, alt, qual, filter_, info = line.rstrip("\n").split("\t")[:8]
            if chrom == contig and first <= int(pos) <= last:
                fields = dict(item.partition("=")[::2] for item in info.split(";"))
                yield int(pos), name, ref, alt.split(","), qual, filter_, fields


def merge(population, clinvar):
    """1000 Genomes records, annotated where ClinVar has the same allele, and ClinVar's others."""
    annotations = {(r[0], r[2], r[3][0]): r for r in clinvar}
    records = []
    for pos, name, ref, alts, qual, filter_, fields in population:
        known = [annotations.pop((pos, ref, alt), None) for alt in alts]
        info = ["KG", f"AF={fields['AF']}"]
        info += [f"{key}={fields[key]}" for key in ("SVTYPE", "END") if key in fields]
        names = set(name.split(";")) | {k[1] for k in known if k}
        records.append((pos, names, ref, alts, qual, filter_, clinvar_info(known) + info))
    for pos, name, ref, alts, qual, filter_, fields in annotations.values():
        known = [(pos, name, ref, alts, qual, filter_, fields)]
        records.append((pos, {name}, ref, alts, qual, filter_, clinvar_info(known)))
    return sorted(records, key=lambda r: (r[0], r[2], r[3]))


def clinvar_info(known):
    """The INFO fields of the alleles of a record that ClinVar knows."""
    if not any(known):
        return []
    per_allele = lambda key: ",".join((k[6].get(key) or ".") if k else "." for k in known)
    genes = sorted({k[6].get("GENEINFO") for k in known if k} - {"", None})
    return (
        ["CLINVAR", f"CLASS={per_allele('CLASS')}", f"CLNSIG={per_allele('CLNSIG')}"]
        + ([f"GENE={genes[0]}"] if genes else [])
    )


def bgzip(data):
    """BGZF: gzip in blocks that a reader can jump between."""
    out = bytearray()
    for at in list(range(0, len(data), 0xFF00)) + [len(data)]:
        block = data[at : at + 0xFF00]
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = deflate.compress(block) + deflate.flush()
        out += struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
        out += body + struct.pack("<2I", zlib.crc32(block), len(block))
    return bytes(out)


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fasta", required=True, help="reference, with .fai and .gzi beside it")
    parser.add_argument("--clinvar", required=True, help="one ALT a row; CLNSIG, CLASS, GENEINFO")
    parser.add_argument("--population", required=True, help="1000 Genomes VCF with AF")
    parser.add_argument("--array", required=True, help="a 23andMe file of the same region")
    parser.add_argument("--region", default="chr17:41100001-41300000")
    parser.add_argument("--out", type=Path, default=here)
    args = parser.parse_args()

    contig, first, last = re.fullmatch(r"(\w+):(\d+)-(\d+)", args.region).groups()
    region = contig, int(first), int(last)
    bases = read_contig(args.fasta, contig)
    records = merge(read_vcf(args.population, region), read_vcf(args.clinvar, region))
    lines = []
    for pos, names, ref, alts, qual, filter_, info in records:
        if bases[pos - 1 : pos - 1 + len(ref)] != ref:
            sys.exit(f"{contig}:{pos}: REF is {ref}, the reference has other bases")
        name = ";".join(sorted(names - {"."})) or "."
        lines.append("\t".join([contig, str(pos), name, ref, ",".join(alts), qual, filter_, ";".join(info)]))
    text = HEADER.format(contig=contig, length=len(bases)) + "\n".join(lines) + "\n"
    (args.out / "brca1.vcf.gz").write_bytes(bgzip(text.encode()))
    for suffix in ("", ".fai", ".gzi"):
        shutil.copyfile(args.fasta + suffix, args.out / f"brca1.hg19.fa.gz{suffix}")
    shutil.copyfile(args.array, args.out / "brca1.23andme.txt")
    print(f"{len(lines)} records with {sum(len(r[3]) for r in records)} alternates")


if __name__ == "__main__":
    main()
