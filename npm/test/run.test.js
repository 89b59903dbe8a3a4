// A run from input to rows: order, backpressure, progress, and every way to end early.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeRuntime, MODEL, REFERENCE } from "./support/fake-runtime.js";

const lines = (count) => Array.from({ length: count }, (_, place) => `${place % 200}\n`).join("");
const bytes = (text) => new TextEncoder().encode(text);

async function load(hooks) {
  const { Runtime, open } = fakeRuntime(hooks);
  return { runtime: await Runtime.load(MODEL), open };
}

test("rows come in input order, skipped ones among them, and the summary adds up", async () => {
  const { runtime } = await load();
  const stream = runtime.scoreVcf(bytes("7\nx\n9\n"), { reference: REFERENCE });
  const rows = [];
  for await (const row of stream) rows.push([row.index, row.status, row.sigmaRaw]);
  assert.deepEqual(rows, [
    [0, "scored", 7],
    [1, "skipped", undefined],
    [2, "scored", 9],
  ]);
  const summary = await stream.summary;
  assert.equal(summary.alleles, summary.scored + summary.skipped);
  assert.deepEqual(summary.backends, { cpu: 2 });
  assert.equal(summary.modelId, "fake");
  assert.ok(summary.seconds >= 0);
  assert.equal(await stream.vcfHeader, "##fileformat=VCFv4.2\n");
  runtime.dispose();
});

test("progress never falls, keeps its total, and ends at it", async () => {
  const { runtime } = await load();
  const input = bytes(lines(100));
  const seen = [];
  const onProgress = (progress) => seen.push(progress);
  for await (const row of runtime.scoreVcf(input, { reference: REFERENCE, onProgress })) void row;
  assert.ok(seen.length > 10);
  assert.ok(seen.every(({ kind, total }) => kind === "score" && total === input.length));
  assert.ok(seen.every(({ done }, place) => place === 0 || done >= seen[place - 1].done));
  assert.equal(seen.at(-1).done, input.length);
  assert.equal(seen.at(-1).scored, 100);
  runtime.dispose();
});

test("a stream of unknown length has a total all the same", async () => {
  const { runtime } = await load();
  const seen = [];
  const stream = new Blob([lines(10)]).stream();
  const onProgress = ({ done, total }) => seen.push([done, total]);
  for await (const row of runtime.scoreVcf(stream, { reference: REFERENCE, onProgress })) void row;
  assert.deepEqual(seen[0], [0, 1]);
  assert.deepEqual(seen.at(-1), [1, 1]);
  runtime.dispose();
});

test("the run stays a few batches ahead of its reader and no more", async () => {
  let jobs = 0;
  const { runtime } = await load({ score: () => void (jobs += 1) });
  const batches = runtime.scoreVcf(bytes(lines(200)), { reference: REFERENCE }).batches();
  const iterator = batches[Symbol.asyncIterator]();
  await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(jobs < 10, `${jobs} jobs of 100 were done for one batch that was read`);
  await iterator.return();
  runtime.dispose();
});

test("leaving the iteration ends the run and frees it", async () => {
  let jobs = 0;
  const { runtime, open } = await load({ score: () => void (jobs += 1) });
  const stream = runtime.scoreVcf(bytes(lines(200)), { reference: REFERENCE });
  for await (const row of stream) if (row.index === 3) break;
  await assert.rejects(stream.summary, { name: "AbortError", code: "RESOURCE.GENERIC" });
  const after = jobs;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(jobs <= after + 1, "a batch was begun after the reader had left");
  assert.deepEqual([...open].map(({ name }) => name).sort(), ["Engine", "Model"]);
  runtime.dispose();
  assert.equal(open.size, 0);
});

test("a signal stops within one batch, with its own reason", async () => {
  const controller = new AbortController();
  let jobs = 0;
  const score = async () => {
    jobs += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const { runtime } = await load({ score });
  const { signal } = controller;
  const stream = runtime.scoreVcf(bytes(lines(200)), { reference: REFERENCE, signal });
  const rows = [];
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const row of stream) {
      rows.push(row);
      if (rows.length === 4) controller.abort(reason);
    }
  }, reason);
  const after = jobs;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(jobs <= after + 1, "a batch was begun after the signal");
  assert.deepEqual(
    rows.slice(0, 4).map(({ sigmaRaw }) => sigmaRaw),
    [0, 1, 2, 3],
  );
  runtime.dispose();
});

