/** The runtime in Deno. */

import { compile } from "../compile.js";
import { openFile } from "../files.js";
import { inProcess } from "../in-process.js";
import { defaultThreads, type Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";

const deno: Platform = {
  defaults: { worker: false, threads: defaultThreads() },
  wasm: (signal) =>
    compile(
      fetch(new URL("../../wasm/genolewm_bg.wasm", import.meta.url), { signal: signal ?? null }),
      signal,
    ),
  inProcess,
  inWorker: (module, signal) => {
    const worker = new Worker(new URL("../worker/entry.js", import.meta.url), { type: "module" });
    return WorkerService.start(worker, module, signal);
  },
  openFile,
};

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = deno;
}
