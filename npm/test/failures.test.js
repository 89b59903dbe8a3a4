// What goes wrong around the module: files that are not there, traps, callers that stop or throw.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GenoLeWMError } from "../dist/errors.js";
import { openFile } from "../dist/files.js";
import { WorkerService } from "../dist/worker/host.js";
import { fakeRuntime, MODEL, REFERENCE } from "./support/fake-runtime.js";

const NOT_THERE = new URL("file:///there/is/no/such/file.vcf");
const EMPTY = new Uint8Array();
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

async function load(hooks, place) {
  const { Runtime, open } = fakeRuntime(hooks, place);
  return { runtime: await Runtime.load(MODEL), open };
}

/** Holds the thread. */
function spin(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** A stream that never ends, and whether it was cancelled. */
function endless() {
  const state = { cancelled: false };
  const cancel = () => void (state.cancelled = true);
  const pull = (controller) => controller.enqueue(Uint8Array.of(1));
  return { state, stream: new ReadableStream({ pull, cancel }, { highWaterMark: 0 }) };
}

test("a missing file was a bare error of Node, with its path", async () => {
  const { runtime } = await load({}, { openFile });
  const calls = [
    () => runtime.inspect(NOT_THERE),
    () => runtime.openReference(NOT_THERE),
    () => runtime.openReference({ file: REFERENCE, fai: NOT_THERE }),
    () => runtime.importRaw(NOT_THERE, { reference: REFERENCE }),
    () => runtime.verifyReceipt(NOT_THERE),
    () => runtime.scoreVcf(NOT_THERE, { reference: REFERENCE }).summary,
    () => runtime.scoreVcf(EMPTY, { reference: NOT_THERE }).summary,
  ];
  for (const call of calls) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof GenoLeWMError);
      assert.equal(error.code, "RESOURCE.GENERIC");
      assert.equal(error.message, "The file is not there.");
      assert.doesNotMatch(JSON.stringify(error), /no\/such/);
      return true;
    });
  }
  runtime.dispose();
});

test("the URL of a blob that is gone was a bare TypeError", async () => {
  const { runtime } = await load();
  const url = URL.createObjectURL(new Blob(["1\n"]));
  URL.revokeObjectURL(url);
  await assert.rejects(runtime.inspect(url), { name: "GenoLeWMError", code: "RESOURCE.GENERIC" });
  runtime.dispose();
});

test("a worker that may not be started was a bare DOMException", async () => {
  const startWorker = () => {
    throw new DOMException("not of this origin", "SecurityError");
  };
  const { Runtime } = fakeRuntime({}, { startWorker, inWorkers: WorkerService.start });
  await assert.rejects(Runtime.load(MODEL, { worker: true }), (error) => {
    assert.ok(error instanceof GenoLeWMError);
    assert.equal(error.code, "RESOURCE.RUNTIME_SETUP");
    assert.match(error.remediation, /startWorker/);
    return true;
  });
});

test("a trap was told as a failure to free what it had left in use", async () => {
  const hooks = {
    push: () => {
      throw new WebAssembly.RuntimeError("unreachable");
    },
    free: () => {
      throw new Error("attempted to take ownership of Rust value while it was borrowed");
    },
    needsIndex: () => true,
  };
  const { runtime } = await load(hooks);
  const input = Uint8Array.of(1);
  const trapped = { code: "INTERNAL.GENERIC", message: "The wasm module stopped: unreachable" };
  await assert.rejects(runtime.inspect(input), trapped);
  await assert.rejects(runtime.openReference(REFERENCE), trapped);
  hooks.needsIndex = undefined;
  await assert.rejects(runtime.importRaw(input, { reference: REFERENCE }), trapped);
  runtime.dispose();
});

test("bytes in memory were read to their end though the signal said stop", async () => {
  let pushed = 0;
  const hooks = {
    push: () => {
      pushed += 1;
      spin(5);
    },
  };
  const { runtime } = await load(hooks);
  const bytes = new Uint8Array(200 << 20);
  const reason = new Error("enough");
  const works = [
    (signal) => runtime.inspect(bytes, { signal }),
    (signal) => {
      hooks.needsIndex = () => true;
      return runtime.openReference(bytes, { signal });
    },
  ];
  for (const work of works) {
    pushed = 0;
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(work(controller.signal), reason);
    await turn();
    assert.ok(pushed < 100, `${pushed} of 200 pieces were read`);
  }
  runtime.dispose();
});

