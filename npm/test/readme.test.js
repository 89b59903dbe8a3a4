// The README's first block is code that runs as it is printed, here and in every packaging project.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { openAsBlob } from "node:fs";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const ALLELES = 20;
const text = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const [, code] = /```js\n(.*?)```/s.exec(text("../README.md"));

/** The first records of the example. */
function someOfExample() {
  const vcf = gunzipSync(readFileSync(new URL("../../examples/brca1.vcf.gz", import.meta.url)));
  const lines = vcf.toString().split("\n");
  const head = lines.findIndex((line) => line.startsWith("#CHROM")) + 1;
  return new Blob([`${lines.slice(0, head + ALLELES).join("\n")}\n`]);
}

test("the example is ten lines, and those of the packaging projects", () => {
  assert.ok(code.trimEnd().split("\n").length <= 10);
  assert.equal(code, text("../packaging/score.js"));
});

test("the recipe for esbuild is what its packaging project runs", () => {
  const [, recipe] =
    /```js\n(import \{ GenoLeWMRuntime \} from "@genolewm\/runtime\/slim".*?)```/s.exec(
      text("../README.md"),
    );
  assert.ok(text("../packaging/esbuild/main.js").startsWith(recipe));
});

test("the example scores, as it is printed", async () => {
  const module = new URL("./readme-example.tmp.js", import.meta.url);
  writeFileSync(module, code);
  try {
    const { score } = await import(module);
    const path = fileURLToPath(new URL("../../examples/brca1.hg19.fa.gz", import.meta.url));
    const rows = await score(someOfExample(), await openAsBlob(path));
    assert.equal(rows.length, ALLELES);
    assert.ok(
      rows.every(({ status, sigmaCalibrated }) => status === "scored" && sigmaCalibrated >= 0),
    );
    assert.deepEqual(rows, await score(someOfExample(), pathToFileURL(path)));
  } finally {
    rmSync(module);
  }
});