test("a failure of the engine rejects the iteration and the summary alike", async () => {
  const failure = { code: "INTERNAL.INVARIANT_VIOLATION", message: "not a number" };
  const { runtime } = await load({ score: () => Promise.reject(failure) });
  const stream = runtime.scoreVcf(bytes(lines(4)), { reference: REFERENCE });
  await assert.rejects(async () => {
    for await (const row of stream) void row;
  }, failure);
  await assert.rejects(stream.summary, { name: "GenoLeWMError", ...failure });
  runtime.dispose();
});

test("a module that has trapped is told as that, and not touched again", async () => {
  const trap = () => Promise.reject(new WebAssembly.RuntimeError("unreachable"));
  const { runtime, open } = await load({ score: trap });
  const stream = runtime.scoreVcf(bytes(lines(4)), { reference: REFERENCE });
  await assert.rejects(stream.summary, {
    code: "INTERNAL.GENERIC",
    message: /wasm module stopped/,
  });
  runtime.dispose();
  assert.deepEqual(
    [...open].map(({ name }) => name),
    ["Engine"],
  );
});

test("giving up while the engines start leaves none behind", async () => {
  let started;
  const starting = new Promise((resolve) => (started = resolve));
  let finish;
  const check = () => (started(), new Promise((resolve) => (finish = resolve)));
  const { Runtime, open } = fakeRuntime({ check });
  const controller = new AbortController();
  const loading = Runtime.load(MODEL, { backend: "cpu", signal: controller.signal });
  await starting;
  controller.abort(new Error("enough"));
  await assert.rejects(loading, { message: "enough" });
  finish();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(open.size, 0);
});

test("dispose rejects what is under way, and every later call", async () => {
  const { runtime } = await load();
  const stream = runtime.scoreVcf(bytes(lines(200)), { reference: REFERENCE });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  runtime.dispose();
  await assert.rejects(stream.summary, { name: "AbortError" });
  await assert.rejects(runtime.measure(), { name: "AbortError", code: "RESOURCE.GENERIC" });
  runtime.dispose();
});

test("nobody who only iterates is told of an unhandled rejection", async () => {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { runtime } = await load({ score: () => Promise.reject(new Error("broken")) });
  const stream = runtime.scoreVcf(bytes(lines(4)), { reference: REFERENCE });
  await assert.rejects(stream[Symbol.asyncIterator]().next());
  runtime.scoreVcf(bytes(lines(4)), { reference: REFERENCE });
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
  runtime.dispose();
});

test("rows are read once", async () => {
  const { runtime } = await load();
  const stream = runtime.scoreVcf(bytes("1\n"), { reference: REFERENCE });
  for await (const row of stream) void row;
  await assert.rejects(stream.batches().next(), { code: "INPUT.GENERIC" });
  runtime.dispose();
});

test("a reference is kept open by its owner, and known to its runtime only", async () => {
  const { runtime, open } = await load();
  const { runtime: other } = await load();
  const reference = await runtime.openReference(REFERENCE);
  assert.deepEqual(reference.contigs, [{ name: "chr1", lengthBp: 4 }]);
  for (let pass = 0; pass < 2; pass += 1) {
    for await (const row of runtime.scoreVcf(bytes("1\n"), { reference })) void row;
  }
  await assert.rejects(other.scoreVcf(bytes("1\n"), { reference }).summary, {
    message: "The reference was opened by another runtime.",
  });
  await reference.close();
  await assert.rejects(runtime.scoreVcf(bytes("1\n"), { reference }).summary, {
    message: "The reference was closed.",
  });
  assert.deepEqual([...open].map(({ name }) => name).sort(), ["Engine", "Model"]);
  runtime.dispose();
  other.dispose();
});

test("warnings of the input are passed on once", async () => {
  const { runtime } = await load({ warnings: '["odd"]' });
  const notices = [];
  const onNotice = (notice) => notices.push(notice);
  const stream = runtime.scoreVcf(bytes(lines(9)), { reference: REFERENCE, onNotice });
  for await (const row of stream) void row;
  assert.deepEqual(notices, [{ kind: "input-warning", message: "odd" }]);
  runtime.dispose();
});
