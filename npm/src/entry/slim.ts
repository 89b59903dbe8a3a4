/** The runtime for those who bring the wasm module, and the workers, themselves. */

import { compile, type WasmSource } from "../compile.js";
import { GenoLeWMError } from "../errors.js";
import { inProcess } from "../in-process.js";
import { defaultThreads } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import type { LoadOptions, ModelSource } from "../types.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";
export type { WasmSource } from "../compile.js";

/**
 * As {@link LoadOptions}, with what the other entries find by themselves. There are workers where
 * `startWorker` is given.
 */
export interface SlimLoadOptions extends LoadOptions {
  /** The module, `@genolewm/runtime/genolewm.wasm`: compiled, as bytes, or where it is. */
  wasm: WasmSource | Promise<WasmSource>;
}

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  /** Loads a model with a wasm module of the caller's. */
  static override async load(source: ModelSource, options: SlimLoadOptions): Promise<Runtime> {
    const { wasm, ...others } = options ?? {};
    if (wasm === undefined) throw noWasm();
    const threads = others.startWorker === undefined ? 1 : defaultThreads();
    return this.start(
      {
        defaults: { worker: false, threads },
        wasm: (signal) => compile(wasm, signal),
        inProcess,
        inWorkers: WorkerService.start,
      },
      source,
      others,
    );
  }
}

function noWasm(): GenoLeWMError {
  return new GenoLeWMError({
    code: "RESOURCE.RUNTIME_SETUP",
    message: "This entry has no wasm module of its own, and was given none.",
    remediation:
      "Load with { wasm }: the file @genolewm/runtime/genolewm.wasm, compiled, as bytes, or its URL.",
  });
}
