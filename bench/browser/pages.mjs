// What runs in the browser: the demo at several settings, and the race of the predictors.

import { inputs, ourEngine as engineOf, race, summed, theirSession } from "./race.mjs";

/** Scores a VCF with a model once the engine is warm; alleles a second, and who computed. */
export async function demo({ GenoLeWMRuntime, builtin }, { backend, threads, files, model }) {
  const open = async (name) => new File([await (await fetch(`/files/${name}`)).blob()], name);
  const began = performance.now();
  const runtime = await GenoLeWMRuntime.load(model ?? builtin, { backend, threads });
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
  return engineOf(wasm, files);
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

/** Races the predictors on one batch. Milliseconds a batch, and how far the results are from ours. */
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
  const { times, away } = await race(racers, rounds, [states, actions]);
  times.alone = await alone(() => racers.ours(states, actions), rounds);
  pool?.close();
  return {
    threads: ort.env.wasm.numThreads,
    isolated: crossOriginIsolated,
    ms: Object.fromEntries(Object.entries(times).map(([name, all]) => [name, summed(all)])),
    away,
  };
}

export { ourEngine };
