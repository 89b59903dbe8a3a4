#!/usr/bin/env node
/**
 * Measures the package in headless Chromium on this machine, and its predictor against ONNX Runtime
 * Web (wasm, the same number of threads) on the same batch, in one run. Prints tables in Markdown.
 *
 *     npm ci && node run.mjs [--variants 1000] [--webgpu-variants 100] [--rounds 200] [--threads 2]
 *     node run.mjs --json [--model NAME=DIR ...]     alleles a second alone, a line of JSON for each
 *
 * Needs the built package (`cargo xtask build-wasm && cargo xtask pack`), Debian's Chromium, and
 * `npm ci` in wasm-tests. Python with onnx writes the ONNX files; `GENOLEWM_ONNX_VENV` names a
 * virtual environment to make or use again.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { example, exampleLines } from "../../wasm-tests/lib/fixtures.mjs";
import { modelFiles, builtinModel } from "../../wasm-tests/lib/model.mjs";
import { inRoot, scratch } from "../../wasm-tests/lib/paths.mjs";
import { packagePage } from "../../wasm-tests/lib/runtimes.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    variants: { type: "string", default: "1000" },
    "webgpu-variants": { type: "string", default: "100" },
    rounds: { type: "string", default: "200" },
    threads: { type: "string", default: String(Math.min(cpus().length, 4)) },
    batch: { type: "string", default: "32,256" },
    json: { type: "boolean", default: false },
    model: { type: "string", multiple: true, default: [] },
  },
});
const threads = Number(values.threads);

/** Runs the Python script beside this file, in an environment with what it needs. */
function python(args) {
  const venv = process.env.GENOLEWM_ONNX_VENV ?? join(here, ".venv");
  if (!existsSync(join(venv, "bin/python"))) {
    execFileSync("python3", ["-m", "venv", venv]);
    const quiet = ["install", "--quiet", "--disable-pip-version-check"];
    execFileSync(join(venv, "bin/pip"), [...quiet, "-r", join(here, "requirements.txt")]);
  }
  const script = join(here, "predictor_onnx.py");
  return execFileSync(join(venv, "bin/python"), [script, ...args], { encoding: "utf8" });
}

/** Both ONNX files of the built-in predictor, checked against the golden vectors first. */
function onnxFiles() {
  const folder = scratch("onnx");
  python(["--check", inRoot("tests/golden")]);
  const weights = join(builtinModel(), "predictor.safetensors");
  const yaml = readFileSync(join(builtinModel(), "train_config.yaml"), "utf8");
  const heads = /^\s+n_heads: (\d+)$/m.exec(yaml)[1];
  const common = [weights, "--heads", heads];
  python([...common, "--output", join(folder, "whole.onnx")]);
  python([...common, "--single", "--output", join(folder, "single.onnx")]);
  return folder;
}

/** The example's records, evenly thinned to about so many. */
function thinned(folder, name, count) {
  const { header, records } = exampleLines();
  const step = Math.max(1, Math.floor(records.length / count));
  const kept = records.filter((_, index) => index % step === 0);
  writeFileSync(join(folder, name), `${[...header, ...kept].join("\n")}\n`);
  return name;
}

function demoFiles() {
  const folder = scratch("bench");
  for (const key of ["fasta", "fai", "gzi"]) {
    writeFileSync(join(folder, key), readFileSync(example[key]()));
  }
  thinned(folder, "some.vcf", Number(values.variants));
  thinned(folder, "few.vcf", Number(values["webgpu-variants"]));
  thinned(folder, "warm.vcf", 64);
  return folder;
}

const model = [...modelFiles(builtinModel()).keys()];
/** Further models, by name. */
const models = values.model.map((given) => {
  const [name, ...folder] = given.split("=");
  return [name, folder.join("=")];
});
const mounts = {
  "/files/": demoFiles(),
  "/model/": builtinModel(),
  "/bench/": here,
  ...(values.json
    ? {}
    : { "/onnx/": onnxFiles(), "/ort/": join(here, "node_modules/onnxruntime-web/dist") }),
  ...Object.fromEntries(models.map(([name, folder]) => [`/models/${name}/`, folder])),
};

