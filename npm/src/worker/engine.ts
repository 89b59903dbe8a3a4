/** The far side of an engine's worker: one instance of the module, one model, one backend. */

import { LocalEngine, startLoader, type EngineApi } from "../engines.js";
import { GenoLeWMError } from "../errors.js";
import type { Handlers } from "../service.js";
import type { BackendName } from "../types.js";
import { release, type Wasm, type WasmLoader } from "../wasm.js";
import { Peer, type Port } from "./peer.js";

/** Answers for an engine at `port`. */
export function serveEngine(wasm: Wasm, port: Port): void {
  let loading: { readonly loader: WasmLoader; readonly backend: BackendName } | null = null;
  let started: LocalEngine | null = null;
  const there = <T>(it: T | null): T => {
    if (it !== null) return it;
    throw new GenoLeWMError({
      code: "INTERNAL.UNREACHABLE",
      message: "The engine was not started.",
    });
  };
  const engine = (): LocalEngine => there(started);
  const handlers: Handlers<EngineApi> = {
    start: async ({ files, weights, backend }) => {
      const model = wasm.Model.load(new Map(files), new Map(weights));
      try {
        loading = { loader: await startLoader(wasm, model, backend), backend };
      } finally {
        release(model);
      }
      return null;
    },
    push: async ({ piece }) => (there(loading).loader.push(piece), null),
    finish: async () => {
      const { loader, backend } = there(loading);
      loading = null;
      started = LocalEngine.loaded(loader, backend);
      return { device: started.device };
    },
    selfCheck: async () => (await engine().selfCheck(), null),
    probe: () => engine().probe(),
    score: ({ job }) => engine().score(job),
    encodeWindow: ({ window, editLocus }) => engine().encodeWindow(window, editLocus),
    predict: ({ state, edits }) => engine().predict(state, edits),
    follow: (asked) => engine().follow(asked),
    encodeEdited: (asked) => engine().encodeEdited(asked),
    lost: () => engine().lost(),
  };
  new Peer<EngineApi, Record<never, never>>(port, handlers);
}
