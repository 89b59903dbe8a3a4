// The package with its wasm module, in Node. The golden vectors judge the figures.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { GenoLeWMError, GenoLeWMRuntime } from "@genolewm/runtime";
import { GenoLeWMRuntime as Slim } from "@genolewm/runtime/slim";
import builtin from "@genolewm/runtime/models/builtin";
import { serve } from "./support/server.js";

const GOLDEN = new URL("../../tests/golden/pipeline/", import.meta.url);
const EXAMPLES = new URL("../../examples/", import.meta.url);
const REGION = "chr17:41196312-41197200";

const golden = (name) => readFileSync(new URL(name, GOLDEN));
const example = (name) => new URL(name, EXAMPLES);

/** The golden model, whose weights are stored compressed. */
function goldenModel() {
  const files = new Map();
  for (const name of [
    "calibration.parquet",
    "eval_metrics.json",
    "manifest.json",
    "train_config.yaml",
  ]) {
    files.set(name, golden(`model/${name}`));
  }
  for (const name of ["action_encoder", "predictor"]) {
    files.set(`${name}.safetensors`, gunzipSync(golden(`model/${name}.safetensors.gz`)));
  }
  for (const name of [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
  ]) {
    files.set(`encoder/${name}`, golden(`encoder/${name}`));
  }
  return files;
}

/** The golden model with short windows on a grid, in two views. */
function modelOfViews() {
  const files = goldenModel();
  const before = files.get("train_config.yaml");
  const windows = "window_bp: 480\nwindow_stride_bp: 96\nviews: ['+0', '-2']\n";
  const after = Buffer.concat([before, Buffer.from(windows)]);
  const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const manifest = String(files.get("manifest.json")).replace(hash(before), hash(after));
  return files.set("train_config.yaml", after).set("manifest.json", Buffer.from(manifest));
}

async function collect(stream) {
  const rows = [];
  for await (const row of stream) rows.push(row);
  return rows;
}

let runtime;
before(async () => (runtime = await GenoLeWMRuntime.load(builtin)));
after(() => runtime.dispose());

test("a model whose predictor's file was not called .safetensors crashed the package", async () => {
  const files = goldenModel();
  const manifest = String(files.get("manifest.json"));
  for (const part of ["predictor", "action_encoder"]) {
    files.set(`${part}.bin`, files.get(`${part}.safetensors`));
    files.delete(`${part}.safetensors`);
  }
  files.set("manifest.json", Buffer.from(manifest.replace(/(\w+)\.safetensors/g, "$1.bin")));
  assert.match(String(files.get("manifest.json")), /"predictor\.bin"/);
  const server = await serve(
    Object.fromEntries([...files].map(([name, bytes]) => [`/${name}`, bytes])),
  );
  for (const source of [files, server.origin]) {
    const model = await GenoLeWMRuntime.load(source, { backend: "cpu" });
    assert.ok((await model.measure()) > 0);
    await model.dispose();
  }
  // Its size alone was asked for before an engine took it: it is no document, nor as small as one.
  const asked = server.log.filter(({ path }) => path === "/predictor.bin");
  assert.deepEqual(
    asked.map(({ method }) => method),
    ["HEAD", "GET"],
  );
  await server.close();
});

test("the golden pipeline's scores, from a model given by its bytes", async () => {
  const model = await GenoLeWMRuntime.load(goldenModel(), { backend: "cpu" });
  const reference = new Blob([golden("ref.fa")]);
  const options = { reference, alleles: "as-given" };
  const rows = await collect(model.scoreVcf(new Blob([golden("in.vcf")]), options));
  const expected = golden("expected_scores.jsonl").toString().trim().split("\n").map(JSON.parse);
  const scored = rows.filter(({ status }) => status === "scored");
  assert.equal(scored.length, expected.length);
  scored.forEach((row, place) => {
    const { chrom, pos, ref, alt, bucket_id, sigma_raw } = expected[place];
    const found = [row.contig, row.pos, row.ref, row.alt, row.bucketId];
    assert.deepEqual(found, [chrom, pos, ref, alt, bucket_id]);
    assert.ok(
      Math.abs(row.sigmaRaw - sigma_raw) <= 1e-4 * sigma_raw,
      `${row.sigmaRaw} is not ${sigma_raw}`,
    );
  });
  await model.dispose();
});

