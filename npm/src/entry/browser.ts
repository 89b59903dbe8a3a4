/** The runtime in a page, and in a page's own workers. */

import { compile } from "../compile.js";
import { defaultThreads, type Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";

/** The module, fetched and compiled once for all runtimes of a page. */
let compiled: Promise<WebAssembly.Module> | undefined;

/** The module, now or by another call's work; what failed is tried again. */
function shared(): Promise<WebAssembly.Module> {
  const address = new URL("../../wasm/genolewm_bg.wasm", import.meta.url);
  compiled ??= compile(fetch(address), undefined).catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

const inPage = typeof document !== "undefined" && typeof Worker !== "undefined";

const browser: Platform = {
  defaults: { worker: inPage, threads: inPage ? defaultThreads() : 1 },
  wasm: shared,
  // Pages that work in a worker need not load what works without.
  inProcess: async (module) => (await import("../in-process.js")).inProcess(module),
  inWorker: (module, signal) => {
    // Written out, so that bundlers find the script.
    const worker = new Worker(new URL("../worker/entry.js", import.meta.url), { type: "module" });
    return WorkerService.start(worker, module, signal);
  },
};

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = browser;
}
