// What runs in the browser: the demo at several settings, and the race of the predictors.

/** The quickest and the middle one. */
function summed(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { least: sorted[0], median: sorted[sorted.length >> 1] };
}

/** Scores a VCF once the engine is warm; alleles a second, and who computed. */
export async function demo({ GenoLeWMRuntime, builtin }, { backend, threads, files }) {
  const open = async (name) => new File([await (await fetch(`/files/${name}`)).blob()], name);
  const began = performance.now();
  const runtime = await GenoLeWMRuntime.load(builtin, { backend, threads });
  const loadMs = performance.now() - began;
  const [file, fai, gzi] = await Promise.all([files.fasta, files.fai, files.gzi].map(open));
  const reference = await runtime.openReference({ file, fai, gzi });
  const score = async (name) => {
    const stream = runtime.scoreVcf(await open(name), { reference });
    for await (const rows of stream.batches()) void rows;
    return stream.summary;
  };
  await score(files.warm);
  const { scored, seconds } = await score(files.vcf);
  const { device } = runtime;
  await runtime.dispose();
  return { loadMs, scored, seconds, perSecond: scored / seconds, device };
}

/** A network of ours on raw wasm, in this thread. */
async function ourEngine(model) {
  const wasm = await import("/package/wasm/genolewm.js");
  await wasm.default({ module_or_path: fetch("/package/wasm/genolewm_bg.wasm") });
  const files = new Map();
  for (const name of model) {
    files.set(name, new Uint8Array(await (await fetch(`/model/${name}`)).arrayBuffer()));
  }
  return wasm.Engine.cpu(wasm.Model.load(files));
}

/** Numbers from a seed, -1 to 1. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

/** States of length 1 and substitutions, as many as a batch holds. */
function inputs(batch, width) {
  const random = numbers(7);
  const states = Float32Array.from({ length: batch * width }, random);
  for (let row = 0; row < batch; row += 1) {
    const state = states.subarray(row * width, (row + 1) * width);
    const length = Math.hypot(...state);
    state.forEach((value, at) => (state[at] = value / length));
  }
  const edits = Array.from({ length: batch }, (_, row) => ({
    relPos: 2000 + row,
    ref: "ACGT"[row % 4],
    alt: "CGTA"[row % 4],
  }));
  return { states, edits };
}

/** Half of a batch in each of several workers: how the package uses cores. */
async function ourPool(model, count) {
  const workers = Array.from(
    { length: count },
    () => new Worker("/bench/worker.mjs", { type: "module" }),
  );
  const ask = (worker, message, transfer = []) =>
    new Promise((done, fail) => {
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = fail;
      worker.postMessage(message, transfer);
    });
  await Promise.all(workers.map((worker) => ask(worker, { model })));
  return {
    async predictBatch(states, actions) {
      const part = (values, index) => {
        const size = values.length / count;
        return values.slice(index * size, (index + 1) * size);
      };
      const parts = await Promise.all(
        workers.map((worker, index) => {
          const half = [part(states, index), part(actions, index)];
          return ask(
            worker,
            half,
            half.map(({ buffer }) => buffer),
          );
        }),
      );
      const out = new Float32Array(states.length);
      parts.forEach((each, index) => out.set(each, index * each.length));
      return out;
    },
    close: () => workers.forEach((worker) => worker.terminate()),
  };
}

/** One call of a session of ONNX Runtime, as a function of the same arrays. */
async function theirSession(ort, url, whole, batch) {
  const session = await ort.InferenceSession.create(url, { executionProviders: ["wasm"] });
  return async (states, actions) => {
    const width = states.length / batch;
    const shape = whole ? [batch, 1, actions.length / batch] : [batch, actions.length / batch];
    const feeds = {
      state: new ort.Tensor("float32", states, [batch, width]),
      actions: new ort.Tensor("float32", actions, shape),
    };
    if (whole) feeds.mask = new ort.Tensor("bool", new Uint8Array(batch).fill(1), [batch, 1]);
    return (await session.run(feeds)).prediction.data;
  };
}

/**
 * Times of a predictor with nobody else about: threads of others may go on turning for a while after
 * their turn, in wait for the next, and take a core from whoever has theirs.
 */
async function alone(run, rounds) {
  await new Promise((rested) => setTimeout(rested, 1000));
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    await run();
    times.push(performance.now() - began);
  }
  return times;
}

/**
 * Races the predictors on one batch, turn by turn, so that whatever else the machine does hits all
 * alike. Milliseconds a batch, and how far the results are from ours.
 */
export async function predictors({ batch, threads, rounds, width, model }) {
  const ort = await import("/ort/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = "/ort/";
  const single = await ourEngine(model);
  const pool = threads > 1 ? await ourPool(model, threads) : null;
  const ours = pool ?? single;
  const { states, edits } = inputs(batch, width);
  const actions = await single.encodeActions(JSON.stringify(edits));
  const racers = {
    ours: (...input) => ours.predictBatch(...input),
    whole: await theirSession(ort, "/onnx/whole.onnx", true, batch),
    single: await theirSession(ort, "/onnx/single.onnx", false, batch),
  };
  const times = { ours: [], whole: [], single: [] };
  const results = {};
  for (let round = -5; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(racers)) {
      const began = performance.now();
      results[name] = await run(states, actions);
      if (round >= 0) times[name].push(performance.now() - began);
    }
  }
  times.alone = await alone(() => racers.ours(states, actions), rounds);
  pool?.close();
  const away = (name) =>
    results[name].reduce(
      (most, value, at) => Math.max(most, Math.abs(value - results.ours[at])),
      0,
    );
  return {
    threads: ort.env.wasm.numThreads,
    isolated: crossOriginIsolated,
    ms: Object.fromEntries(Object.entries(times).map(([name, all]) => [name, summed(all)])),
    away: { whole: away("whole"), single: away("single") },
  };
}

export { ourEngine };