test("a model's views are computed, or the first alone, and receipts follow them", async () => {
  const model = await GenoLeWMRuntime.load(modelOfViews(), { backend: "cpu" });
  assert.deepEqual(model.model.views, ["+0", "-2"]);
  assert.deepEqual([model.model.windowBp, model.model.windowStrideBp], [480, 96]);
  assert.deepEqual([runtime.model.views, runtime.model.windowStrideBp], [["+0"], null]);
  const reference = await model.openReference(new Blob([golden("ref.fa")]));
  const rows = golden("in.vcf").toString().split("\n");
  const line = rows.find((row) => /^\S+\t\d+\t\S+\t[ACGT]\t[ACGT]\t/.test(row)).split("\t");
  const edit = `${line[0]}:${line[1]}:${line[3]}:${line[4]}`;
  const input = { edit, reference };
  const scored = [];
  for (const views of ["all", "fast", "-2"]) {
    const row = await model.scoreVariant(edit, { reference, views, receipt: true });
    scored.push(row);
    assert.equal(row.lowConfidence || views === "all", true);
    const file = new Blob([row.receipt]);
    const verdict = await model.verifyReceipt(file, { input, rerun: true });
    assert.deepEqual([views, verdict.ok], [views, true]);
  }
  const [all, fast, minus] = scored.map((row) => row.sigmaRaw);
  assert.ok(Math.abs(all - (fast + minus) / 2) < 1e-9 && fast !== minus);
  const pooling = (row) => JSON.parse(row.receipt).provenance.details.pooling_config;
  assert.deepEqual(
    scored.map((row) => pooling(row).views),
    [["+0", "-2"], undefined, ["-2"]],
  );
  const head = rows.filter((row) => row.startsWith("#"));
  const vcf = new Blob([[...head, line.join("\t"), ""].join("\n")]);
  const [row] = await collect(model.scoreVcf(vcf, { reference, views: "fast", allAlleles: true }));
  assert.ok(Math.abs(row.sigmaRaw - fast) < 1e-9);
  const wrong = model.scoreVariant(edit, { reference, views: "+6" });
  await assert.rejects(wrong, { code: "INPUT.GENERIC" });
  await model.dispose();
});

test("loading tells of its stages, and ends at its total", async () => {
  const seen = [];
  const onProgress = (progress) => seen.push(progress);
  await (await GenoLeWMRuntime.load(builtin, { onProgress })).dispose();
  // While weights are loaded, the bytes that have come are told too.
  const steps = seen.filter(({ doneBytes }) => doneBytes === undefined);
  assert.deepEqual(
    steps.map(({ stage }) => stage),
    ["wasm", "model", "verify", "backend", "ready"],
  );
  assert.deepEqual(
    steps.map(({ done }) => done),
    [0, 1, 2, 3, 4],
  );
  assert.ok(seen.every(({ done }, place) => done >= (seen[place - 1]?.done ?? 0)));
  assert.ok(seen.every(({ total }) => total === 4));
});

test("a model whose file was changed is refused", async () => {
  const files = goldenModel();
  files.get("calibration.parquet")[100] ^= 1;
  await assert.rejects(GenoLeWMRuntime.load(files), (error) => {
    assert.ok(error instanceof GenoLeWMError);
    assert.equal(error.code, "PROVENANCE.MANIFEST_HASH_MISMATCH");
    return true;
  });
});

