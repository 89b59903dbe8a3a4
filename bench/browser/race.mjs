// What races of predictors share, in Chromium and in Node.

/** The quickest and the middle one. */
export function summed(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { least: sorted[0], median: sorted[sorted.length >> 1] };
}

/** A network of ours on raw wasm, in this thread, from its files by name. */
export function ourEngine(wasm, files) {
  const isWeights = ([name]) => name.endsWith(".safetensors");
  const small = new Map([...files].filter((file) => !isWeights(file)));
  const sizes = [...files].filter(isWeights).map(([name, bytes]) => [name, bytes.length]);
  const model = wasm.Model.load(small, new Map(sizes));
  const loader = wasm.Loader.cpu(model);
  for (const { path } of JSON.parse(model.weightFiles())) loader.push(files.get(path));
  return loader.finish();
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
export function inputs(batch, width) {
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

/** One call of a session of ONNX Runtime, from a URL or bytes, as a function of the same arrays. */
export async function theirSession(ort, graph, whole, batch) {
  const session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
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
 * Races functions of one batch, turn by turn, so that whatever else the machine does hits all alike:
 * milliseconds of each round by name, and how far the results are from those of the first.
 */
export async function race(racers, rounds, batch) {
  const times = Object.fromEntries(Object.keys(racers).map((name) => [name, []]));
  const results = {};
  for (let round = -5; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(racers)) {
      const began = performance.now();
      results[name] = await run(...batch);
      if (round >= 0) times[name].push(performance.now() - began);
    }
  }
  const [first, ...others] = Object.keys(racers);
  const most = (name) =>
    results[name].reduce((so, value, at) => Math.max(so, Math.abs(value - results[first][at])), 0);
  return { times, away: Object.fromEntries(others.map((name) => [name, most(name)])) };
}
