// What a compiler would have refused: JavaScript is told with a code and a remedy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GenoLeWMError } from "../dist/errors.js";
import { GenoLeWMRuntime as Slim } from "../dist/entry/slim.js";
import { fakeRuntime, MODEL, REFERENCE } from "./support/fake-runtime.js";

const INPUT = new TextEncoder().encode("1\n");
const reference = REFERENCE;
const { Runtime } = fakeRuntime({});

/** Fails unless `call` ends in an error of ours with a remedy, and words that fit. */
async function assertTold(call, words, what = String(call)) {
  await assert.rejects(
    async () => call(),
    (error) => {
      assert.ok(error instanceof GenoLeWMError, `${what}: ${error}`);
      assert.notEqual(error.code, "INTERNAL.GENERIC", what);
      assert.ok(error.remediation, `${what} has no remedy`);
      assert.match(error.message, words, what);
      return true;
    },
  );
}

test("what load() cannot use was a bare TypeError", async () => {
  const cases = [
    [() => Runtime.load(), /no model to load/],
    [() => Runtime.load(null), /no model to load/],
    [() => Runtime.load(7), /no model to load/],
    [() => Runtime.load({}), /no manifest\.json/],
    [() => Runtime.load([]), /no manifest\.json/],
    [() => Runtime.load(new Map()), /no manifest\.json/],
    [() => Runtime.load({ "manifest.json": "text" }), /manifest\.json of the model is no file/],
    [() => Runtime.load(["manifest.json"]), /is no file/],
    [() => Runtime.load(MODEL, null), /options must be an object/],
    [() => Runtime.load(MODEL, "cpu"), /options must be an object/],
    [() => Runtime.load(MODEL, { backend: "gpu" }), /backend must be "auto", "cpu" or "webgpu"/],
    [() => Runtime.load(MODEL, { threads: 0 }), /threads must be a whole number above 0/],
    [() => Runtime.load(MODEL, { threads: "2" }), /threads must be/],
    [() => Runtime.load(MODEL, { worker: "yes" }), /worker must be true or false/],
    [() => Runtime.load(MODEL, { onProgress: true }), /onProgress must be a function/],
    [() => Runtime.load(MODEL, { signal: 1 }), /signal must be an AbortSignal/],
    [() => Runtime.load(MODEL, { onprogress: () => 1 }), /no option onprogress/],
    [() => Runtime.load(MODEL, { toString: 1 }), /no option toString/],
    [() => Runtime.load(MODEL, { worker: true }), /no workers/],
    [() => new Runtime(), /loaded and not constructed/],
    [() => Slim.load(MODEL), /given none/],
    [() => Slim.load(MODEL, { wasm: 7 }), /wasm module cannot be used/],
  ];
  for (const [call, words] of cases) await assertTold(call, words);
});

