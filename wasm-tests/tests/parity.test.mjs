// The same alleles get the same scores in the native program and in every runtime of the package.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import { asNative, assertReconciled, assertSameRows, TOLERANCE } from "../lib/compare.mjs";
import { vectorDistance } from "../lib/compare.mjs";
import { arrayWithCrlf, example, exampleRegion, golden, someOfExample } from "../lib/fixtures.mjs";
import { builtinModel, builtinWindowBp, goldenModel, packedModel } from "../lib/model.mjs";
import { mustRun, scoreFile, scoreOne, verify } from "../lib/native.mjs";
import { oracleAccepts } from "../lib/oracle.mjs";
import { scratch } from "../lib/paths.mjs";
import { inChromium, inDeno, inNode, inWorkerd, jobFile, jobModel } from "../lib/runtimes.mjs";

const VARIANT = "chr17:41246481:T:C";
const RUNTIMES = { Chromium: inChromium, Node: inNode, Deno: inDeno, workerd: inWorkerd };

function exampleReference() {
  return {
    file: jobFile(example.fasta()),
    fai: jobFile(example.fai()),
    gzi: jobFile(example.gzi()),
  };
}

/** A window of the example's region for `encodeWindow` and `predict`. */
function windowOfExample() {
  const { bases } = exampleRegion();
  const windowBp = builtinWindowBp();
  const window = bases.slice(100_000, 100_000 + windowBp);
  const middle = windowBp / 2;
  const ref = window[middle];
  return { window, middle, edits: [{ relPos: middle, ref, alt: ref === "A" ? "G" : "A" }] };
}

function exampleJob(vcf, backend) {
  const { window, middle, edits } = windowOfExample();
  return {
    load: { backend, threads: 2 },
    reference: exampleReference(),
    annotation: jobFile(example.annotation()),
    vcf: jobFile(vcf),
    score: { receipts: true, annotate: true },
    encode: [window, middle],
    predict: { window: [window, middle], edits },
    variant: VARIANT,
    array: jobFile(arrayWithCrlf()),
  };
}

function goldenJob(backend, vcf) {
  return {
    model: jobModel(goldenModel()),
    load: { backend, threads: 1 },
    reference: { file: jobFile(golden.fasta()) },
    vcf: jobFile(vcf),
    score: { receipts: true, alleles: "as-given" },
  };
}

