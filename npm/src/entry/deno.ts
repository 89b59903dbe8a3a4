/** The runtime in Deno. */

import { compile } from "../compile.js";
import { openFile } from "../files.js";
import { fetchPatiently } from "../http.js";
import { inProcess } from "../in-process.js";
import { defaultThreads, type Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";

const MODULE = "genolewm_bg.wasm";

const deno: Platform = {
  defaults: { worker: false, threads: defaultThreads() },
  wasm: (signal) =>
    compile(
      fetchPatiently(new URL("../../wasm/genolewm_bg.wasm", import.meta.url).href, MODULE, signal),
      signal,
    ),
  inProcess,
  inWorkers: WorkerService.start,
  startWorker: () => new Worker(new URL("../worker/entry.js", import.meta.url), { type: "module" }),
  openFile,
};

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = deno;
}
