#!/usr/bin/env node
/**
 * The predictor of a model directory in Node, on one thread: ours on raw wasm beside ONNX Runtime Web, in
 * turns. A line of JSON for each.
 *
 *     npm ci && node node.mjs --model DIR --onnx DIR [--batch 64,256] [--rounds 30]
 *
 * DIR is what bench/make_model.py and bench/peers.py write; needs the built module (`cargo xtask build-wasm`).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-web/wasm";

import { modelFiles } from "../../wasm-tests/lib/model.mjs";
import { built } from "../../wasm-tests/lib/paths.mjs";
import { inputs, ourEngine, race, summed, theirSession } from "./race.mjs";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    onnx: { type: "string" },
    batch: { type: "string", default: "64,256" },
    rounds: { type: "string", default: "30" },
  },
});

/** Numbers of the weights that rows are multiplied with, by the file's table of contents. */
function multiplied(weights) {
  const length = Number(weights.readBigUInt64LE(0));
  const tensors = Object.values(JSON.parse(weights.subarray(8, 8 + length).toString("utf8")));
  return tensors
    .filter(({ shape }) => shape?.length === 2)
    .reduce((sum, { shape: [rows, columns] }) => sum + rows * columns, 0);
}

const wasm = await import(built("cargo xtask build-wasm", "npm/wasm/genolewm.js"));
const module = readFileSync(built("cargo xtask build-wasm", "npm/wasm/genolewm_bg.wasm"));
await wasm.default({ module_or_path: module });
ort.env.wasm.numThreads = 1;
const files = modelFiles(values.model);
const engine = ourEngine(wasm, files);
const width = JSON.parse(files.get("encoder/config.json")).hidden_size;
const operations = 2 * multiplied(files.get("predictor.safetensors"));

for (const batch of values.batch.split(",").map(Number)) {
  const { states, edits } = inputs(batch, width);
  const actions = await engine.encodeActions(JSON.stringify(edits));
  const graph = (name) => readFileSync(join(values.onnx, `${name}.onnx`));
  const racers = {
    genolewm_web: (...input) => engine.predictBatch(...input),
    onnxruntime_web_whole: await theirSession(ort, graph("whole"), true, batch),
    onnxruntime_web_single: await theirSession(ort, graph("single"), false, batch),
  };
  const { times, away } = await race(racers, Number(values.rounds), [states, actions]);
  const most = Math.max(...Object.values(away));
  if (!(most < 1e-3)) throw new Error(`the results differ by ${most}`);
  for (const [name, all] of Object.entries(times)) {
    const ms = summed(all).median;
    const tera_flops = (batch * operations) / ms / 1e9;
    const line = { name: `${name}/predictor/${batch}`, threads: 1, ms, tera_flops };
    console.log(JSON.stringify(line));
  }
}