describe("the example with the built-in model", { timeout: 900_000 }, () => {
  const vcf = someOfExample(60);
  const annotated = { fasta: example.fasta(), annotation: example.annotation() };
  let native;
  const answers = {};

  before(async () => {
    native = scoreFile({ vcf, ...annotated });
    // Side by side: most of them compute on one core.
    const each = Object.entries(RUNTIMES).map(async ([name, work]) => {
      answers[name] = await work(exampleJob(vcf, "cpu"));
    });
    await Promise.all(each);
  });

  for (const name of Object.keys(RUNTIMES)) {
    test(`${name} scores as the native program does`, (t) => {
      const { scores, backend } = answers[name];
      assert.equal(backend, "cpu");
      assertReconciled(scores.rows, scores.summary);
      const rows = scores.rows.map(asNative);
      const worst = assertSameRows(rows, native.rows, TOLERANCE.cpu);
      assert.ok(
        rows.some((row) => row.status !== "scored"),
        "no skipped row to compare",
      );
      t.diagnostic(`sigma_raw is at most ${worst.toExponential(1)} away from native`);
    });
  }

  test("all runtimes give the same bytes", () => {
    const parts = ["modelId", "state", "predicted", "imported"];
    for (const [name, answer] of Object.entries(answers)) {
      for (const part of parts)
        assert.deepEqual(answer[part], answers.Node[part], `${name} ${part}`);
      const bare = (rows) => rows.map(({ receipt, ...row }) => row);
      assert.deepEqual(bare(answer.scores.rows), bare(answers.Node.scores.rows), name);
      assert.equal(answer.scores.header, answers.Node.scores.header, name);
    }
  });

  test("one variant scores as the native program does", () => {
    const want = scoreOne({ variant: VARIANT, ...annotated });
    for (const [name, answer] of Object.entries(answers)) {
      assertSameRows(
        [asNative(answer.variant)],
        [{ ...want, status: "scored", displacement: answer.variant.displacement }],
        TOLERANCE.cpu,
      );
      assert.ok(answer.variant.receipt, name);
    }
  });

  test("the annotated VCF has what the native program adds", () => {
    const folder = scratch("annotated");
    const output = join(folder, "native.vcf");
    const { fasta, annotation } = annotated;
    const args = ["score", "--vcf", vcf, "--fasta", fasta, "--annotation", annotation];
    mustRun([...args, "--no-receipt", "-o", output]);
    const records = (text) => text.split("\n").filter((line) => line && !line.startsWith("#"));
    const want = records(readFileSync(output, "utf8"));
    const got = answers.Chromium.scores.rows.flatMap((row) => (row.record ? [row.record] : []));
    assert.equal(got.length, want.length);
    got.forEach((record, at) => assertSameRecord(record.trimEnd(), want[at]));
    assert.match(answers.Chromium.scores.header, /^##fileformat=VCF/);
    assert.match(answers.Chromium.scores.header, /##INFO=<ID=GLW_RAW,/);
    assert.match(answers.Chromium.scores.header, /\n#CHROM\t[^\n]*\n?$/);
  });

  test("an array file is imported as the native program does", () => {
    const folder = scratch("imported");
    const output = join(folder, "native.vcf");
    const args = ["import", "--format", "auto", arrayWithCrlf(), "--fasta", example.fasta()];
    mustRun([...args, "--output", output]);
    const body = (text) => text.split("\n").filter((line) => !line.startsWith("#"));
    const want = body(readFileSync(output, "utf8"));
    assert.ok(want.length > 10, "the native program imported next to nothing");
    assert.deepEqual(body(answers.Chromium.imported.vcf), want);
    assert.equal(answers.Chromium.imported.recordsWritten, want.filter(Boolean).length);
  });

  test("receipts of every runtime hold, natively and for the Python package", () => {
    for (const [name, answer] of Object.entries(answers)) {
      assertReceiptsHold(name, answer.scores, join(builtinModel(), "manifest.json"));
      assert.equal(answer.verdict.ok, true, `${name}: ${JSON.stringify(answer.verdict)}`);
      assert.equal(answer.verdict.count, answer.scores.receipts.length);
    }
  });

  test("a changed receipt is refused", () => {
    const folder = scratch("tampered");
    const [receipt] = answers.Chromium.scores.receipts;
    const tampered = receipt.replace(/"sigma_raw":\s*0\./, '"sigma_raw":9.');
    assert.notEqual(tampered, receipt);
    writeFileSync(join(folder, "one.json"), tampered);
    const manifest = join(builtinModel(), "manifest.json");
    assert.equal(verify(join(folder, "one.json"), manifest).ok, false);
    assert.equal(oracleAccepts(join(folder, "one.json"), manifest).status, 8);
  });

  test("progress never falls, keeps its total, and ends at 100 %", () => {
    for (const answer of Object.values(answers)) {
      assertProgress(answer.load);
      assertProgress(answer.scores.progress);
    }
  });

  test("WebGPU on the software adapter scores as the native program does", async (t) => {
    const few = someOfExample(500, "few.vcf");
    const want = scoreFile({ vcf: few, ...annotated });
    const answer = await inChromium(exampleJob(few, "webgpu"), { webgpu: true });
    assert.equal(answer.backend, "webgpu");
    assertReconciled(answer.scores.rows, answer.scores.summary);
    assert.deepEqual(Object.keys(answer.scores.summary.backends), ["webgpu"]);
    const worst = assertSameRows(answer.scores.rows.map(asNative), want.rows, TOLERANCE.webgpu);
    t.diagnostic(`sigma_raw is at most ${worst.toExponential(1)} away from native`);
    for (const part of ["state", "predicted"]) {
      assert.ok(vectorDistance(answer[part], answers.Node[part]) <= TOLERANCE.webgpu, part);
    }
    const [receipt] = answer.scores.receipts.map((line) => JSON.parse(line));
    assert.match(JSON.stringify(receipt), /webgpu/, "the receipt does not name the backend");
    assertReceiptsHold("WebGPU", answer.scores, join(builtinModel(), "manifest.json"));
  });
});

describe("the golden pipeline", { timeout: 900_000 }, () => {
  const expected = readFileSync(golden.scores(), "utf8").trimEnd().split("\n");
  const wanted = expected.map((line) => ({ ...JSON.parse(line), status: "scored" }));
  const runs = {
    "the CPU in Chromium": [inChromium, "cpu", {}],
    "the CPU in Node": [inNode, "cpu"],
    "the CPU in Deno": [inDeno, "cpu"],
    "the CPU in workerd": [inWorkerd, "cpu"],
    "WebGPU in Chromium": [inChromium, "webgpu", { webgpu: true }],
  };
  // The software adapter takes seconds for each allele.
  const vcfs = { cpu: golden.vcf(), webgpu: golden.first(12) };

  for (const [name, [work, backend, options]] of Object.entries(runs)) {
    test(`${name} scores as the native and the Python program do`, async (t) => {
      const vcf = vcfs[backend];
      const files = { vcf, fasta: golden.fasta(), model: goldenModel() };
      const native = scoreFile({ ...files, alleles: "as-given" });
      const { scores, ...answer } = await work(goldenJob(backend, vcf), options);
      assert.equal(answer.backend, backend);
      const rows = scores.rows.map(asNative);
      const worst = assertSameRows(rows, native.rows, TOLERANCE[backend]);
      t.diagnostic(`sigma_raw is at most ${worst.toExponential(1)} away from native`);
      // The vectors' own tolerances: 1e-3 relative, 2e-3 for the percentile.
      const scored = rows.filter((row) => row.status === "scored");
      const like = (backend === "cpu" ? wanted : wanted.slice(0, scored.length)).map((row, at) => ({
        ...row,
        displacement: scored[at]?.displacement,
      }));
      assertSameRows(scored, like, 1e-3);
      assertReceiptsHold(name, scores, join(goldenModel(), "manifest.json"));
    });
  }
});

describe("packed weights", { timeout: 900_000 }, () => {
  const vcf = someOfExample(700, "packed.vcf");
  for (const dtype of ["int8", "int4"]) {
    test(`${dtype} weights score as in the native program`, async (t) => {
      const model = packedModel(dtype);
      const native = scoreFile({ vcf, fasta: example.fasta(), model });
      for (const [work, backend, options] of [
        [inNode, "cpu"],
        [inChromium, "webgpu", { webgpu: true }],
      ]) {
        const job = {
          model: jobModel(model),
          load: { backend, threads: 1 },
          reference: exampleReference(),
          vcf: jobFile(vcf),
          score: { receipts: true },
        };
        const { scores, ...answer } = await work(job, options);
        assert.equal(answer.backend, backend);
        assertReconciled(scores.rows, scores.summary);
        const worst = assertSameRows(scores.rows.map(asNative), native.rows, TOLERANCE[backend]);
        t.diagnostic(`${backend}: sigma_raw is at most ${worst.toExponential(1)} away from native`);
        assertReceiptsHold(`${dtype} on ${backend}`, scores, join(model, "manifest.json"));
      }
    });
  }
});

/** The same record with figures that are near. */
function assertSameRecord(got, want) {
  const cells = (record) => record.split("\t");
  const [ours, theirs] = [cells(got), cells(want)];
  assert.deepEqual(
    ours.filter((_, at) => at !== 7),
    theirs.filter((_, at) => at !== 7),
  );
  const fields = (info) => info.split(";").map((field) => field.split("="));
  const [a, b] = [fields(ours[7]), fields(theirs[7])];
  assert.deepEqual(
    a.map(([key]) => key),
    b.map(([key]) => key),
  );
  a.forEach(([key, value], at) => {
    if (!/^GLW_(RAW|PCT|DISP)$/.test(key)) return assert.equal(value, b[at][1], key);
    const figures = value.split(",");
    const wanted = b[at][1].split(",");
    assert.equal(figures.length, wanted.length);
    figures.forEach((figure, n) => {
      if (wanted[n] === ".") assert.equal(figure, ".");
      else assert.ok(Math.abs(figure - wanted[n]) <= 1e-3, `${key}: ${figure}, ${wanted[n]}`);
    });
  });
}

/** Expects a receipt a scored row, all of which both judges take. */
function assertReceiptsHold(name, { rows, receipts }, manifest) {
  const folder = scratch("receipts");
  assert.equal(receipts.length, rows.filter((row) => row.status === "scored").length, name);
  assert.ok(receipts.length > 0, name);
  const all = join(folder, "all.jsonl");
  writeFileSync(all, `${receipts.join("\n")}\n`);
  const verdict = verify(all, manifest);
  assert.ok(verdict.ok, `${name}: ${verdict.words}`);
  // Python starts slowly: a few of them.
  for (const receipt of [receipts[0], receipts.at(-1)]) {
    const one = join(folder, "one.json");
    writeFileSync(one, receipt);
    const { ok, words } = oracleAccepts(one, manifest);
    assert.ok(ok, `${name}: ${words}`);
  }
}

function assertProgress(steps) {
  assert.ok(steps.length > 1, "no progress");
  let done = 0;
  for (const step of steps) {
    assert.ok(step.done >= done, `progress fell from ${done} to ${step.done}`);
    assert.equal(step.total, steps[0].total);
    done = step.done;
  }
  assert.equal(done, steps[0].total, "progress does not end at 100 %");
}