test("WebGPU that is not there is an error with a reason", async () => {
  const [, webgpu] = await GenoLeWMRuntime.probeBackends();
  assert.equal(webgpu.available, false);
  await assert.rejects(GenoLeWMRuntime.load(builtin, { backend: "webgpu" }), {
    code: "DEPLOY.BACKEND_UNSUPPORTED",
    details: { backend: "webgpu", reason: webgpu.reason },
  });
});

test("a loading that is aborted rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const onProgress = ({ stage }) => stage === "model" && controller.abort(reason);
  const { signal } = controller;
  await assert.rejects(GenoLeWMRuntime.load(builtin, { onProgress, signal }), reason);
});

test("the example by range from a server, and again through an index made of the file", async () => {
  const files = {};
  for (const name of [
    "brca1.hg19.fa.gz",
    "brca1.hg19.fa.gz.fai",
    "brca1.hg19.fa.gz.gzi",
    "brca1.vcf.gz",
  ]) {
    files[`/${name}`] = readFileSync(example(name));
  }
  const server = await serve(files, { page: true });
  const beside = await runtime.openReference(`${server.origin}/brca1.hg19.fa.gz`);
  const asked = server.log.map(({ path }) => path);
  assert.ok(asked.includes("/brca1.hg19.fa.gz.fai") && asked.includes("/brca1.hg19.fa.gz.gzi"));
  delete files["/brca1.hg19.fa.gz.fai"];
  const steps = [];
  const onProgress = (progress) => steps.push(progress);
  const built = await runtime.openReference(`${server.origin}/brca1.hg19.fa.gz`, { onProgress });
  assert.ok(steps.length > 0 && steps.every(({ kind }) => kind === "index"));
  assert.equal(steps.at(-1).done, steps.at(-1).total);
  assert.deepEqual(built.contigs, beside.contigs);
  assert.match(beside.assembly.assembly, /GRCh37/);
  const place = ["chr17", 41_197_694, 41_197_720];
  assert.equal(await built.bases(...place), await beside.bases(...place));
  assert.match(await built.bases(...place), /^[ACGT]{26}$/);
  await beside.close();
  await built.close();
  await server.close();
});

test("an index that belongs to another file is not used", async () => {
  const files = {
    "/brca1.hg19.fa.gz": readFileSync(example("brca1.hg19.fa.gz")),
    "/brca1.hg19.fa.gz.fai": Buffer.from("this is\tno index\n"),
    "/brca1.hg19.fa.gz.gzi": readFileSync(example("brca1.hg19.fa.gz.gzi")),
  };
  const server = await serve(files);
  const reference = await runtime.openReference(`${server.origin}/brca1.hg19.fa.gz`);
  assert.deepEqual(reference.contigs, [{ name: "chr17", lengthBp: 81_195_210 }]);
  await reference.close();
  await server.close();
});

