// Which backend is taken, on machines of every kind.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Coordinator } from "../dist/coordinator.js";
import { probeBackends, selectEngines } from "../dist/selection.js";
import { RemoteEngine } from "../dist/worker/engine-host.js";
import { Peer } from "../dist/worker/peer.js";
import { fakeWasm } from "./support/fake-wasm.js";

const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
afterEach(() => {
  if (before) Object.defineProperty(globalThis, "navigator", before);
  else delete globalThis.navigator;
});

/** A machine with an adapter (`"software"`: one without a GPU), without one, or without WebGPU. */
function machine(adapter) {
  const isFallbackAdapter = adapter === "software";
  const info = { vendor: "acme", architecture: "one", description: "", isFallbackAdapter };
  const gpu = { requestAdapter: async () => (adapter ? { info } : null) };
  given(adapter === undefined ? undefined : gpu);
}

/** A machine whose browser has this as its `navigator.gpu`. */
function given(gpu) {
  const navigator = gpu === undefined ? {} : { gpu };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** Engines by backend: milliseconds of a probe, and what goes wrong. */
function starter(engines) {
  const made = [];
  const start = async (backend) => {
    const { ms = 1, start: starting, check } = engines[backend] ?? {};
    await starting?.();
    const engine = {
      backend,
      device: backend,
      capacity: 1,
      disposed: false,
      selfCheck: async () => check?.(),
      probe: () => new Promise((resolve) => setTimeout(resolve, ms, 8)),
      dispose: () => void (engine.disposed = true),
    };
    made.push(engine);
    return engine;
  };
  return { start, made };
}

const fail = (message) => () => Promise.reject(new Error(message));
const of = (probes, backend) => probes.find((probe) => probe.backend === backend);

async function auto(adapter, engines, threads = 1) {
  machine(adapter);
  const { start, made } = starter(engines);
  const { engines: chosen, probes } = await selectEngines("auto", threads, start);
  const spare = made.filter((engine) => !chosen.includes(engine));
  assert.ok(
    spare.every(({ disposed }) => disposed),
    "an engine that is not used goes on",
  );
  assert.ok(chosen.every(({ disposed }) => !disposed));
  return {
    backends: chosen.map(({ backend }) => backend),
    webgpu: of(probes, "webgpu"),
    cpu: of(probes, "cpu"),
  };
}

test("auto without WebGPU is the processor, with the threads that were asked for", async () => {
  const { backends, webgpu } = await auto(undefined, {}, 3);
  assert.deepEqual(backends, ["cpu", "cpu", "cpu"]);
  assert.deepEqual([webgpu.available, webgpu.reason], [false, "There is no WebGPU here."]);
});

test("auto without an adapter is the processor, and says so", async () => {
  const { backends, webgpu } = await auto(false, {});
  assert.deepEqual(backends, ["cpu"]);
  assert.match(webgpu.reason, /no graphics adapter answered/);
});

test("auto takes the faster of the two", async () => {
  const faster = await auto(true, { cpu: { ms: 400 }, webgpu: { ms: 1 } });
  assert.deepEqual(faster.backends, ["webgpu"]);
  assert.ok(faster.webgpu.allelesPerSecond > faster.cpu.allelesPerSecond);
  assert.match(faster.webgpu.reason, /acme one passed its self-check and is faster/);
  const slower = await auto(true, { cpu: { ms: 1 }, webgpu: { ms: 2000 } });
  assert.deepEqual(slower.backends, ["cpu"]);
  assert.match(slower.webgpu.reason, /slower than the processor/);
});

test("auto leaves an adapter alone that is no GPU, and says so", async () => {
  const { backends, webgpu } = await auto("software", {
    webgpu: { start: fail("not to be started") },
  });
  assert.deepEqual(backends, ["cpu"]);
  assert.match(webgpu.reason, /acme one is no graphics processor/);
});

test("an adapter that is never ready is not waited for, and ended when it is late", async () => {
  let ready;
  const late = { start: () => new Promise((resolve) => (ready = resolve)) };
  machine(true);
  const { start, made } = starter({ webgpu: late });
  const { engines, probes } = await selectEngines("auto", 1, start);
  assert.deepEqual(
    engines.map(({ backend }) => backend),
    ["cpu"],
  );
  assert.match(of(probes, "webgpu").reason, /not ready within 2 s/);
  ready();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(
    made.map(({ backend, disposed }) => [backend, disposed]),
    [
      ["cpu", false],
      ["webgpu", true],
    ],
  );
});

/** Loads a model of one file on a machine with an adapter, with engines behind ports if `far` serves them. */
function loading(read, far = null) {
  machine(true);
  const params = {
    files: new Map(),
    weights: new Map([["w", 4]]),
    sources: { w: { kind: "range", name: "w", source: { name: "w", size: 4, read } } },
    backend: "auto",
    threads: 1,
  };
  const host = { call: async (_, { port }, { signal }) => far(port, signal) };
  const remote =
    (model) =>
    (...how) =>
      RemoteEngine.start(host, model, ...how);
  const coordinator = new Coordinator(fakeWasm().wasm, far && remote);
  const { signal } = new AbortController();
  const told = { signal, emit: () => undefined };
  return { loaded: coordinator.handlers.load(params, told), coordinator };
}

/** What `work` comes to while milliseconds pass that are told by hand. */
async function hurried(timers, work) {
  let done = false;
  const settled = work.finally(() => (done = true));
  for (let step = 0; step < 400 && !done; step += 1) {
    for (let at = 0; at < 20; at += 1) await turn();
    timers.tick(50);
  }
  assert.ok(done, "it hangs");
  return settled;
}

test("weights that came slowly were taken for an adapter that is late", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let reads = 0;
  const slow = async () => {
    reads += 1;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    return new Uint8Array(4);
  };
  const { loaded, coordinator } = loading(slow);
  const { probes } = await hurried(context.mock.timers, loaded);
  assert.match(of(probes, "webgpu").reason, /acme one passed its self-check/);
  assert.equal(reads, 1);
  coordinator.dispose();
});

