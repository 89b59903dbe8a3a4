// Requests between threads, over a channel within this one.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { GenoLeWMError } from "../dist/errors.js";
import { Peer } from "../dist/worker/peer.js";
import { WorkerService } from "../dist/worker/host.js";
import { HeldSources, revive } from "../dist/worker/sources.js";

let channel;
function pair(here, there) {
  channel = new MessageChannel();
  channel.port1.start();
  channel.port2.start();
  return [new Peer(channel.port1, here), new Peer(channel.port2, there)];
}
afterEach(() => channel.port1.close());

test("answers find their requests, in any order", async () => {
  const [near] = pair(
    {},
    {
      wait: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms, `after ${ms}`)),
    },
  );
  const answers = await Promise.all([near.call("wait", { ms: 20 }), near.call("wait", { ms: 1 })]);
  assert.deepEqual(answers, ["after 20", "after 1"]);
});

test("failures come back as errors with every part", async () => {
  const parts = { code: "INPUT.GENERIC", message: "no", details: { a: "b" }, remediation: "yes" };
  const [near] = pair(
    {},
    { fail: () => Promise.reject(new GenoLeWMError(parts)), slip: () => null.x },
  );
  await assert.rejects(near.call("fail", null), (error) => {
    assert.ok(error instanceof GenoLeWMError);
    assert.deepEqual(error.details, { a: "b" });
    assert.equal(error.remediation, "yes");
    return true;
  });
  await assert.rejects(near.call("slip", null), { code: "INTERNAL.GENERIC" });
});

test("events arrive before the answer, and both sides may ask", async () => {
  const [near, far] = pair(
    { double: async (value) => value * 2 },
    {
      count: async ({ to }, { emit }) => {
        for (let step = 1; step <= to; step += 1) emit(await far.call("double", step));
        return "done";
      },
    },
  );
  const seen = [];
  const emit = (event) => seen.push(event);
  assert.equal(await near.call("count", { to: 3 }, { emit }), "done");
  assert.deepEqual(seen, [2, 4, 6]);
});

test("a signal rejects at once with its reason, and tells the other side", async () => {
  let stopped;
  const told = new Promise((resolve) => (stopped = resolve));
  const [near] = pair(
    {},
    {
      hang: (_, { signal }) => new Promise(() => signal.addEventListener("abort", stopped)),
    },
  );
  const controller = new AbortController();
  const call = near.call("hang", null, { signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(call, reason);
  await told;
  await assert.rejects(near.call("hang", null, { signal: controller.signal }), reason);
});

test("closing rejects what is under way, and every later call", async () => {
  const [near] = pair({}, { hang: () => new Promise(() => undefined) });
  const call = near.call("hang", null);
  const reason = new Error("closed");
  near.close(reason);
  await assert.rejects(call, reason);
  await assert.rejects(near.call("hang", null), reason);
});

test("what cannot be sent is the caller's failure", async () => {
  const [near] = pair({}, {});
  await assert.rejects(
    near.call("any", () => undefined),
    GenoLeWMError,
  );
});

test("a source that stays here is read from there", async () => {
  const held = new HeldSources();
  const [, far] = pair(held.handlers, {});
  const data = Uint8Array.of(1, 2, 3, 4, 5);
  const read = async (offset, length) => data.slice(offset, offset + length);
  const own = { kind: "range", name: "own", source: { name: "own", size: 5, read } };
  const { source, release } = held.wire(own);
  const there = revive(structuredClone(source), far).source;
  assert.equal(there.size, 5);
  assert.deepEqual(await there.read(1, 3), Uint8Array.of(2, 3, 4));
  release();
  await assert.rejects(there.read(0, 1), { message: /no longer open/ });
});

test("a stream that stays here is pulled from there, and cancelled when it is let go", async () => {
  const held = new HeldSources();
  const [, far] = pair(held.handlers, {});
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(Uint8Array.of(7)),
    cancel: () => void (cancelled = true),
  });
  const { source, release } = held.wire({ kind: "stream", name: "input", stream: endless });
  const reader = revive(structuredClone(source), far).stream.getReader();
  assert.deepEqual((await reader.read()).value, Uint8Array.of(7));
  release();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(cancelled);
  const short = held.wire({ kind: "stream", name: "input", stream: new Blob(["ab"]).stream() });
  const { stream } = revive(structuredClone(short.source), far);
  assert.equal(await new Response(stream).text(), "ab");
});

test("a reference that was open just when its caller had enough stayed in the worker", async () => {
  const controller = new AbortController();
  const open = new Set();
  let far;
  const closed = new Promise((resolve) => {
    const coordinate = async ({ method, params }) => {
      if (method === "closeReference") return (open.delete(params.id), resolve(), null);
      open.add(7);
      controller.abort(new Error("enough"));
      return { id: 7, contigs: [], assembly: null };
    };
    [, far] = pair({}, { coordinator: async () => null, coordinate });
  });
  // The far end of the pair listens already; this is a near end of another kind.
  const worker = Object.assign(channel.port1, { terminate: () => undefined });
  const starting = WorkerService.start(() => worker, null, undefined);
  far.call("ready", null).catch(() => undefined);
  const service = await starting;
  const context = { signal: controller.signal, emit: () => undefined };
  const sources = { file: { kind: "bytes", name: "input", bytes: Uint8Array.of(1) } };
  await assert.rejects(service.call("openReference", { sources }, context), { message: "enough" });
  await closed;
  assert.equal(open.size, 0);
  service.close();
});

test("a piece of a large buffer took all of it through the message", async () => {
  const held = new HeldSources();
  const large = new Uint8Array(1000).fill(5);
  const read = async (offset, length) => large.subarray(offset, offset + length);
  const own = { kind: "range", name: "own", source: { name: "own", size: 1000, read } };
  const { source } = held.wire(own);
  const context = { signal: new AbortController().signal, emit: () => undefined };
  const answer = await held.handlers.read({ source: source.id, offset: 10, length: 4 }, context);
  assert.deepEqual(answer, Uint8Array.of(5, 5, 5, 5));
  assert.equal(answer.buffer.byteLength, 4);
  const view = held.wire({ kind: "bytes", name: "input", bytes: large.subarray(0, 10) });
  assert.equal(view.source.bytes.buffer.byteLength, 10);
  const whole = held.wire({ kind: "bytes", name: "input", bytes: large });
  assert.equal(whole.source.bytes, large);
  const pieces = new Blob([large]).stream();
  const stream = held.wire({ kind: "stream", name: "input", stream: pieces });
  const piece = await held.handlers.pull({ source: stream.source.id }, context);
  assert.equal(piece.length, piece.buffer.byteLength);
});
