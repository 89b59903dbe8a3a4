// Workers that never run, or may not be started.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { Coordinator } from "../dist/coordinator.js";
import { GenoLeWMError } from "../dist/errors.js";
import { serveEngine } from "../dist/worker/engine.js";
import { RemoteEngine } from "../dist/worker/engine-host.js";
import { WorkerService } from "../dist/worker/host.js";
import { Peer } from "../dist/worker/peer.js";
import { startWorker } from "../dist/worker/start.js";
import { fakeWasm } from "./support/fake-wasm.js";

/** A worker in this thread: its script is `run`, which is given the worker's own port. */
class FakeWorker extends EventTarget {
  terminated = false;
  #channel = new MessageChannel();

  constructor(run) {
    super();
    const { port1, port2 } = this.#channel;
    port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
    run(port2, this);
  }
  postMessage(message, transfer) {
    this.#channel.port1.postMessage(message, transfer);
  }
  terminate() {
    this.terminated = true;
    this.#channel.port1.close();
  }
}

const never = () => undefined;
const runs = (handlers) => (port) => {
  new Peer(port, handlers).call("ready", null).catch(() => undefined);
};

/** Makes workers with these scripts in turn, and keeps them. */
function maker(...scripts) {
  const made = [];
  const make = (again) => {
    const worker = new FakeWorker(scripts[made.length] ?? never);
    made.push(worker);
    worker.again = again;
    return worker;
  };
  return { make, made };
}

/** Lets messages come through while time is told by hand. */
async function pass(timers, ms) {
  for (let at = 0; at < 5; at += 1) await turn();
  timers.tick(ms);
  for (let at = 0; at < 20; at += 1) await turn();
}

test("a worker that never ran left loading at its last step for ever", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { make, made } = maker(never, runs({}));
  const starting = startWorker(make, {}, undefined);
  await pass(context.mock.timers, 4_000);
  const { worker } = await starting;
  assert.equal(worker, made[1]);
  assert.deepEqual(
    made.map(({ again, terminated }) => [again, terminated]),
    [
      [false, true],
      [true, false],
    ],
  );
  worker.terminate();
});

test("Parcel lost the script of a worker that a worker started", () => {
  // One script serves all, and the thread that loads the package starts it.
  const folder = new URL("../dist/", import.meta.url);
  const starting = readdirSync(folder, { recursive: true }).filter(
    (name) =>
      name.endsWith(".js") && /new Worker\(/.test(readFileSync(new URL(name, folder), "utf8")),
  );
  assert.deepEqual(starting.sort(), ["entry/browser.js", "entry/deno.js", "worker/blob.js"]);
  for (const name of ["worker/entry.js", "worker/engine.js", "worker/engine-host.js"]) {
    assert.doesNotMatch(readFileSync(new URL(name, folder), "utf8"), /blob\.js|browser\.js/);
  }
});

test("two workers that never run end in an error with a remedy", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { make, made } = maker();
  const refused = assert.rejects(startWorker(make, {}, undefined), (error) => {
    assert.ok(error instanceof GenoLeWMError);
    assert.equal(error.code, "RESOURCE.RUNTIME_SETUP");
    assert.match(error.message, /within 24 s/);
    assert.match(error.remediation, /worker: false/);
    return true;
  });
  await pass(context.mock.timers, 4_000);
  await pass(context.mock.timers, 20_000);
  await refused;
  assert.equal(made.length, 2);
  assert.ok(made.every(({ terminated }) => terminated));
});

test("a worker whose script cannot be loaded is tried again at once, and told as it was", async () => {
  const breaks = (_, worker) => setTimeout(() => worker.dispatchEvent(new Event("error")), 1);
  const { make, made } = maker(breaks, runs({}));
  const { worker } = await startWorker(make, {}, undefined);
  assert.equal(worker, made[1]);
  worker.terminate();
  await assert.rejects(startWorker(maker(breaks, breaks).make, {}, undefined), {
    code: "RESOURCE.RUNTIME_SETUP",
    message: "A worker stopped: its script could not be loaded.",
  });
});

test("a start that is stopped leaves no worker", async () => {
  const { make, made } = maker();
  const controller = new AbortController();
  const starting = startWorker(make, {}, controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(starting, reason);
  await turn();
  assert.equal(made.length, 1);
  assert.ok(made.every(({ terminated }) => terminated));
});

/** The worker's script around the fake module. */
function script(context, hooks) {
  const { wasm } = fakeWasm(hooks);
  const engines = [];
  // A real worker takes its ports with it.
  context.after(() => engines.forEach((port) => port.close()));
  return (port) => {
    let coordinator = null;
    const host = new Peer(port, {
      coordinator: async () => {
        const start =
          (model) =>
          (...how) =>
            RemoteEngine.start(host, model, ...how);
        coordinator = new Coordinator(wasm, start);
        return null;
      },
      engine: async ({ port: own }) => (engines.push(own), serveEngine(wasm, own), null),
      coordinate: ({ method, params }, told) => coordinator.handlers[method](params, told),
    });
    host.call("ready", null).catch(() => undefined);
  };
}

const LOAD = { files: new Map(), weights: new Map(), backend: "cpu", threads: 2 };

test("one of two engines never ran: work goes on with the other, which is said", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const run = script(context, {});
  const { make, made } = maker(run, run, never, never);
  const service = await WorkerService.start(make, null, undefined);
  const told = [];
  const signal = new AbortController().signal;
  const loading = service.call("load", LOAD, { signal, emit: (event) => told.push(event) });
  let loaded;
  loading.then((value) => (loaded = value));
  for (let step = 0; step < 200 && loaded === undefined; step += 1) {
    await pass(context.mock.timers, step < 20 ? 10 : 4_000);
  }
  const { notice } = told.find(({ kind }) => kind === "notice");
  assert.equal(notice.kind, "fewer-workers");
  assert.match(notice.message, /^1 of 2 instances did not start; work goes on with one instance\./);
  assert.match(loaded.probes[0].reason, /one instance\. 1 of 2 instances did not start/);
  assert.deepEqual(
    made.map(({ terminated }) => terminated),
    [false, false, true, true],
  );
  service.close();
  await turn();
  assert.ok(made.every(({ terminated }) => terminated));
});

test("an engine whose worker dies rejects what it had, and is lost", async (context) => {
  const run = script(context, { score: () => new Promise(() => undefined) });
  const { make, made } = maker(run, run, run);
  const service = await WorkerService.start(make, null, undefined);
  const told = { signal: new AbortController().signal, emit: () => undefined };
  await service.call("load", LOAD, told);
  const calls = [1, 2].map(() =>
    service.call("predict", { state: new Float32Array(2), edits: "[]" }, told),
  );
  const settled = Promise.allSettled(calls);
  for (const worker of made.slice(1)) worker.dispatchEvent(new Event("error"));
  for (const { status, reason } of await settled) {
    assert.equal(status, "rejected");
    assert.ok(reason instanceof GenoLeWMError);
  }
  service.close();
});