const never = new Promise(() => undefined);
for (const step of ["start", "push", "finish", "selfCheck"]) {
  test(`an adapter that hung in its ${step} hung loading, or had weights read again`, async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const ended = [];
    const far = (port, signal) => {
      let backend;
      const answers = { start: null, push: null, finish: { device: "far" }, selfCheck: null };
      const handlers = Object.entries({ ...answers, probe: 8 }).map(([name, answer]) => [
        name,
        async (params) => {
          backend ??= params.backend;
          return backend === "webgpu" && name === step ? never : answer;
        },
      ]);
      new Peer(port, Object.fromEntries(handlers));
      signal.addEventListener("abort", () => ended.push(backend));
      return never;
    };
    let reads = 0;
    const read = async () => ((reads += 1), new Uint8Array(4));
    const { loaded, coordinator } = loading(read, far);
    const { backend, probes } = await hurried(context.mock.timers, loaded);
    assert.equal(backend, "cpu");
    assert.match(of(probes, "webgpu").reason, /acme one was not ready within 2 s/);
    assert.deepEqual([reads, ended], [1, ["webgpu"]]);
    coordinator.dispose();
    assert.deepEqual(ended, ["webgpu", "cpu"]);
  });
}

test("a processor that could not be started waited for the adapter's weights", async () => {
  machine(true);
  let pace;
  const start = async (backend, given) => {
    if (backend === "cpu") throw new Error("no memory");
    pace = given;
    pace.rest();
    return never;
  };
  await assert.rejects(selectEngines("auto", 1, start), { message: "no memory" });
  assert.ok(pace.signal.aborted);
});

test("a processor that cannot be started takes the adapter with it", async () => {
  machine(true);
  const { start, made } = starter({ cpu: { start: fail("no memory") } });
  await assert.rejects(selectEngines("auto", 1, start), { message: "no memory" });
  assert.ok(made.every(({ disposed }) => disposed));
});