test("options that are missing, unknown or of another kind were raw TypeErrors", async () => {
  const runtime = await Runtime.load(MODEL);
  const score = (...given) => runtime.scoreVcf(...given).summary;
  const one = (...given) => runtime.scoreVariant(...given);
  const opened = await runtime.openReference(reference);
  const cases = [
    [() => score(INPUT), /scoreVcf needs a reference/],
    [() => score(INPUT, {}), /scoreVcf needs a reference/],
    [() => score(INPUT, null), /options must be an object/],
    [() => score(INPUT, { reference: null }), /reference must be a file/],
    [() => score(null, { reference }), /no file that can be read/],
    [() => score(undefined, { reference }), /no file that can be read/],
    [() => score(Symbol("x"), { reference }), /no file that can be read/],
    [() => score(INPUT, { reference: 7 }), /no file that can be read/],
    [() => score(INPUT, { reference, batchSize: -1 }), /batchSize must be/],
    [() => score(INPUT, { reference, batchSize: "x" }), /batchSize must be/],
    [() => score(INPUT, { reference, batchsize: 2 }), /no option batchsize/],
    [() => score(INPUT, { reference, regions: ["17"] }), /regions must be a string/],
    [() => score(INPUT, { reference, receipts: 1 }), /receipts must be true or false/],
    [() => score(INPUT, { reference, onNotice: {} }), /onNotice must be a function/],
    [() => score(INPUT, { reference, signal: {} }), /signal must be an AbortSignal/],
    [() => one(), /edit must be/],
    [() => one("1:1:A:C"), /in a window or on a reference/],
    [() => one("1:1:A:C", { window: "ACGT" }), /window must be an object/],
    [() => one("1:1:A:C", { window: { bases: "ACGT" } }), /window has no start/],
    [() => one("1:1:A:C", { reference, receipts: true }), /no option receipts/],
    [() => runtime.openReference(), /no file that can be read/],
    [() => runtime.openReference({ file: undefined }), /no file that can be read/],
    [() => runtime.openReference(reference, { onNotice: () => 1 }), /no option onNotice/],
    [() => runtime.inspect(), /no file that can be read/],
    [() => runtime.inspect(INPUT, { signal: "stop" }), /signal must be/],
    [() => runtime.importRaw(INPUT), /importRaw needs a reference/],
    [() => runtime.importRaw(INPUT, { reference, sampleId: 7 }), /sampleId must be a string/],
    [
      () => runtime.importRaw(INPUT, { reference, referenceAlleles: [] }),
      /takes alleles from one place/,
    ],
    [() => runtime.importRaw(INPUT, { referenceAlleles: 7 }), /referenceAlleles must be an array/],
    [
      () => runtime.importRaw(INPUT, { referenceAlleles: [["1", "2", "A"]] }),
      /referenceAlleles must be an array/,
    ],
    [
      () => runtime.importRaw(INPUT, { referenceAlleles: [["1", 2, "A\n1\t3\tA"]] }),
      /referenceAlleles must be an array/,
    ],
    [() => runtime.importRaw(INPUT, { reference, format: "vcf" }), /format must be one of 23andme/],
    [() => score(INPUT, { reference, minBucketSize: 0 }), /minBucketSize must be/],
    [() => score(INPUT, { reference, aggregation: "sum" }), /aggregation must be "mean"/],
    [() => one("1:1:A:C", { reference, region: 1 }), /region must be a string/],
    [() => runtime.verifyReceipt(), /no file that can be read/],
    [() => runtime.verifyReceipt(INPUT, { rerun: true }), /scores again what it is given/],
    [() => runtime.verifyReceipt(INPUT, { tolerance: -1 }), /tolerance must be a number from 0/],
    [() => runtime.verifyReceipt(INPUT, { input: {} }), /edit must be/],
    [() => runtime.verifyReceipt(INPUT, { input: { edits: "x" } }), /no option edits/],
    [
      () => runtime.verifyReceipt(INPUT, { input: { edit: "1:1:A:C" } }),
      /in a window or on a reference/,
    ],
    [() => runtime.encodeWindow(), /window must be a string/],
    [() => runtime.encodeWindow("ACGT", 1.5), /editLocus must be/],
    [() => runtime.predict([1, 2], []), /state must be a Float32Array/],
    [() => runtime.predict(new Float32Array(2)), /edits must be an array/],
    [() => runtime.measure(5), /options must be an object/],
    [() => opened.bases("chr1"), /start must be/],
    [() => opened.bases(1, 0, 2), /contig must be a string/],
    [() => opened.bases("chr1", -1, 2), /start must be/],
  ];
  for (const [call, words] of cases) await assertTold(call, words);
  for (const read of ["summary", "vcfHeader"]) {
    await assertTold(() => runtime.scoreVcf(INPUT)[read], /needs a reference/, read);
  }
  await assertTold(() => runtime.scoreVcf(INPUT)[Symbol.asyncIterator]().next(), /needs/);
  await runtime.dispose();
  await assertTold(() => runtime.measure(), /was disposed/);
});

