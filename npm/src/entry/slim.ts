/** The runtime for those who bring the wasm module, and the workers, themselves. */

import { compile, type WasmSource } from "../compile.js";
import { inProcess } from "../in-process.js";
import { defaultThreads } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import type { LoadOptions, ModelSource } from "../types.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";
export type { WasmSource } from "../compile.js";

/** As {@link LoadOptions}, with what the other entries find by themselves. */
export interface SlimLoadOptions extends LoadOptions {
  /** The module, `@genolewm/runtime/genolewm.wasm`: compiled, as bytes, or where it is. */
  wasm: WasmSource | Promise<WasmSource>;
  /** Starts the script `@genolewm/runtime/worker` as a module worker; `worker` is true then. */
  startWorker?: () => Worker;
}

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  /** Loads a model with a wasm module of the caller's. */
  static override load(source: ModelSource, options: SlimLoadOptions): Promise<Runtime> {
    const { wasm, startWorker } = options;
    const workers = startWorker !== undefined && {
      inWorker: (module: WebAssembly.Module, signal: AbortSignal | undefined) =>
        WorkerService.start(startWorker(), module, signal),
    };
    const threads = workers ? defaultThreads() : 1;
    return this.start(
      {
        defaults: { worker: startWorker !== undefined, threads },
        wasm: (signal) => compile(wasm, signal),
        inProcess,
        ...workers,
      },
      source,
      options,
    );
  }
}
