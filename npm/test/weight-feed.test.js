// Weights on their way to engines: read once, in pieces, and handed to all who start together.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { LATE } from "../dist/abort.js";
import { openFile } from "../dist/files.js";
import { GenoLeWMRuntime } from "../dist/entry/node.js";
import { modelFiles, split } from "../dist/model-source.js";
import { tensorFileSize } from "../dist/tensor-file.js";
import { Pace } from "../dist/pace.js";
import { WeightFeed } from "../dist/weight-feed.js";
import { serve } from "./support/server.js";

const BUILTIN = new URL("../../models/builtin/", import.meta.url);
const WEIGHTS = [
  "action_encoder.safetensors",
  "encoder/model.safetensors",
  "predictor.safetensors",
];
const quiet = new AbortController().signal;

/** A source of so many bytes that counts its reads, and gives no more than a piece at once. */
function counted(size) {
  const reads = [];
  const source = {
    name: "weights",
    size,
    read: async (offset, length) => {
      reads.push([offset, length]);
      return new Uint8Array(Math.min(length, size - offset)).fill(reads.length);
    },
  };
  return { reads, spec: { kind: "range", name: "weights", source } };
}

function feed(size) {
  const { reads, spec } = counted(size);
  const told = [];
  const made = new WeightFeed([{ path: "w", size }], { w: spec }, (done) => told.push(done));
  return { feed: made, reads, told };
}

/** An engine that takes what is poured, and how many bytes it got. */
const engine = (feed, taken, ready) =>
  feed.start(async (pour) => {
    await ready;
    await pour(async (piece) => void taken.push(piece.length));
  }, quiet);

test("a file of weights is read once for engines that start together, piece by piece", async () => {
  const size = 5 * (1 << 20) + 7;
  const { feed: weights, reads, told } = feed(size);
  const [one, other] = [[], []];
  await Promise.all([engine(weights, one), engine(weights, other, new Promise(setImmediate))]);
  assert.deepEqual(one, other);
  assert.equal(
    one.reduce((sum, length) => sum + length, 0),
    size,
  );
  assert.ok(Math.max(...one) <= 1 << 20);
  assert.equal(reads.length, 6);
  assert.equal(told.at(-1), size);
  // Who comes later, in the place of one that was lost, is given all of it again.
  const later = [];
  await engine(weights, later);
  assert.deepEqual(later, one);
});

test("an engine that never got ready, or ran out of memory, kept the others waiting", async () => {
  const { feed: weights } = feed(3 << 20);
  const never = new Promise(() => undefined);
  const stuck = weights.start(() => never, quiet);
  stuck.catch(() => undefined);
  const fails = weights.start((pour) => pour(() => Promise.reject(new Error("no room"))), quiet);
  const gone = weights.start(() => Promise.reject(new Error("no device")), quiet);
  gone.catch(() => undefined);
  const taken = [];
  const works = engine(weights, taken);
  await assert.rejects(fails, /no room/);
  await assert.rejects(gone, /no device/);
  await works;
  assert.equal(taken.length, 3);
});

test("an adapter that was given up read all weights for itself alone", async () => {
  const { feed: weights, reads } = feed(3 << 20);
  const pace = new Pace(60_000);
  let ready;
  const work = async (pour) => {
    await new Promise((resolve) => (ready = resolve));
    await pour(async () => undefined);
  };
  const late = weights.start(work, quiet, pace);
  const taken = [];
  const started = engine(weights, taken);
  pace.stop(new Error("late"));
  await started;
  ready();
  await assert.rejects(late, /late/);
  assert.deepEqual([taken.length, reads.length], [3, 3]);
});

test("a push that never ended kept the other engines waiting", async () => {
  const { feed: weights, reads } = feed(3 << 20);
  const pace = new Pace(50);
  const work = async (pour) => {
    await new Promise(setImmediate);
    await pour(() => new Promise(() => undefined));
  };
  const hung = weights.start(work, quiet, pace);
  const refused = assert.rejects(hung, (reason) => reason === LATE);
  const taken = [];
  await engine(weights, taken);
  await refused;
  pace.rest();
  assert.deepEqual([taken.length, reads.length], [3, 3]);
});

test("loading that was given up went on reading", async () => {
  const { feed: weights, reads } = feed(64 << 20);
  const controller = new AbortController();
  const started = weights.start(
    (pour) => pour(async () => controller.abort(new Error("enough"))),
    controller.signal,
  );
  await assert.rejects(started, /enough/);
  assert.ok(reads.length < 4);
});

