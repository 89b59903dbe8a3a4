// Bytes that are not UTF-8 go through, as they do natively: wasm-tests compares with the program.

import assert from "node:assert/strict";
import { openAsBlob, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { GenoLeWMRuntime } from "@genolewm/runtime";
import builtin from "@genolewm/runtime/models/builtin";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const CASES = ["vcf-tolerances/latin1hdr.vcf", "vcf-output-one-bad-line/v35_latin1.vcf"];

let runtime, reference;
before(async () => {
  runtime = await GenoLeWMRuntime.load(builtin);
  reference = await runtime.openReference(await openAsBlob(path("examples/brca1.hg19.fa.gz")));
});
after(() => runtime.dispose());

describe("Latin-1 became UTF-8 in the annotated VCF", () => {
  for (const name of CASES) test(name, () => assertKept(name));
});

/** Expects the input's bytes in the output. */
async function assertKept(name) {
  const input = readFileSync(path(`tests/cases/files/${name}`));
  assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(input));
  const stream = runtime.scoreVcf(input, { reference, annotate: true });
  const pieces = [];
  for await (const row of stream) {
    if (row.record !== undefined) pieces.push(Buffer.from(row.recordBytes ?? row.record), "\n");
  }
  const header = Buffer.from(await stream.vcfHeaderBytes);
  const output = Buffer.concat([header, ...pieces.map((piece) => Buffer.from(piece))]);
  // In Latin-1 each byte is a letter: what was added is taken away, and the input must be left.
  const added = /;GLW_[^\t\n]*|^##INFO=<ID=GLW_[^\n]*\n|^##genolewm_[^\n]*\n/gm;
  assert.equal(output.toString("latin1").replaceAll(added, ""), input.toString("latin1"));
  assert.equal(await stream.vcfHeader, header.toString("latin1"));
}

test("rows of UTF-8 carry their record once", async () => {
  const input = readFileSync(path("tests/cases/files/vcf-tolerances/latin1hdr.vcf"));
  for await (const row of runtime.scoreVcf(input, { reference, annotate: true })) {
    assert.ok(row.record !== undefined && row.recordBytes === undefined);
  }
});
