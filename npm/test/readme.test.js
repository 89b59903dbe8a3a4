// Every program of the README runs as it is printed: here, or in the packaging project that it is of.

import assert from "node:assert/strict";
import { openAsBlob, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

const ALLELES = 20;
const text = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const readme = text("../README.md");
const programs = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const [example, ...others] = programs;
/** Those with imports are modules of their own; the others are pieces of a caller's. */
const [modules, pieces] = [true, false].map((wanted) =>
  others.filter((code) => code.startsWith("import ") === wanted),
);

/** The first records of the example. */
function someOfExample() {
  const vcf = gunzipSync(readFileSync(new URL("../../examples/brca1.vcf.gz", import.meta.url)));
  const lines = vcf.toString().split("\n");
  const head = lines.findIndex((line) => line.startsWith("#CHROM")) + 1;
  const columns = `${lines[head - 1]}\tFORMAT\tNA12878`;
  const carried = lines.slice(head, head + ALLELES).map((line) => `${line}\tGT\t0|1`);
  const format = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">';
  return new Blob([[...lines.slice(0, head - 1), format, columns, ...carried].join("\n"), "\n"]);
}

const genome = fileURLToPath(new URL("../../examples/brca1.hg19.fa.gz", import.meta.url));

let runtime;
before(async () => (runtime = await GenoLeWMRuntime.load(builtin)));
after(() => runtime.dispose());

test("the example is ten lines, and those of the packaging projects", () => {
  assert.ok(example.trimEnd().split("\n").length <= 10);
  assert.equal(example, text("../packaging/score.js"));
});

test("the recipe for esbuild is what its packaging project runs", () => {
  assert.equal(modules.length, 1, "a module of the README runs nowhere");
  assert.ok(text("../packaging/esbuild/main.js").startsWith(modules[0]));
});

test("the example scores, as it is printed", async () => {
  const module = new URL("./readme-example.tmp.js", import.meta.url);
  writeFileSync(module, example);
  try {
    const { score } = await import(module);
    const rows = await score(someOfExample(), await openAsBlob(genome));
    assert.equal(rows.length, ALLELES);
    assert.ok(
      rows.every(({ status, sigmaCalibrated }) => status === "scored" && sigmaCalibrated >= 0),
    );
    assert.deepEqual(rows, await score(someOfExample(), pathToFileURL(genome)));
  } finally {
    rmSync(module);
  }
});

/** Runs a piece of a program with what its reader has, and answers that with what it declares. */
async function ran(code) {
  const table = [];
  table.append = (more) => table.push(more);
  const reference = await runtime.openReference(await openAsBlob(genome));
  const window = await reference.bases(reference.contigs[0].name, 41_244_000, 41_244_600);
  const targetWindow = `${window.slice(0, 300)}${window[300] === "A" ? "C" : "A"}${window.slice(301)}`;
  const has = { runtime, reference, window, targetWindow, table, file: someOfExample() };
  Object.assign(has, { bar: { value: 0 }, controller: new AbortController() });
  const declared = [...code.matchAll(/^const (?:(\w+)|\{([^}]+)\}) =/gm)]
    .flatMap(([, one, several]) => one ?? several.split(","))
    .map((name) => name.trim());
  const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => undefined);
  const body = `"use strict";\n${code}\nreturn { ${declared.join(", ")} };`;
  const run = new AsyncFunction(...Object.keys(has), body);
  return { ...has, ...(await run(...Object.values(has))) };
}

/** What comes of each piece, by what it calls. */
const OUTCOMES = [
  [
    /receipts: true/,
    ({ scored, skipped, table, bar }) => {
      // What lies outside the regions is no row.
      assert.equal(table.flat().length, scored + skipped);
      assert.equal(bar.value, 1);
    },
  ],
  [
    /annotate: true/,
    async ({ annotated }) => {
      const lines = (await annotated.text()).trimEnd().split("\n");
      assert.equal(lines.filter((line) => /;GLW_RAW=/.test(line)).length, ALLELES);
      assert.match(lines[0], /^##fileformat=VCF/);
    },
  ],
  [
    /runtime\.plan\(/,
    ({ table, plan, closer, bar }) => {
      assert.deepEqual(
        [...table],
        plan.edits.map(({ relPos, ref, alt }) => [relPos, ref, alt]),
      );
      assert.ok(plan.edits.length > 0 && plan.edits.every(({ relPos }) => relPos >= 199));
      assert.ok(Number.isFinite(closer));
      assert.equal(bar.value, 1);
    },
  ],
];

test("the later programs of the README ran nowhere", async (t) => {
  assert.equal(pieces.length, OUTCOMES.length, "a program of the README has no outcome here");
  for (const [which, assertOutcome] of OUTCOMES) {
    const found = pieces.filter((code) => which.test(code));
    assert.equal(found.length, 1, String(which));
    await t.test(`the one with ${which.source}`, async () => assertOutcome(await ran(found[0])));
  }
});

test("settings within the README's sentences are of JavaScript and JSON", () => {
  const settings = [...readme.matchAll(/`((?:"[^`"]+"|\w+): [[{][^`]+[\]}])`/g)];
  assert.ok(settings.length >= 2, "the settings of Vite and Parcel");
  for (const [, setting] of settings) {
    const value = new Function(`return { ${setting} };`)();
    assert.equal(Object.keys(value).length, 1, setting);
  }
});