test("a misspelt edit was an untagged enum", async () => {
  const runtime = await Runtime.load(MODEL);
  const window = { bases: "ACGT", start: 0 };
  const state = new Float32Array(2);
  const edit = { contig: "1", pos: 2, ref: "C", alt: "T" };
  const { pos, contig, ...rest } = edit;
  const one = (given) => runtime.scoreVariant(given, { window });
  const cases = [
    [
      () => one({ ...rest, contig, position: pos }),
      /the edit has position where it should have pos/,
    ],
    [() => one({ ...rest, contig, POS: pos }), /has POS where it should have pos/],
    [() => one({ ...rest, pos, chrom: contig }), /has chrom where it should have contig/],
    [() => one({ contig, pos, ref: "C" }), /the edit has no alt/],
    [() => one({ ...edit, pos: "2" }), /the edit\.pos must be a whole number from 0/],
    [() => one({ ...edit, pos: 2n }), /the edit\.pos must be a whole number from 0/],
    [() => one({ ...edit, ref: 7 }), /the edit\.ref must be a string/],
    [() => one(["1", 2, "C", "T"]), /the edit must be "chr17/],
    [
      () =>
        runtime.verifyReceipt(INPUT, { input: { edit: { ...rest, contig, position: 2 }, window } }),
      /has position where/,
    ],
    [
      () =>
        runtime.predict(state, [
          { ...rest, relPos: 1 },
          { ...rest, rel_pos: 1 },
        ]),
      /the edits\[1\] has rel_pos where it should have relPos/,
    ],
    [() => runtime.rollout(state, [edit]), /the edits\[0\] has pos where it should have relPos/],
    [() => runtime.rollout(state, ["2:C:T"]), /the edits\[0\] must be an edit of a window/],
  ];
  for (const [call, words] of cases) await assertTold(call, words);
  const error = await one({ ...rest, contig, position: pos }).catch((told) => told);
  assert.match(error.remediation, /\{ contig: "chr17", pos: 41246481, ref: "T", alt: "C" \}/);
  assert.doesNotMatch(JSON.stringify(error), /serde|enum|variant of/);
});

test("parts that are misspelt were ignored, or told without a name", async () => {
  const runtime = await Runtime.load(MODEL);
  const plan = (more) => runtime.plan("ACGT", { targetWindow: "ACGA", ...more });
  const cases = [
    [
      () =>
        plan({
          protect: [
            { start: 1, end: 2 },
            { star: 1, end: 2 },
          ],
        }),
      /protect\[1\] has star where it should have start/,
    ],
    [() => plan({ within: { start: 1, stop: 2 } }), /within has no end/],
    [() => plan({ within: { start: 1, end: -2 } }), /within\.end must be a whole number/],
    [() => plan({ forbid: ["GATC", 7] }), /forbid\[1\] must be a string/],
    [() => plan({ cost: "edits" }), /cost must be "count", "bp" or "weighted_type"/],
    [() => plan({ distance: "L2" }), /distance must be "l2" or "cosine"/],
    [() => plan({ prediction: "all" }), /prediction must be "together" or "stepwise"/],
    [() => plan({ editTypes: ["snv", "snp"] }), /editTypes\[1\] must be "snv", "ins"/],
    [() => plan({ samples: 32 }), /elite must be no more than samples/],
    [
      () => runtime.scoreVariant("1:1:A:C", { window: { sequence: "ACGT", start: 0 } }),
      /window has sequence where it should have bases/,
    ],
    [() => runtime.openReference({ file: INPUT, fia: INPUT }), /A reference has no part fia/],
    [() => runtime.openReference({ FILE: INPUT, fai: INPUT }), /A reference has no part FILE/],
    [
      () => runtime.scoreVcf(INPUT, { reference: { file: INPUT, index: INPUT } }).summary,
      /A reference has no part index/,
    ],
  ];
  for (const [call, words] of cases) await assertTold(call, words);
  const meant = {
    onprogres: () => runtime.openReference(reference, { onprogres: () => 1 }),
    receipt: () => runtime.scoreVcf(INPUT, { reference, receipt: true }).summary,
    sample: () => plan({ sample: 5 }),
    keep_frame: () => plan({ keep_frame: true }),
    FILE: () => runtime.openReference({ FILE: INPUT, fai: INPUT }),
  };
  const right = ["onProgress", "receipts", "samples", "keepFrame", "file"];
  for (const [place, call] of Object.values(meant).entries()) {
    const { remediation } = await call().catch((told) => told);
    assert.match(remediation, new RegExp(`^Did you mean ${right[place]}\\?`));
  }
});

test("a row of a file serves as an edit", async () => {
  const runtime = await Runtime.load(MODEL);
  const row = { status: "scored", index: 0, contig: "1", pos: 2, ref: "C", alt: "T", id: null };
  // The imitation of wasm has no such window: what is asked is that the edit gets there.
  await assert.rejects(runtime.scoreVariant(row, { window: { bases: "ACGT", start: 0 } }), {
    message: /withWindow/,
  });
});

test("an option that is undefined is one that was not given", async () => {
  const runtime = await Runtime.load(MODEL, { backend: undefined, signal: undefined });
  const options = { reference, regions: undefined, batchSize: undefined };
  assert.equal((await runtime.scoreVcf(INPUT, options).summary).scored, 1);
  await runtime.dispose();
});

test("every error has a remedy, the native program's where it has none of its own", () => {
  const error = GenoLeWMError.from(new TypeError("x is undefined"));
  assert.match(error.remediation, /please report it/);
  const source = readFileSync(new URL("../../shared/src/error.rs", import.meta.url), "utf8");
  const [, body] = /fn remedy\(self\)[^{]*\{(.*?)\n {4}\}\n/s.exec(source);
  const arms = [...body.matchAll(/("[A-Z]+"|_) => (?:\{\s*)?"([^"]+)"/g)];
  assert.equal(arms.length, 8);
  for (const [, family, remedy] of arms) {
    const code = family === "_" ? "INTERNAL.GENERIC" : `${family.slice(1, -1)}.GENERIC`;
    assert.equal(new GenoLeWMError({ code, message: "" }).remediation, remedy);
  }
});

test("awaiting the summary alone waited for ever", async () => {
  const runtime = await Runtime.load(MODEL);
  const many = new TextEncoder().encode("1\n".repeat(50));
  assert.equal((await runtime.scoreVcf(many, { reference }).summary).scored, 50);
  // Both, in either order: the rows are the reader's.
  const stream = runtime.scoreVcf(many, { reference });
  const read = async () => {
    let rows = 0;
    for await (const batch of stream.batches()) rows += batch.length;
    return rows;
  };
  const [summary, rows] = await Promise.all([stream.summary, read()]);
  assert.deepEqual([summary.scored, rows], [50, 50]);
  await assertTold(() => stream.batches().next(), /can be read once/);
  // Who catches alone does not wait for it, and who comes late finds the rows.
  const late = runtime.scoreVcf(many, { reference });
  late.summary.catch(() => undefined);
  await late.vcfHeader;
  await late.summary;
  let kept = 0;
  for await (const batch of late.batches()) kept += batch.length;
  assert.equal(kept, 50);
  await runtime.dispose();
});
