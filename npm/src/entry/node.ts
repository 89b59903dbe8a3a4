/** The runtime in Node. */

import { readFile } from "node:fs/promises";
import { compile } from "../compile.js";
import { openFile } from "../files.js";
import { inProcess } from "../in-process.js";
import type { Platform } from "../platform.js";
import { GenoLeWMRuntime as Runtime } from "../runtime.js";

export * from "./exports.js";

const node: Platform = {
  defaults: { worker: false, threads: 1 },
  wasm: (signal) =>
    compile(readFile(new URL("../../wasm/genolewm_bg.wasm", import.meta.url), { signal }), signal),
  inProcess,
  openFile,
};

/** {@inheritDoc Runtime} */
export class GenoLeWMRuntime extends Runtime {
  protected static override readonly platform = node;
}
