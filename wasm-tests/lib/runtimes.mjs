// The package in each runtime, for the same job.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { launch, openPage } from "./browser.mjs";
import { installed, packageFolder } from "./installed.mjs";
import { modelFiles } from "./model.mjs";
import { inRoot, scratch } from "./paths.mjs";
import { serve } from "./server.mjs";
import { bundle, serveWorker } from "./workerd.mjs";

/** A file of a job. */
export function jobFile(path, name = basename(path)) {
  return { name, base64: readFileSync(path).toString("base64") };
}

/** A model of a job, from its folder. */
export function jobModel(folder) {
  return [...modelFiles(folder)].map(([name, bytes]) => ({
    name,
    base64: bytes.toString("base64"),
  }));
}

/** Runs a command to its end; `{status, stdout, stderr}`. */
export function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const parts = { stdout: [], stderr: [] };
    for (const name of ["stdout", "stderr"]) {
      child[name].on("data", (chunk) => parts[name].push(chunk));
    }
    const text = (name) => Buffer.concat(parts[name]).toString("utf8");
    child.once("error", fail);
    child.once("close", (status) => {
      done({ status, stdout: text("stdout"), stderr: text("stderr") });
    });
  });
}

/** Flags that keep Deno to what is installed and on this machine. */
export const DENO_FLAGS = ["run", "--no-remote", "--node-modules-dir=manual", "--no-prompt"];
export const deno = () => inRoot("wasm-tests/node_modules/.bin/deno");

/**
 * Where Deno runs: Mesa, which it asks for a graphics adapter, complains of a session without a
 * runtime folder.
 */
export function denoEnvironment() {
  const folder = process.env.XDG_RUNTIME_DIR ?? scratch("runtime");
  const quiet = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  return { ...process.env, ...quiet, XDG_RUNTIME_DIR: folder };
}

async function command(program, args, job) {
  const path = join(scratch("job"), "job.json");
  writeFileSync(path, JSON.stringify(job));
  const ended = await run(program, [...args, "drivers/command.mjs", path], {
    cwd: installed(),
    env: denoEnvironment(),
  });
  if (ended.status !== 0 || ended.stderr !== "") {
    throw new Error(`${program}: status ${ended.status}\n${ended.stderr}`);
  }
  return JSON.parse(ended.stdout);
}

/** The job in Node. */
export const inNode = (job) => command(process.execPath, [], job);

/** The job in Deno, without the right to reach the network. */
export const inDeno = (job) =>
  command(deno(), [...DENO_FLAGS, "--allow-read", "--allow-env", "--allow-sys"], job);

/** The job in workerd. */
export async function inWorkerd(job) {
  const folder = mkdtempSync(join(installed(), "workerd-"));
  mkdirSync(folder, { recursive: true });
  const config = await bundle(join(installed(), "drivers/workerd.mjs"), folder);
  const worker = await serveWorker(config);
  try {
    const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(job) });
    const answer = await response.json();
    if (answer.failed) throw new Error(JSON.stringify(answer.failed, null, 2));
    if (worker.stderr() !== "") throw new Error(`workerd: ${worker.stderr()}`);
    return answer;
  } finally {
    await worker.close();
  }
}

const PAGE = `<!doctype html>
<meta charset="utf-8"><title>job</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({
  imports: {
    "@genolewm/runtime": "/package/dist/entry/browser.js",
    "@genolewm/runtime/models/builtin": "/package/dist/builtin/browser.js",
  },
})}</script>
<script type="module">
  import { GenoLeWMRuntime } from "@genolewm/runtime";
  import builtin from "@genolewm/runtime/models/builtin";
  import { work } from "/drivers/work.mjs";
  Object.assign(globalThis, { GenoLeWMRuntime, builtin, work, ready: true });
</script>`;

/**
 * A page in Chromium with the package on it, unbundled, as globals: `GenoLeWMRuntime`, `builtin`,
 * `work`. `pages` are further files by path; `path` may name another page, which says that it is
 * `ready`.
 */
export async function packagePage({ pages = {}, mounts = {}, path = "/", ...options } = {}) {
  const server = await serve({
    mounts: { ...mounts, "/package": packageFolder(), "/drivers": inRoot("wasm-tests/drivers") },
    pages: { ...pages, "/": PAGE },
    isolated: options.isolated,
    rewrite: options.rewrite,
  });
  const browser = await launch(options);
  const page = await openPage(browser);
  await page.goto(server.url + path);
  await page.waitForFunction(() => globalThis.ready);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { page, browser, server, close };
}

/** The job in Chromium. */
export async function inChromium(job, options = {}) {
  const pages = { "/job.json": JSON.stringify(job) };
  const opened = await packagePage({ ...options, pages });
  try {
    const answer = await opened.page.evaluate(async () => {
      const { GenoLeWMRuntime, builtin, work } = globalThis;
      const job = await (await fetch("/job.json")).json();
      return JSON.stringify(await work(GenoLeWMRuntime, builtin, job));
    });
    const { console: spoken, errors } = opened.browser;
    if (errors.length > 0) throw new Error(`errors in the page: ${errors.join("\n")}`);
    if (spoken.length > 0) throw new Error(`the page's console: ${spoken.join("\n")}`);
    return JSON.parse(answer);
  } finally {
    await opened.close();
  }
}
