// The packed tarball in an empty folder: ten lines of README code score the example in each
// runtime and bundler, with equal results and without a word on standard error.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";

import { asNative, assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { example, someOfExample } from "../lib/fixtures.mjs";
import { tarball } from "../lib/installed.mjs";
import { scoreFile } from "../lib/native.mjs";
import { CONSUMERS, sharedCode } from "../lib/packaging.mjs";
import { inRoot } from "../lib/paths.mjs";
import { run } from "../lib/runtimes.mjs";

/** Lists what a tarball holds. */
async function listing() {
  const ended = await run("tar", ["--list", "--gzip", "--file", tarball()]);
  assert.equal(ended.status, 0, ended.stderr);
  return ended.stdout.trim().split("\n");
}

describe("the packed package", { timeout: 1_200_000 }, () => {
  const vcf = someOfExample(100, "packaging.vcf");
  let native;
  const answers = new Map();

  before(() => {
    native = scoreFile({ vcf, fasta: example.fasta() }).rows;
  });

  test("the README shows the code that the consumers run", () => {
    const fences = readFileSync(inRoot("npm/README.md"), "utf8").split("```");
    const shown = fences.some((fence) => fence.includes(sharedCode().trim()));
    assert.ok(shown, "npm/README.md does not have npm/packaging/score.js in a fence");
    assert.ok(sharedCode().trim().split("\n").length <= 10, "more than ten lines");
  });

  for (const [name, consumer] of Object.entries(CONSUMERS)) {
    test(`${name} scores the example as the native program does`, async () => {
      const rows = await consumer({ vcf, reference: example.fasta() });
      assertSameRows(rows.map(asNative), native, TOLERANCE.cpu);
      answers.set(name, rows);
    });
  }

  test("all of them give the same rows", () => {
    assert.equal(answers.size, Object.keys(CONSUMERS).length, "some gave none");
    const [[first, wanted], ...others] = answers;
    for (const [name, rows] of others) assert.deepEqual(rows, wanted, `${name} and ${first}`);
  });

  test("it holds what is needed and nothing else", async () => {
    const files = await listing();
    for (const name of ["README.md", "LICENSE", "dist/entry/default.d.ts"]) {
      assert.ok(files.includes(`package/${name}`), `${name} is missing`);
    }
    const odd = files.filter((file) => /node_modules|packaging|\/test\/|\.tgz$/.test(file));
    assert.deepEqual(odd, []);
    const manifest = JSON.parse(readFileSync(inRoot("npm/package.json"), "utf8"));
    assert.deepEqual(Object.keys(manifest.dependencies ?? {}), []);
    const hooks = ["preinstall", "install", "postinstall", "prepare"];
    assert.deepEqual(
      hooks.filter((hook) => hook in (manifest.scripts ?? {})),
      [],
    );
  });
});
