// The consumers of `npm/packaging`: each is copied to an empty folder, gets the packed tarball, and
// scores the same files.

import { spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { launch, openPage } from "./browser.mjs";
import { npm, tarball } from "./installed.mjs";
import { inRoot, scratch } from "./paths.mjs";
import { deno, DENO_FLAGS, denoEnvironment, run } from "./runtimes.mjs";
import { serve } from "./server.mjs";
import { serveWorker } from "./workerd.mjs";

const copies = new Map();

/** Copies a consumer, installs what it pins and then the tarball; the copy, one of each. */
function install(name) {
  if (!copies.has(name)) copies.set(name, installAnew(name));
  return copies.get(name);
}

function installAnew(name) {
  const folder = join(scratch(`packaging-${name}`), name);
  cpSync(inRoot("npm/packaging", name), folder, {
    recursive: true,
    filter: (path) => !["node_modules", "dist", "score.js"].includes(basename(path)),
  });
  cpSync(inRoot("npm/packaging/score.js"), join(folder, "score.js"));
  if (existsSync(join(folder, "package-lock.json"))) npm(["ci"], folder);
  npm(["install", "--no-save", "--no-package-lock", tarball()], folder);
  return folder;
}

/** What a command printed, if that is one line of JSON and there was not a word beside it. */
function oneLine(name, { status, stdout, stderr }) {
  if (status !== 0 || stderr !== "") throw new Error(`${name}: status ${status}\n${stderr}`);
  const lines = stdout.trimEnd().split("\n");
  if (lines.length !== 1) throw new Error(`${name} printed ${lines.length} lines:\n${stdout}`);
  return JSON.parse(lines[0]);
}

async function build(folder, name) {
  const { status, stdout, stderr } = await run("npm", ["run", "--silent", "build"], {
    cwd: folder,
    env: { ...process.env, npm_config_loglevel: "error", NO_COLOR: "1" },
  });
  if (status !== 0 || stderr !== "" || stdout !== "") {
    throw new Error(`${name} does not build silently: status ${status}\n${stdout}${stderr}`);
  }
}

/** Each consumer by name: given the paths of a VCF and a reference, the rows that it printed. */
export const CONSUMERS = {
  async node({ vcf, reference }) {
    const folder = install("node");
    const args = ["index.js", vcf, reference];
    return oneLine("node", await run(process.execPath, args, { cwd: folder }));
  },
  async deno({ vcf, reference }) {
    const folder = install("deno");
    const args = [...DENO_FLAGS, "--allow-read", "index.js", vcf, reference];
    return oneLine("deno", await run(deno(), args, { cwd: folder, env: denoEnvironment() }));
  },
  async workerd(files) {
    const folder = install("workerd");
    await build(folder, "workerd");
    const server = await serve({ mounts: mountsOf(files) });
    const worker = await serveWorker(join(folder, "config.capnp"));
    try {
      const response = await fetch(`${worker.url}/?${queryOf(files, server.url)}`);
      const stdout = await response.text();
      return oneLine("workerd", { status: response.ok ? 0 : 1, stdout, stderr: worker.stderr() });
    } finally {
      await worker.close();
      await server.close();
    }
  },
  async vite(files) {
    const folder = install("vite");
    await build(folder, "vite");
    return inPage("vite", join(folder, "dist"), files);
  },
  async "vite dev"(files) {
    const folder = install("vite");
    return withViteServer(folder, files);
  },
  async webpack(files) {
    const folder = install("webpack");
    await build(folder, "webpack");
    return inPage("webpack", folder, files);
  },
  async esbuild(files) {
    const folder = install("esbuild");
    await build(folder, "esbuild");
    return inPage("esbuild", folder, files);
  },
  async "script-tag"(files) {
    return inPage("script-tag", install("script-tag"), files);
  },
};

const mountsOf = ({ vcf, reference }) => ({
  "/vcf/": dirname(vcf),
  "/reference/": dirname(reference),
});

function queryOf({ vcf, reference }, origin) {
  return new URLSearchParams({
    vcf: `${origin}/vcf/${basename(vcf)}`,
    reference: `${origin}/reference/${basename(reference)}`,
  });
}

/** Opens a folder's page from a file server that knows nothing but files. */
async function inPage(name, folder, files) {
  const server = await serve({ mounts: { ...mountsOf(files), "/": folder } });
  try {
    return await printedBy(name, `${server.url}/?${queryOf(files, server.url)}`);
  } finally {
    await server.close();
  }
}

/** What a page printed, which must be one line of JSON. */
async function printedBy(name, url) {
  const browser = await launch();
  try {
    const page = await openPage(browser);
    const missing = [];
    page.on("response", (answer) => answer.ok() || missing.push(answer.url()));
    const spoken = (message) => message.type() !== "debug";
    const first = page.waitForEvent("console", { predicate: spoken, timeout: 120_000 });
    await page.goto(url);
    await Promise.race([first, browser.context.waitForEvent("weberror", { timeout: 120_000 })]);
    // Whatever else it has to say.
    await page.waitForTimeout(250);
    if (browser.errors.length > 0) throw new Error(`${name}: ${browser.errors.join("\n")}`);
    // Vite's development client greets on the debug level.
    const [line, ...more] = browser.console.filter((each) => !each.startsWith("debug: [vite]"));
    if (more.length > 0 || !line.startsWith("log: ")) {
      throw new Error(`${name} said:\n${[...browser.console, ...missing].join("\n")}`);
    }
    return JSON.parse(line.slice("log: ".length));
  } finally {
    await browser.close();
  }
}

/** Vite's development server, which handles workers and wasm in another way than its build. */
async function withViteServer(folder, files) {
  const port = await freePort();
  // Vite's own server labels `.gz` as an encoding, so that browsers would unpack it.
  const headers = () => ({ "access-control-allow-origin": "*" });
  const server = await serve({ mounts: mountsOf(files), headers });
  const args = [join(folder, "node_modules/vite/bin/vite.js"), "--logLevel", "warn"];
  const child = spawn(process.execPath, [...args, "--port", port, "--strictPort"], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  try {
    const origin = `http://localhost:${port}`;
    await reachable(origin);
    const rows = await printedBy("vite dev", `${origin}/?${queryOf(files, server.url)}`);
    if (said !== "") throw new Error(`vite dev said:\n${said}`);
    return rows;
  } finally {
    child.kill();
    await server.close();
  }
}

/** A port that nobody listens on. */
async function freePort() {
  const server = await serve();
  await server.close();
  return new URL(server.url).port;
}

async function reachable(url) {
  for (let tries = 0; tries < 100; tries += 1) {
    const there = await fetch(url).then(
      () => true,
      () => false,
    );
    if (there) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** The code that every consumer runs, as its README shows it. */
export const sharedCode = () => readFileSync(inRoot("npm/packaging/score.js"), "utf8");
