// A reference of 3 GB works within 300 MB, with an index and without.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import { asNative, assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { installed } from "../lib/installed.mjs";
import { watchRenderer } from "../lib/memory.mjs";
import { builtinWindowBp } from "../lib/model.mjs";
import { mustRun } from "../lib/native.mjs";
import { scratch } from "../lib/paths.mjs";
import { packagePage, run } from "../lib/runtimes.mjs";
import { baseAt, tileBases } from "../drivers/large.mjs";

const LIMIT_MB = 300;
const WINDOW_BP = builtinWindowBp();
// In all 3.2 GB, with the last places beyond what 31 bits can say.
const CONTIGS = [1, 2, 3, 4].map((n) => ({ name: `big${n}`, lengthBp: 787_500_000 }));
const PER_CONTIG = 16;
const PLACES = Array.from({ length: PER_CONTIG }, (_, n) => 1_000 + n * 52_499_873);

/** Single-base changes at the places of each contig, two batches of them and more. */
function variants() {
  const bases = tileBases();
  return CONTIGS.flatMap(({ name }) =>
    PLACES.map((pos) => {
      const ref = baseAt(bases, pos - 1);
      return `${name}:${pos}:${ref}:${ref === "T" ? "C" : "T"}`;
    }),
  );
}

/** The same as a VCF. */
function vcf() {
  const records = variants().map((variant) => {
    const [contig, pos, ref, alt] = variant.split(":");
    return [contig, pos, ".", ref, alt, ".", ".", "."].join("\t");
  });
  const head = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"];
  return `${[...head, ...records].join("\n")}\n`;
}

/** The same variants by the native program, which is given the window and not the file. */
function nativeRows() {
  const bases = tileBases();
  return variants().map((variant) => {
    const pos = Number(variant.split(":")[1]);
    const start = Math.min(Math.max(pos - 1 - WINDOW_BP / 2, 0), CONTIGS[0].lengthBp - WINDOW_BP);
    const window = Array.from({ length: WINDOW_BP }, (_, at) => baseAt(bases, start + at)).join("");
    const place = ["--window", window, "--window-start", String(start)];
    const args = ["score", "--variant", variant, ...place, "--no-receipt", "--quiet"];
    return { ...JSON.parse(mustRun(args).stdout), status: "scored" };
  });
}

describe("a reference of 3 GB", { timeout: 900_000 }, () => {
  let native;
  before(() => {
    native = nativeRows();
  });

  for (const indexed of [true, false]) {
    const how = indexed ? "with its index" : "without an index";

    test(`in Node, ${how}`, async (t) => {
      const job = join(scratch("large"), "job.json");
      writeFileSync(job, JSON.stringify({ contigs: CONTIGS, vcf: vcf(), indexed }));
      const ended = await run(process.execPath, ["drivers/large-command.mjs", job], {
        cwd: installed(),
      });
      assert.equal(ended.stderr, "");
      const answer = JSON.parse(ended.stdout);
      check(answer, native, indexed);
      const peak = answer.maxRSS / 1024;
      t.diagnostic(`peak of the whole process: ${peak.toFixed(0)} MB`);
      assert.ok(peak <= LIMIT_MB, `${peak} MB`);
    });
  }

  for (const kind of ["a source of ranges with its index", "a File without an index"]) {
    test(`in Chromium, ${kind}`, async (t) => {
      const opened = await packagePage();
      t.after(() => opened.close());
      const { page, browser } = opened;
      const watch = await watchRenderer(page, browser);
      const work = { contigs: CONTIGS, vcf: vcf(), indexed: kind.endsWith("its index") };
      const answer = JSON.parse(await page.evaluate(inPage, work));
      watch.stop();
      check(answer, native, work.indexed);
      t.diagnostic(`private memory of the renderer: at most ${watch.peak.toFixed(0)} MB`);
      assert.ok(watch.peak <= LIMIT_MB, `${watch.peak} MB`);
    });
  }
});

/** Runs in the page, which has the package as globals. */
async function inPage({ contigs, vcf, indexed }) {
  const { GenoLeWMRuntime, builtin } = globalThis;
  const { largeFile, largeReference } = await import("/drivers/large.mjs");
  // One engine: each further one is a copy of the model, whatever the reference.
  const runtime = await GenoLeWMRuntime.load(builtin, { backend: "cpu", threads: 1 });
  const { source, fai, read } = indexed ? largeReference(contigs) : {};
  const input = indexed ? { file: source, fai } : { file: largeFile(contigs) };
  const reference = await runtime.openReference(input);
  const rows = [];
  const file = new File([vcf], "sites.vcf");
  for await (const row of runtime.scoreVcf(file, { reference })) rows.push(row);
  const open = reference.contigs;
  await reference.close();
  await runtime.dispose();
  return JSON.stringify({ rows, contigs: open, read: read ?? null, size: input.file.size });
}

function check({ rows, contigs, read, size }, native, indexed) {
  assert.ok(size > 3.1e9, "the reference is smaller than the test says");
  assert.deepEqual(contigs, CONTIGS);
  const like = native.map((row, at) => ({ ...row, displacement: rows[at].displacement }));
  assertSameRows(rows.map(asNative), like, TOLERANCE.cpu);
  if (read === null) return;
  // With an index a few windows are read; without, the file once and the same few windows.
  const windows = read.bytes - (indexed ? 0 : size);
  assert.ok(windows > 0 && windows < 20e6, `${windows} bytes were read for the windows`);
}