test("an adapter that takes for ever to be measured is not waited for", async () => {
  const { backends, webgpu } = await auto(true, { cpu: { ms: 5 }, webgpu: { ms: 60_000 } });
  assert.deepEqual(backends, ["cpu"]);
  assert.equal(webgpu.allelesPerSecond, null);
});

test("an adapter that computes wrong results is not used", async () => {
  const { backends, webgpu } = await auto(true, { webgpu: { check: fail("0.5 is not 0.4") } });
  assert.deepEqual(backends, ["cpu"]);
  assert.equal(webgpu.available, false);
  assert.match(webgpu.reason, /did not pass its self-check: 0.5 is not 0.4/);
});

test("an adapter that cannot be started is not used", async () => {
  const { backends, webgpu } = await auto(true, {
    webgpu: { start: fail("buffers are too small") },
  });
  assert.deepEqual(backends, ["cpu"]);
  assert.match(webgpu.reason, /buffers are too small/);
});

test("WebGPU that was asked for and is not there is an error that says why", async () => {
  machine(undefined);
  await assert.rejects(selectEngines("webgpu", 1, starter({}).start), {
    code: "DEPLOY.BACKEND_UNSUPPORTED",
    details: { backend: "webgpu", reason: "There is no WebGPU here." },
  });
  machine(true);
  const wrong = starter({ webgpu: { check: fail("wrong") } });
  await assert.rejects(selectEngines("webgpu", 1, wrong.start), {
    code: "DEPLOY.BACKEND_UNSUPPORTED",
  });
  assert.ok(wrong.made[0].disposed);
});

test("WebGPU that was asked for is taken without a race", async () => {
  machine(true);
  const { start, made } = starter({ webgpu: { ms: 60_000 } });
  const { engines } = await selectEngines("webgpu", 4, start);
  assert.deepEqual(engines, made);
});

test("a processor that fails its self-check is an error", async () => {
  machine(undefined);
  const { start } = starter({ cpu: { check: fail("wrong") } });
  await assert.rejects(selectEngines("cpu", 1, start), { message: "wrong" });
});

test("fewer instances will do where not all could be started", async () => {
  machine(undefined);
  let started = 0;
  const { start } = starter({ cpu: { start: async () => (started += 1) > 2 && fail("memory")() } });
  const { engines, probes, shortfall } = await selectEngines("cpu", 4, start);
  assert.equal(engines.length, 2);
  const said = "2 of 4 instances did not start; work goes on with 2 instances. (memory)";
  assert.equal(shortfall, said);
  assert.equal(of(probes, "cpu").reason, `Used, with 2 instances. ${said}`);
  assert.equal((await selectEngines("cpu", 1, starter({}).start)).shortfall, null);
});

test("probeBackends looks without computing", async () => {
  machine(true);
  const found = await probeBackends();
  assert.deepEqual(
    found.map(({ backend, available }) => [backend, available]),
    [
      ["cpu", true],
      ["webgpu", true],
    ],
  );
  machine(undefined);
  assert.equal(of(await probeBackends(), "webgpu").available, false);
});

test("an adapter without info, as browsers before 2024 have it, broke auto and probeBackends", async () => {
  const old = (isFallbackAdapter) => given({ requestAdapter: async () => ({ isFallbackAdapter }) });
  old(false);
  assert.match(of(await probeBackends(), "webgpu").reason, /a graphics adapter/);
  const { start } = starter({ cpu: { ms: 400 } });
  const { engines } = await selectEngines("auto", 1, start);
  assert.equal(engines[0].backend, "webgpu");
  old(true);
  const software = await selectEngines("auto", 1, starter({}).start);
  assert.equal(software.engines[0].backend, "cpu");
  assert.match(of(software.probes, "webgpu").reason, /is no graphics processor/);
});

test("an adapter that never answers made loading hang", async (context) => {
  given({ requestAdapter: () => new Promise(() => undefined) });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const probing = probeBackends();
  context.mock.timers.tick(5_000);
  assert.match(of(await probing, "webgpu").reason, /no graphics adapter answered/);
});