test("what asks a reference in memory for one page after another could not be stopped", async () => {
  const { runtime } = await load({ finish: () => ({ offset: 0, length: 1 }) });
  const reference = await runtime.openReference(REFERENCE);
  const reason = new Error("enough");
  const works = [
    (signal) => runtime.importRaw(EMPTY, { reference, signal }),
    (signal) => runtime.scoreVariant("1:1:A:C", { reference, signal }),
    (signal) => reference.bases("chr1", 0, 1, signal),
  ];
  for (const work of works) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(work(controller.signal), reason);
  }
  runtime.dispose();
});

test("a reference that was closed while it was read was told as a null pointer", async () => {
  const { runtime, open } = await load();
  const read = async (offset, length) => (await turn(), REFERENCE.slice(offset, offset + length));
  const reference = await runtime.openReference({ name: "own", size: REFERENCE.length, read });
  const calls = [
    reference.bases("chr1", 0, 1),
    reference.bases("chr1", 0, 1),
    runtime.scoreVariant("1:1:A:C", { reference }),
    runtime.scoreVcf(new TextEncoder().encode("1\n"), { reference }).summary,
  ];
  const settled = Promise.allSettled(calls);
  await Promise.resolve();
  await reference.close();
  for (const { status, reason } of await settled) {
    assert.equal(status, "rejected");
    assert.equal(reason.message, "The reference was closed.");
  }
  assert.ok(![...open].some(({ name }) => name === "ReferenceFile"));
  runtime.dispose();
});

test("a stream was left open where a run was refused before it was read", async () => {
  const refused = { code: "INPUT.GENERIC", message: "regions" };
  const hooks = {
    run: () => {
      throw refused;
    },
  };
  const { runtime } = await load(hooks);
  for (const options of [{ reference: REFERENCE }, { reference: new ReadableStream() }]) {
    const { state, stream } = endless();
    await assert.rejects(runtime.scoreVcf(stream, options).summary, { code: "INPUT.GENERIC" });
    await turn();
    assert.ok(state.cancelled);
  }
  runtime.dispose();
});

test("an input was fetched for a run that is refused", async (context) => {
  let fetched = 0;
  context.mock.method(globalThis, "fetch", async () => ((fetched += 1), new Response("1\n")));
  const hooks = {
    run: () => {
      throw { code: "INPUT.GENERIC", message: "regions" };
    },
  };
  const { runtime } = await load(hooks);
  const { summary } = runtime.scoreVcf("https://example.org/in.vcf", { reference: REFERENCE });
  await assert.rejects(summary, { message: "regions" });
  assert.equal(fetched, 0);
  runtime.dispose();
});

test("an input that cannot be opened leaves no run behind", async (context) => {
  context.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("offline")));
  const { runtime, open } = await load();
  const { summary } = runtime.scoreVcf("https://example.org/in.vcf", { reference: REFERENCE });
  await assert.rejects(summary, { message: "in.vcf could not be fetched." });
  assert.ok(![...open].some(({ name }) => name === "Run"));
  runtime.dispose();
});

test("a reference that was opened too late for its caller was kept open", async () => {
  const controller = new AbortController();
  const { runtime, open } = await load({ needsIndex: () => void controller.abort() });
  const { signal } = controller;
  await assert.rejects(runtime.openReference(REFERENCE, { signal }), { name: "AbortError" });
  await turn();
  assert.ok(![...open].some(({ name }) => name === "ReferenceFile"));
  runtime.dispose();
});

test("a callback that throws made the run fail", async () => {
  const told = [];
  const { reportError } = globalThis;
  globalThis.reportError = (error) => told.push(error);
  try {
    const slip = new Error("slip");
    const onProgress = () => {
      throw slip;
    };
    const { Runtime } = fakeRuntime({ warnings: '["odd"]' });
    const runtime = await Runtime.load(MODEL, { onProgress });
    const options = { reference: REFERENCE, onProgress, onNotice: onProgress };
    const input = new TextEncoder().encode("1\n2\n");
    const stream = runtime.scoreVcf(input, options);
    const rows = [];
    for await (const row of stream) rows.push(row);
    assert.equal(rows.length, 2);
    assert.ok(told.length > 6 && told.every((error) => error === slip));
    runtime.dispose();
  } finally {
    globalThis.reportError = reportError;
  }
});

test("an index that its server hides from other sites made the reference fail", async (context) => {
  const asked = [];
  context.mock.method(globalThis, "fetch", async (url) => {
    asked.push(new URL(url).pathname);
    if (url.endsWith(".fai")) throw new TypeError("Failed to fetch");
    return new Response(REFERENCE);
  });
  const { runtime } = await load({ needsIndex: () => true });
  const reference = await runtime.openReference("https://example.org/x.fa");
  assert.deepEqual(asked, ["/x.fa", "/x.fa.fai", "/x.fa"]);
  await reference.close();
  runtime.dispose();
});
