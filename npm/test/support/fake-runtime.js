// A runtime around the fake module, on this thread.

import { Coordinator } from "../../dist/coordinator.js";
import { localService } from "../../dist/local-service.js";
import { GenoLeWMRuntime } from "../../dist/runtime.js";
import { fakeWasm } from "./fake-wasm.js";

/** Files of a model that nobody reads. */
export const MODEL = { "manifest.json": new Uint8Array() };

/** A reference that nobody reads either. */
export const REFERENCE = new TextEncoder().encode("ACGT");

/** The runtime's class, and what of the fake module is not freed. `place` is more of the platform. */
export function fakeRuntime(hooks, place = {}) {
  const { wasm, open } = fakeWasm(hooks);
  class Runtime extends GenoLeWMRuntime {
    static platform = {
      defaults: { worker: false, threads: 1 },
      wasm: async () => null,
      inProcess: async () => localService(new Coordinator(wasm, null)),
      ...place,
    };
  }
  return { Runtime, open };
}