/** Calls a function of pages.mjs in a fresh browser. */
async function inBrowser(name, job, options) {
  const opened = await packagePage({ mounts, isolated: true, ...options });
  try {
    const answer = await opened.page.evaluate(
      async ([name, job]) => {
        const pages = await import("/bench/pages.mjs");
        return name === "demo" ? pages.demo(globalThis, job) : pages[name](job);
      },
      [name, job],
    );
    if (opened.browser.errors.length > 0) throw opened.browser.errors[0];
    return answer;
  } finally {
    await opened.close();
  }
}

const files = { fasta: "fasta", fai: "fai", gzi: "gzi", warm: "warm.vcf" };

/** Every model with one thread and with all. */
async function demoLines() {
  const given = models.map(([name]) => [name, `/models/${name}/`]);
  for (const [name, from] of [["builtin", undefined], ...given]) {
    for (const count of new Set([1, threads])) {
      const job = {
        backend: "cpu",
        threads: count,
        model: from,
        files: { ...files, vcf: "some.vcf" },
      };
      const got = await inBrowser("demo", job, { webgpu: false });
      console.log(JSON.stringify({ name: `${name}/${count}`, ...got }));
    }
  }
}

async function demoTable() {
  const rows = [
    ["CPU, 1 thread", { backend: "cpu", threads: 1, vcf: "some.vcf" }],
    [`CPU, ${threads} threads`, { backend: "cpu", threads, vcf: "some.vcf" }],
    ["WebGPU, software adapter", { backend: "webgpu", threads: 1, vcf: "few.vcf" }],
  ];
  console.log("| demo | alleles | seconds | alleles a second | loaded in, s |");
  console.log("|---|---:|---:|---:|---:|");
  for (const [name, { vcf, ...job }] of rows) {
    const options = { webgpu: job.backend === "webgpu" };
    const got = await inBrowser("demo", { ...job, files: { ...files, vcf } }, options);
    const figures = [got.scored, got.seconds.toFixed(1), got.perSecond.toFixed(1)];
    console.log(`| ${[name, ...figures, (got.loadMs / 1000).toFixed(2)].join(" | ")} |`);
  }
}

async function predictorTable() {
  const width = JSON.parse(readFileSync(join(builtinModel(), "encoder/config.json"))).hidden_size;
  const theirs = "ONNX Runtime, exported | ONNX Runtime, our shortcuts";
  const what = `genolewm | ${theirs} | genolewm, alone`;
  console.log("\nPredictor, milliseconds a batch: the quickest, and the median in brackets\n");
  console.log(`| batch | threads | ${what} | largest difference |`);
  console.log("|---:|---:|---:|---:|---:|---:|---:|");
  for (const count of new Set([1, threads])) {
    for (const batch of values.batch.split(",").map(Number)) {
      const job = { batch, threads: count, rounds: Number(values.rounds), width, model };
      const { ms, away, threads: used } = await inBrowser("predictors", job);
      const most = Math.max(away.whole, away.single);
      if (used !== count) throw new Error(`ONNX Runtime took ${used} threads, not ${count}`);
      if (!(most < 1e-4)) throw new Error(`the results differ by ${most}`);
      const shown = ({ least, median }) => `${least.toFixed(2)} (${median.toFixed(2)})`;
      const times = [ms.ours, ms.whole, ms.single, ms.alone].map(shown);
      console.log(`| ${[batch, count, ...times, most.toExponential(1)].join(" | ")} |`);
    }
  }
}

/** From an empty profile to a loaded runtime, as a page's visitor waits for it. */
async function coldStart() {
  const opened = await packagePage({ pages: { "/cold": COLD }, path: "/cold" });
  const ms = await opened.page.evaluate(() => globalThis.readyMs);
  await opened.close();
  console.log(`\nCold start, from the address to a loaded model: ${(ms / 1000).toFixed(2)} s\n`);
}

const COLD = `<!doctype html><title>cold</title><link rel="icon" href="data:,">
<script type="module">
  import { GenoLeWMRuntime } from "/package/dist/entry/browser.js";
  import builtin from "/package/dist/builtin/browser.js";
  await GenoLeWMRuntime.load(builtin);
  Object.assign(globalThis, { readyMs: performance.now(), ready: true });
</script>`;

if (values.json) {
  await demoLines();
} else {
  console.log(
    `${cpus()[0].model.trim()}, ${cpus().length} cores; load ${loadavg()[0].toFixed(1)}\n`,
  );
  await coldStart();
  await demoTable();
  await predictorTable();
  console.log(`\nload after: ${loadavg()[0].toFixed(1)}`);
}
