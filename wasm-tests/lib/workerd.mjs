// workerd, as Cloudflare's own tool prepares code for it: one bundle, wasm and data as modules.

import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import workerd from "workerd";

/** The executable. */
export const WORKERD = workerd.default ?? workerd;

/** Bundles `entry` into `folder` and writes a `config.capnp` for it; the config's path. */
export async function bundle(entry, folder) {
  await build({
    entryPoints: [entry],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy", ".bin": "copy" },
    assetNames: "[name]",
    logLevel: "error",
  });
  // The first module is the worker.
  const names = ["worker.js", ...readdirSync(folder).filter((name) => name !== "worker.js")];
  const modules = names.map(moduleOf).filter(Boolean).join(",\n    ");
  const config = join(folder, "config.capnp");
  writeFileSync(config, CONFIG.replace("MODULES", modules));
  return config;
}

function moduleOf(name) {
  if (name === "worker.js") return `(name = "worker.js", esModule = embed "worker.js")`;
  if (name.endsWith(".wasm")) return `(name = "./${name}", wasm = embed "${name}")`;
  if (name.endsWith(".bin")) return `(name = "./${name}", data = embed "${name}")`;
  return null;
}

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [
    MODULES
  ],
  compatibilityDate = "2026-11-01",
);
`;

/** Serves a config; `{url, stderr(), close()}`. */
export async function serveWorker(config) {
  const child = spawn(WORKERD, ["serve", config, "--control-fd=3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  child.stdout.resume();
  const exited = new Promise((done) => child.once("exit", done));
  const port = await Promise.race([
    listening(child.stdio[3]),
    exited.then((status) => Promise.reject(new Error(`workerd: status ${status}\n${stderr}`))),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    stderr: () => stderr,
    close: async () => {
      child.kill();
      await exited;
    },
  };
}

/** workerd tells on the control descriptor which port it got. */
function listening(control) {
  return new Promise((done) => {
    let text = "";
    control.on("data", (chunk) => {
      text += chunk;
      for (const line of text.split("\n")) {
        const event = line?.endsWith("}") ? JSON.parse(line) : {};
        if (event.event === "listen" && event.socket === "http") done(event.port);
      }
    });
  });
}
