// Input files, made on the spot or copied from the repository; the names say what is odd.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import { inRoot, scratch } from "./paths.mjs";

let folder;
const at = (name) => join((folder ??= scratch("fixtures")), name);

/** The example's files. */
export const example = {
  vcf: () => inRoot("examples/brca1.vcf.gz"),
  fasta: () => inRoot("examples/brca1.hg19.fa.gz"),
  fai: () => inRoot("examples/brca1.hg19.fa.gz.fai"),
  gzi: () => inRoot("examples/brca1.hg19.fa.gz.gzi"),
  annotation: () => inRoot("examples/brca1.gencode19.gff3.gz"),
  array: () => inRoot("examples/brca1.23andme.txt"),
};

/** The golden case's files. */
export const golden = {
  vcf: () => inRoot("tests/golden/pipeline/in.vcf"),
  /** The first records of it. */
  first: (records) => {
    const lines = readFileSync(golden.vcf(), "utf8").split("\n");
    const header = lines.filter((line) => line.startsWith("#")).length;
    return save("golden.vcf", `${lines.slice(0, header + records).join("\n")}\n`);
  },
  fasta: () => inRoot("tests/golden/pipeline/ref.fa"),
  scores: () => inRoot("tests/golden/pipeline/expected_scores.jsonl"),
};

/** The example's header lines and records. */
export function exampleLines() {
  const lines = gunzipSync(readFileSync(example.vcf())).toString("utf8").trimEnd().split("\n");
  return {
    header: lines.filter((line) => line.startsWith("#")),
    records: lines.filter((line) => !line.startsWith("#")),
  };
}

/** The example's region, `{contig, start, bases}` with a 0-based start: what is not `N`. */
export function exampleRegion() {
  const text = gunzipSync(readFileSync(example.fasta())).toString("latin1");
  const newline = text.indexOf("\n");
  const bases = text.slice(newline).replaceAll("\n", "").toUpperCase();
  const start = bases.search(/[ACGT]/);
  const length = bases.slice(start).search(/N{1000}/);
  const contig = text.slice(1, newline).split(/\s/)[0];
  return { contig, start, bases: bases.slice(start, start + length) };
}

function save(name, content) {
  const path = at(name);
  writeFileSync(path, content);
  return path;
}

/** Every `step`-th record of the example, and those that cannot be scored. */
export function someOfExample(step, name = "some.vcf") {
  const { header, records } = exampleLines();
  const odd = (record) => {
    const [, , , ref, alts] = record.split("\t");
    return [ref, ...alts.split(",")].some((allele) => allele.length > 16 || allele[0] === "<");
  };
  const kept = records.filter((record, index) => index % step === 0 || odd(record));
  return save(name, `${[...header, ...kept].join("\n")}\n`);
}

/** The example's records with a genotype column: what a page must not tell anybody. */
export function withGenotypes(step, name, sample) {
  const { header, records } = exampleLines();
  const columns = `${header.at(-1)}\tFORMAT\t${sample}`;
  const format = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">';
  const kept = records.filter((_record, index) => index % step === 0);
  const body = kept.map((record, index) => `${record}\tGT\t${index % 2 === 0 ? "0|1" : "1|1"}`);
  return save(name, `${[...header.slice(0, -1), format, columns, ...body].join("\n")}\n`);
}

/**
 * A sorted VCF of `rows` records: single-base changes that fit the example's reference, and every
 * 50th a symbolic deletion, which is skipped. The same number gives the same file.
 */
export function manyRows(rows) {
  const { contig, start, bases } = exampleRegion();
  const lines = ["##fileformat=VCFv4.2", `##contig=<ID=${contig},length=81195210>`];
  lines.push("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO");
  // Changes are numbered site by site, three a site; a fixed stride spreads the rows evenly.
  const changes = 3 * bases.length;
  if (rows > changes) throw new Error(`the region has room for ${changes} rows`);
  for (let row = 0; row < rows; row += 1) {
    const change = Math.floor((row * changes) / rows);
    const site = Math.floor(change / 3);
    const ref = bases[site];
    const alt = row % 50 === 49 ? "<DEL>" : "ACGT".replace(ref, "")[change % 3];
    lines.push(`${contig}\t${start + site + 1}\t.\t${ref}\t${alt}\t.\tPASS\t.`);
  }
  return save(`many-${rows}.vcf`, `${lines.join("\n")}\n`);
}

/** The example, gzip, cut off in the middle as a broken download is. */
export function truncatedGzip() {
  const { header, records } = exampleLines();
  const whole = gzipSync(`${[...header, ...records].join("\n")}\n`);
  return save("truncated.vcf.gz", whole.subarray(0, Math.floor(whole.length / 2)));
}

/**
 * A file of GRCh38 by its header, with records where the GRCh37 reference has other bases: what the
 * places of another build look like.
 */
export function wrongBuild() {
  const { header, records } = exampleLines();
  const moved = records.filter((_, index) => index % 10 === 0).map(move);
  const head = header
    .map((line) => line.replace("length=81195210,assembly=GRCh37", "length=83257441"))
    .filter((line) => !line.startsWith("##reference"));
  return save("wrong-build.vcf", `${[...head, ...moved].join("\n")}\n`);
}

function move(record) {
  const cells = record.split("\t");
  cells[1] = String(Number(cells[1]) - 30_011);
  return cells.join("\t");
}

/** An array file with the line ends of Windows, as 23andMe writes them. */
export function arrayWithCrlf() {
  const text = readFileSync(example.array(), "utf8").replaceAll("\r\n", "\n");
  return save("array-crlf.txt", text.replaceAll("\n", "\r\n"));
}

/** A file that nobody scores. */
export const notGenomic = () => save("letter.txt", "Dear all,\n\nnothing here is a variant.\n");
