/** The wasm module, as the declarations that are generated with it describe it. */

import * as glue from "../wasm/genolewm.js";

export type {
  Annotation as WasmAnnotation,
  Engine as WasmEngine,
  Loader as WasmLoader,
  Model as WasmModel,
  Plan as WasmPlan,
  ReferenceFile as WasmReference,
  Run as WasmRun,
  Step,
  Want,
} from "../wasm/genolewm.js";

/** The module. */
export type Wasm = typeof glue;

/**
 * Frees an object. One that is in use, as it is for ever after a trap, cannot be freed: that must
 * not take the place of the error that tells of the trap.
 */
export function release(owned: { free(): void }): void {
  try {
    owned.free();
  } catch {
    // It stays until its instance of the module goes.
  }
}

/** Starts the module. It exists once in a thread: a second call answers the same. */
export async function instantiate(module: WebAssembly.Module): Promise<Wasm> {
  await glue.default({ module_or_path: module });
  return glue;
}