test("a run over the example: rows, receipts that hold, annotated records, a summary", async () => {
  const reference = await runtime.openReference(example("brca1.hg19.fa.gz"));
  const options = { reference, regions: REGION, receipts: true, annotate: true };
  const stream = runtime.scoreVcf(example("brca1.vcf.gz"), options);
  const rows = await collect(stream);
  const summary = await stream.summary;
  assert.equal(rows.length, summary.alleles);
  assert.equal(summary.alleles, summary.scored + summary.skipped);
  assert.ok(summary.scored > 10);
  assert.equal(summary.backends.cpu, summary.scored);
  assert.equal(summary.modelId, runtime.model.modelId);
  assert.match(await stream.vcfHeader, /^##fileformat=VCF.*##INFO=<ID=GLW_PCT.*#CHROM/s);
  assert.ok(rows.every(({ record }) => record.includes("GLW_STATUS=")));
  const receipts = new Blob(rows.map(({ receipt }) => `${receipt}\n`));
  const verdict = await runtime.verifyReceipt(receipts);
  assert.deepEqual([verdict.ok, verdict.count], [true, rows.length]);
  assert.match(verdict.notChecked.join(" "), /whether the model gives these figures.* date/s);
  assert.deepEqual(
    verdict.checks.map(({ name }) => name),
    ["layout", "model", "files", "output", "calibration", "rows"],
  );
  assert.ok(runtime.model.sealed);
  assert.match(runtime.model.filesId, /^sha256:[0-9a-f]{64}$/);
  const lost = rows.filter((_, index) => index !== 1).map(({ receipt }) => `${receipt}\n`);
  const gap = await runtime.verifyReceipt(new Blob(lost));
  assert.deepEqual([gap.ok, gap.checks.at(-1).message], [false, "line 2: receipt 2 is missing"]);
  const first = rows[0];
  const one = await runtime.scoreVariant(
    { contig: first.contig, pos: first.pos, ref: first.ref, alt: first.alt },
    { reference },
  );
  assert.ok(Math.abs(one.sigmaRaw - first.sigmaRaw) <= 1e-5 * first.sigmaRaw);
  const bases = await reference.bases(
    first.contig,
    one.windowStart,
    one.windowStart + runtime.model.windowBp,
  );
  const text = `${first.contig}:${first.pos}:${first.ref}:${first.alt}`;
  const windowed = await runtime.scoreVariant(text, { window: { bases, start: one.windowStart } });
  assert.equal(windowed.sigmaRaw, one.sigmaRaw);
  await reference.close();
});

test("a padded SNV had another percentile", async () => {
  const reference = await runtime.openReference(example("brca1.hg19.fa.gz"));
  const spellings = [
    ["chr17", 41_220_558, "A", "G", undefined],
    ["chr17", 41_220_558, "ATTT", "GTTT", "chr17:41220558:A:G"],
    ["chr17", 41_220_557, "ga", "gg", "chr17:41220558:A:G"],
  ];
  const lines = spellings.map(([contig, pos, ref, alt]) =>
    [contig, pos, ".", ref, alt, ".", ".", "."].join("\t"),
  );
  const columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
  const vcf = new Blob([["##fileformat=VCFv4.2", columns, ...lines, ""].join("\n")]);
  const options = { reference, receipts: true, annotate: true };
  const rows = await collect(runtime.scoreVcf(vcf, options));
  assert.deepEqual(
    rows.map(({ pos, ref, alt, scoredAs }) => [
      pos,
      ref.toLowerCase(),
      alt.toLowerCase(),
      scoredAs,
    ]),
    spellings.map(([, pos, ref, alt, as]) => [pos, ref.toLowerCase(), alt.toLowerCase(), as]),
  );
  const [plain] = rows;
  for (const { sigmaRaw, receipt, json, record, scoredAs } of rows) {
    assert.equal(sigmaRaw, plain.sigmaRaw);
    const { input_commitment } = JSON.parse(receipt);
    assert.equal(input_commitment, JSON.parse(plain.receipt).input_commitment);
    assert.equal(JSON.parse(json).scored_as, scoredAs);
    assert.equal(record.includes(`GLW_EDIT=${scoredAs};`), scoredAs !== undefined);
  }
  const as = { reference, alleles: "as-given" };
  const given = await collect(runtime.scoreVcf(vcf, as));
  assert.equal(given[0].sigmaRaw, plain.sigmaRaw);
  assert.ok(given.slice(1).every((row) => row.sigmaRaw !== plain.sigmaRaw));
  assert.ok(given.every(({ scoredAs }) => scoredAs === undefined));
  const single = await runtime.scoreVariant("chr17:41220557:GA:GG", { reference });
  assert.deepEqual([single.sigmaRaw, single.scoredAs], [plain.sigmaRaw, "chr17:41220558:A:G"]);
  const padded = await runtime.scoreVariant("chr17:41220557:GA:GG", as);
  assert.equal(padded.sigmaRaw, given[2].sigmaRaw);
  const misspelt = runtime.scoreVariant("chr17:41220557:GA:GG", { reference, alleles: "as given" });
  await assert.rejects(misspelt, { code: "INPUT.GENERIC" });
  await reference.close();
});

test("a receipt that was tampered with does not hold", async () => {
  const reference = example("brca1.hg19.fa.gz");
  const { receipt } = await runtime.scoreVariant("chr17:41246481:T:C", {
    reference,
    receipt: true,
  });
  const forged = receipt.replace(/"sigma_calibrated":0\.\d/, '"sigma_calibrated":0.0');
  assert.notEqual(forged, receipt);
  const verdict = await runtime.verifyReceipt(new TextEncoder().encode(forged));
  assert.equal(verdict.ok, false);
  assert.ok(verdict.checks.some(({ ok }) => !ok));
  for (const [from, to] of [
    [/"state_layer":\d/, '"state_layer":0'],
    [/"encoder_dtype":"\w+"/, '"encoder_dtype":"int4"'],
    [/"timestamp":"20/, '"timestamp":"29'],
  ]) {
    const other = receipt.replace(from, to);
    assert.notEqual(other, receipt);
    const { ok } = await runtime.verifyReceipt(new TextEncoder().encode(other));
    assert.equal(ok, false, to);
  }
});

test("a receipt is compared with its input, and its figures with new ones", async () => {
  const reference = await runtime.openReference(example("brca1.hg19.fa.gz"));
  const edit = "chr17:41246481:T:C";
  const { receipt } = await runtime.scoreVariant(edit, { reference, receipt: true });
  const bytes = new TextEncoder().encode(receipt);
  const bare = await runtime.verifyReceipt(bytes);
  const input = { edit, reference };
  const sealed = await runtime.verifyReceipt(bytes, { input });
  assert.ok(sealed.ok && sealed.checks.some(({ name, ok }) => name === "input" && ok));
  assert.equal(sealed.notChecked.length, bare.notChecked.length - 1);
  const again = await runtime.verifyReceipt(bytes, { input, rerun: true });
  assert.ok(again.ok && again.checks.some(({ name, ok }) => name === "figures" && ok));
  assert.equal(again.notChecked.length, bare.notChecked.length - 2);
  const other = { edit: "chr17:41246481:T:G", reference };
  const refused = await runtime.verifyReceipt(bytes, { input: other, rerun: true });
  assert.equal(refused.ok, false);
  const failed = refused.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  assert.deepEqual(failed, ["input", "figures"]);
  const two = new TextEncoder().encode(`${receipt}\n${receipt}\n`);
  await assert.rejects(runtime.verifyReceipt(two, { input }), { code: "INPUT.GENERIC" });
  await reference.close();
});

test("variants are ranked among those that they are said to lie among", async () => {
  const reference = await runtime.openReference(example("brca1.hg19.fa.gz"));
  const edit = "chr17:41246481:T:C";
  const plain = await runtime.scoreVariant(edit, { reference });
  const rank = { region: "intron_variant", minBucketSize: 1 };
  const intron = await runtime.scoreVariant(edit, { reference, ...rank });
  assert.equal(intron.sigmaRaw, plain.sigmaRaw);
  assert.match(intron.bucketId, /^(intron|\*)/);
  const few = await runtime.scoreVariant(edit, { reference, minBucketSize: 1e15 });
  assert.equal(few.bucketId, "*");
  const vcf = new Blob([
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n",
    "chr17\t41246481\t.\tT\tC\t.\t.\t.\n",
  ]);
  const [row] = await collect(runtime.scoreVcf(vcf, { reference, ...rank, aggregation: "max" }));
  assert.deepEqual([row.bucketId, row.sigmaRaw], [intron.bucketId, intron.sigmaRaw]);
  for (const slip of [{ region: "intronn_variant_" }, { repeat: "lime" }]) {
    const call = runtime.scoreVariant(edit, { reference, ...slip });
    await assert.rejects(call, { code: "INPUT.GENERIC" });
  }
  await reference.close();
});

test("an array file becomes a VCF by alleles that are given", async () => {
  const heading = "# rsid\tchromosome\tposition\tgenotype\n";
  const rows = ["rs1\t1\t1010\tAC\n", "rs2\t1\t1020\tGG\n", "rs3\t2\t5\t--\n"];
  const file = new Blob([heading, ...rows]);
  const referenceAlleles = new Set([
    ["chr1", 1010, "A"],
    ["1", 1020, "G"],
    ["2", 5, "T"],
  ]);
  const named = await runtime.importRaw(file, { referenceAlleles, format: "23andme" });
  assert.match(named.vcf, /\n1\t1010\trs1\tA\tC\t\.\tPASS\tSOURCE=23andMe\tGT\t0\/1\n/);
  const counts = [named.recordsWritten, named.refCallsSkipped, named.noCallsSkipped];
  assert.deepEqual(counts, [1, 1, 1]);
  const told = await runtime.importRaw(file, { referenceAlleles });
  assert.notEqual(told.vcf, named.vcf);
  const json = { referenceAlleles, format: "sequencing" };
  await assert.rejects(runtime.importRaw(file, json), { code: "INPUT.VCF_PARSE" });
});

test("an array file is recognised, and becomes a VCF", async () => {
  const file = example("brca1.23andme.txt");
  const inspection = await runtime.inspect(file);
  assert.deepEqual([inspection.format, inspection.compression], ["table", "plain"]);
  const result = await runtime.importRaw(file, {
    reference: example("brca1.hg19.fa.gz"),
    sampleId: "ME",
  });
  assert.match(result.vcf, /\tFORMAT\tME\n/);
  const records = result.vcf.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(records.length, result.recordsWritten);
});

test("an array file that touched more of the reference than is kept was never done", async () => {
  const [rows, apart] = [70, 1 << 18];
  const length = rows * apart;
  const header = new TextEncoder().encode(">1\n");
  let reads = 0;
  const file = {
    name: "own.fa",
    size: header.length + length + 1,
    read: async (offset, count) => {
      reads += 1;
      const bytes = new Uint8Array(Math.min(count, file.size - offset)).fill(65);
      if (offset === 0) bytes.set(header.subarray(0, count));
      return bytes;
    },
  };
  const fai = new TextEncoder().encode(`1\t${length}\t3\t${length}\t${length + 1}\n`);
  const line = (row) => `rs${row}\t1\t${row * apart + 1000}\tAG\n`;
  const lines = Array.from({ length: rows }, (_, row) => line(row));
  const heading = "# This data file generated by 23andMe\n# rsid\tchromosome\tposition\tgenotype\n";
  const result = await runtime.importRaw(new Blob([heading, ...lines]), {
    reference: { file, fai },
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(result.recordsWritten, rows);
  // Once to compare the file with the reference, once to write.
  assert.ok(reads <= 2 * rows + 5, `${reads} reads for ${rows} pages`);
});

test("a window's state, and what follows from an edit", async () => {
  const window = "ACGTTGCA".repeat(runtime.model.windowBp / 8);
  const state = await runtime.encodeWindow(window, 2048);
  assert.equal(state.length, runtime.model.stateWidth);
  const next = await runtime.predict(state, [{ relPos: 2048, ref: "A", alt: "C" }]);
  assert.equal(next.length, state.length);
  assert.notDeepEqual(next, state);
  await assert.rejects(runtime.predict(state.slice(1), [{ relPos: 0, ref: "A", alt: "C" }]), {
    code: "INPUT.GENERIC",
  });
});

test("mistakes are errors with a code, a place and a remedy", async () => {
  const reference = example("brca1.hg19.fa.gz");
  const wrong = "chr17:41246481:G:C";
  await assert.rejects(runtime.scoreVariant(wrong, { reference }), {
    code: "INPUT.WINDOW_MISMATCH",
  });
  await assert.rejects(runtime.scoreVariant(wrong, {}), { code: "INPUT.GENERIC" });
  await assert.rejects(runtime.scoreVariant("chr17:1", { reference }), {
    code: "INPUT.INVALID_EDIT",
  });
  await assert.rejects(runtime.openReference(new Blob(["hello"])), { code: "INPUT.GENERIC" });
  const vcf =
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr17\tx\t.\tA\tC\t.\t.\t.\n";
  const rows = await collect(runtime.scoreVcf(new Blob([vcf]), { reference }));
  assert.deepEqual(
    rows.map(({ status, reason, line }) => [status, reason, line]),
    [["skipped", "malformed", 3]],
  );
  await assert.rejects(GenoLeWMRuntime.load(builtin, { threads: 0 }), { code: "INPUT.GENERIC" });
  await assert.rejects(GenoLeWMRuntime.load(builtin, { worker: true }), {
    code: "DEPLOY.BACKEND_UNSUPPORTED",
  });
});

test("the slim entry runs with a module of the caller's", async () => {
  const wasm = readFile(new URL("../wasm/genolewm_bg.wasm", import.meta.url));
  const slim = await Slim.load(builtin, { wasm });
  assert.equal(slim.model.modelId, runtime.model.modelId);
  await slim.dispose();
  await assert.rejects(Slim.load(builtin, { wasm: new Uint8Array(8) }), {
    code: "RESOURCE.RUNTIME_SETUP",
  });
});

test("measure gives a rate", async () => {
  assert.ok((await runtime.measure()) > 0);
});

const CASES = new URL("../../tests/cases/web/", import.meta.url);

function brca1() {
  return { file: example("brca1.hg19.fa.gz") };
}

test("a region that lies nowhere gave no rows and no error", async () => {
  for (const regions of ["BRCA1", "rs8176320", "chr99:1-5", "chr17,chr99"]) {
    const options = { reference: brca1(), regions };
    await assert.rejects(collect(runtime.scoreVcf(example("brca1.vcf.gz"), options)), (error) => {
      assert.ok(error instanceof GenoLeWMError && error.code === "INPUT.GENERIC", regions);
      assert.ok(regions.includes(error.details.region) && error.remediation, regions);
      return true;
    });
  }
});

test("five people who carried nothing had 300 changes", async () => {
  const file = new URL("nobody-carries-it/five_samples.vcf", CASES);
  const { samples, candidates } = await runtime.inspect(file);
  assert.deepEqual(samples, ["MOTHER", "FATHER", "ALICE", "BOB", "CAROL"]);
  const hers = await runtime.inspect(file, { sample: "ALICE" });
  const all = await runtime.inspect(file, { allAlleles: true });
  assert.deepEqual([all.candidates, all.reasons.not_carried], [300, undefined]);
  assert.ok(hers.candidates < candidates && candidates < 300);
  const options = { reference: brca1(), sample: "ALICE", regions: "chr17:41206097-41206600" };
  const rows = await collect(runtime.scoreVcf(file, options));
  const [first, second] = rows;
  assert.deepEqual([first.status, first.zygosity], ["scored", "homozygous"]);
  assert.deepEqual([second.status, second.reason], ["skipped", "not_carried"]);
  assert.ok(rows.some(({ repeat }) => repeat === "masked" || repeat === "unmasked"));
  const nobody = new URL("nobody-carries-it/five_homref.vcf", CASES);
  const { candidates: none, reasons } = await runtime.inspect(nobody);
  assert.deepEqual([none, reasons.not_carried], [0, 300]);
  await assert.rejects(runtime.inspect(file, { sample: "EVE" }), { code: "INPUT.GENERIC" });
});

test("an hg38 file was scored on the hg19 piece to its end, for nothing", async () => {
  const file = new URL("hg38-on-hg19/hg38.vcf", CASES);
  const rows = collect(runtime.scoreVcf(file, { reference: brca1() }));
  await assert.rejects(rows, { code: "INPUT.WINDOW_MISMATCH" });
});