test("weights were held whole before anything was done with them", async () => {
  const server = await serve(
    Object.fromEntries(
      [
        "manifest.json",
        "seal.json",
        ...JSON.parse(readFileSync(new URL("seal.json", BUILTIN), "utf8")).files.map(
          ({ path }) => path,
        ),
      ].map((name) => [`/${name}`, readFileSync(new URL(name, BUILTIN))]),
    ),
  );
  for (const [source, kind] of [
    [BUILTIN, "range"],
    [server.origin, "url"],
  ]) {
    const { files, weights, sources } = split(await modelFiles(source, { openFile }));
    assert.deepEqual([...weights.keys()].sort(), WEIGHTS);
    assert.deepEqual(Object.keys(sources).sort(), WEIGHTS);
    assert.ok(WEIGHTS.every((name) => sources[name].kind === kind && !files.has(name)));
    for (const [name, size] of weights)
      assert.equal(size, readFileSync(new URL(name, BUILTIN)).length);
  }
  const bodies = server.log.filter(({ method, path }) => method === "GET" && /tensors$/.test(path));
  assert.deepEqual(bodies, []);
  await server.close();
});

test("compressed weights of another site had the size that they had on the line", async (context) => {
  const weights = readFileSync(new URL("predictor.safetensors", BUILTIN));
  const packed = gzipSync(weights);
  assert.notEqual(packed.length, weights.length);
  const server = await serve(
    {
      "/predictor.safetensors": packed,
      "/encoder/model.safetensors": gzipSync("no weights"),
    },
    { encode: "gzip" },
  );
  // The manifest is not compressed, and what another site's answer hides is hidden.
  const { fetch } = globalThis;
  context.after(() => (globalThis.fetch = fetch));
  globalThis.fetch = async (href, init) => {
    if (String(href).endsWith(".json")) {
      const found = String(href).endsWith("/manifest.json");
      return found
        ? new Response('{"predictor": {"file": "predictor.safetensors"}}')
        : new Response(null, { status: 404 });
    }
    const response = await fetch(href, init);
    const length = response.headers.get("content-length");
    const shown = new Response(init?.method === "HEAD" ? null : response.body, {
      status: response.status,
      headers: length === null ? {} : { "Content-Length": length },
    });
    return Object.defineProperty(shown, "type", { value: "cors" });
  };
  const found = await modelFiles(server.origin, {});
  const { size, source } = found.get("predictor.safetensors");
  assert.deepEqual([size, source.kind], [weights.length, "url"]);
  // What tells no size of its own is fetched, and has the one that it has.
  assert.equal(String(Buffer.from(found.get("encoder/model.safetensors"))), "no weights");
  const taken = [];
  const made = new WeightFeed([{ path: "w", size }], { w: source }, () => undefined);
  await made.start((pour) => pour(async (piece) => void taken.push(piece.slice())), quiet);
  assert.deepEqual(Buffer.concat(taken), weights);
  await server.close();
});

test("a file of tensors tells its size in its beginning", () => {
  for (const name of WEIGHTS) {
    const bytes = new Uint8Array(readFileSync(new URL(name, BUILTIN)));
    const table = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(tensorFileSize(bytes.subarray(0, 7)), undefined);
    assert.equal(tensorFileSize(bytes.subarray(0, table - 1)), undefined);
    assert.equal(tensorFileSize(bytes.subarray(0, table)), bytes.length);
  }
  const file = (table) => {
    const bytes = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(table)]);
    bytes[0] = table.length;
    return bytes;
  };
  for (const table of ["nonsense", "null", '{"a":1}', '{"a":{"data_offsets":"x"}}', '{"a":null}'])
    assert.equal(tensorFileSize(file(table)), null, table);
  assert.equal(tensorFileSize(new Uint8Array(8).fill(255)), null);
  assert.equal(tensorFileSize(file('{"__metadata__":{"format":"pt"}}')), 8 + 32);
});

test("loading tells of the bytes of weights that have come", async () => {
  const told = [];
  const runtime = await GenoLeWMRuntime.load(BUILTIN, {
    backend: "cpu",
    onProgress: (progress) => told.push(progress),
  });
  const bytes = told.filter(({ doneBytes }) => doneBytes !== undefined);
  const { doneBytes, totalBytes } = bytes.at(-1);
  const sizes = WEIGHTS.map((name) => readFileSync(new URL(name, BUILTIN)).length);
  assert.equal(
    totalBytes,
    sizes.reduce((sum, size) => sum + size),
  );
  assert.equal(doneBytes, totalBytes);
  assert.ok(
    bytes.length > 2 && bytes.every(({ kind, stage }) => kind === "load" && stage === "backend"),
  );
  assert.deepEqual([told.at(-1).done, told.at(-1).total], [4, 4]);
  await runtime.dispose();
});
