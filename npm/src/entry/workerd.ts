/** The runtime in Cloudflare Workers, where a module is compiled when it is deployed. */

import wasm from "../../wasm/genolewm_bg.wasm";
import { inProcess } from "../in-process.js";
import type { Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";

export * from "./exports.js";

const workerd: Platform = {
  defaults: { worker: false, threads: 1 },
  wasm: async () => wasm,
  inProcess,
};

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = workerd;
}
