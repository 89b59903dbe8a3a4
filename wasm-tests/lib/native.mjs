// The native program, which is the judge of every other runtime.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { ROOT, scratch } from "./paths.mjs";

/** The built program: `GENOLEWM_BIN`, or the build of this repository that its tests share. */
export function program() {
  const target = process.env.CARGO_TARGET_DIR ?? "target";
  const path = resolve(ROOT, process.env.GENOLEWM_BIN ?? join(target, "debug/genolewm"));
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run \`cargo build --workspace --bins --tests\` first`);
  }
  return path;
}

/** Runs the program; what it wrote, and its status. */
export function genolewm(args, { cwd = ROOT } = {}) {
  const ended = spawnSync(program(), args, { cwd, encoding: "utf8", maxBuffer: 1 << 30 });
  if (ended.error) throw ended.error;
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** Runs the program and expects success. */
export function mustRun(args, options) {
  const ended = genolewm(args, options);
  if (ended.status !== 0) {
    throw new Error(`genolewm ${args.join(" ")}: status ${ended.status}\n${ended.stderr}`);
  }
  return ended;
}

/**
 * Scores a file. Rows are those of the TSV, one an allele, scored or skipped, by column name; the
 * receipts are lines of JSON.
 */
export function scoreFile({ vcf, fasta, annotation, model, regions, alleles, receipts = false }) {
  const folder = scratch("native");
  const output = join(folder, "scores.tsv");
  const args = ["score", "--vcf", vcf, "--fasta", fasta, "--output", output, "--format", "tsv"];
  args.push("--no-progress", "--backend", "cpu");
  if (model) args.push("--model-dir", model);
  if (annotation) args.push("--annotation", annotation);
  if (regions) args.push("--regions", regions);
  if (alleles) args.push("--alleles", alleles);
  if (receipts) args.push("--receipt", join(folder, "receipts.jsonl"));
  else args.push("--no-receipt");
  const ended = mustRun(args);
  return {
    rows: parseTsv(readFileSync(output, "utf8")),
    receipts: receipts ? readLines(join(folder, "receipts.jsonl")) : [],
    stderr: ended.stderr,
  };
}

/** The rows of a TSV of scores, by column name. */
export function parseTsv(text) {
  const [head, ...lines] = text.trimEnd().split("\n");
  const columns = head.split("\t");
  return lines.map((line) => toRow(columns, line.split("\t")));
}

/** Scores one variant and gives the row of the program's JSON. */
export function scoreOne({ variant, fasta, annotation, model }) {
  const args = ["score", "--variant", variant, "--fasta", fasta, "--no-receipt", "--quiet"];
  if (annotation) args.push("--annotation", annotation);
  if (model) args.push("--model-dir", model);
  return JSON.parse(mustRun(args).stdout);
}

/** Whether the program takes a file of receipts as they are; its words when it does not. */
export function verify(receipts, manifest) {
  const ended = genolewm(["verify", receipts, "--manifest", manifest]);
  return { ok: ended.status === 0, words: ended.stdout + ended.stderr };
}

const NUMBERS = new Set([
  "pos",
  "sigma_raw",
  "sigma_calibrated",
  "displacement",
  "confidence",
  "line",
]);

function toRow(columns, cells) {
  const row = {};
  columns.forEach((column, at) => {
    const cell = cells[at];
    row[column] = NUMBERS.has(column) && cell !== "" ? Number(cell) : cell;
  });
  return row;
}

function readLines(path) {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}
