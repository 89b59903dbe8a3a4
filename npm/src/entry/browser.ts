/** The runtime in a page, and in a page's own workers. */

import { compile } from "../compile.js";
import { GenoLeWMError } from "../errors.js";
import { fetchPatiently } from "../http.js";
import { defaultThreads, type Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";
import { throughBlob } from "../worker/blob.js";
import { WorkerService } from "../worker/host.js";

export * from "./exports.js";

const MODULE = "genolewm_bg.wasm";

/** The module, fetched and compiled once for all runtimes of a page. */
let compiled: Promise<WebAssembly.Module> | undefined;

/** The module, now or by another call's work; what failed is tried again. */
function shared(): Promise<WebAssembly.Module> {
  const address = new URL("../../wasm/genolewm_bg.wasm", import.meta.url);
  compiled ??= compile(fetchPatiently(address.href, MODULE), undefined).catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

const inPage = typeof document !== "undefined" && typeof Worker !== "undefined";

/** Where no bundler has moved anything, the worker's script has a known place beside this one. */
const ownAddress = import.meta.url;
const unbundled = /^https?:.*\/dist\/entry\/browser\.js$/.test(ownAddress);

/**
 * Directly, as bundlers have to see it written out. A second try goes through a Blob, which may import
 * from another site and has the page's Cross-Origin-Embedder-Policy.
 */
function startWorker(again: boolean): Worker {
  if (again && unbundled) return throughBlob(new URL("../worker/entry.js", ownAddress));
  return new Worker(new URL("../worker/entry.js", import.meta.url), { type: "module" });
}

/** In a service worker, which may load no script once it runs. */
function inServiceWorker(): boolean {
  const { ServiceWorkerGlobalScope: scope } = globalThis as { ServiceWorkerGlobalScope?: unknown };
  return typeof scope === "function" && globalThis instanceof scope;
}

const browser: Platform = {
  defaults: { worker: inPage, threads: inPage ? defaultThreads() : 1 },
  wasm: shared,
  // Pages that work in a worker need not load what works without.
  inProcess: async (module) => {
    if (inServiceWorker()) throw noImports();
    return (await import("../in-process.js")).inProcess(module);
  },
  inWorkers: WorkerService.start,
  ...(typeof Worker === "undefined" ? {} : { startWorker }),
};

function noImports(): GenoLeWMError {
  return new GenoLeWMError({
    code: "DEPLOY.BACKEND_UNSUPPORTED",
    message: "A service worker may load no further script, as this entry does.",
    remediation:
      'Import GenoLeWMRuntime from "@genolewm/runtime/slim" there, and load with { wasm: fetch(URL of genolewm_bg.wasm) }.',
  });
}

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = browser;
}
