/** The module and a coordinator on the caller's thread, with one engine beside it. */

import { Coordinator } from "./coordinator.js";
import { localService } from "./local-service.js";
import type { Service } from "./service.js";
import { instantiate } from "./wasm.js";

/** Starts one. */
export async function inProcess(module: WebAssembly.Module): Promise<Service> {
  return localService(new Coordinator(await instantiate(module), null));
}
