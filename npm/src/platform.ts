/** What differs between a page, Node, Deno and Cloudflare Workers. */

import { abortable } from "./abort.js";
import { GenoLeWMError } from "./errors.js";
import type { Service } from "./service.js";
import type { LoadOptions, RangeSource } from "./types.js";

/** Makes a worker of the package's script; told whether an earlier one did not start. */
export type MakeWorker = (again: boolean) => Worker;

/** A place where the runtime runs. Each entry of the package describes its own. */
export interface Platform {
  /** What is taken when the caller does not say. */
  readonly defaults: { readonly worker: boolean; readonly threads: number };
  /** The wasm module, compiled. */
  wasm(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** A coordinator on this thread. */
  inProcess(module: WebAssembly.Module): Promise<Service>;
  /** A coordinator in a worker, and what it needs in further ones; absent where there are none. */
  readonly inWorkers?: (
    make: MakeWorker,
    module: WebAssembly.Module,
    signal: AbortSignal | undefined,
  ) => Promise<Service>;
  /** How they are started, unless the caller does. */
  readonly startWorker?: MakeWorker;
  /** Opens a `file:` URL; absent where there are no files. */
  readonly openFile?: (url: URL) => Promise<RangeSource>;
}

/** Threads where there are workers: a core each, and few enough to stay a good guest. */
export function defaultThreads(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(cores, 4));
}

/** A coordinator with the module started in it. */
export async function connect(
  platform: Platform,
  {
    startWorker,
    worker = startWorker !== undefined || platform.defaults.worker,
    signal,
  }: LoadOptions,
): Promise<Service> {
  const module = await abortable(platform.wasm(signal), signal);
  if (!worker) return platform.inProcess(module);
  const make = startWorker ?? platform.startWorker;
  if (make !== undefined && platform.inWorkers !== undefined) {
    return platform.inWorkers(make, module, signal);
  }
  throw new GenoLeWMError({
    code: "DEPLOY.BACKEND_UNSUPPORTED",
    message: "There are no workers to be used here.",
    remediation: "Load with worker: false.",
  });
}
