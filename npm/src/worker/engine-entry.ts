/** The script of an engine worker: one instance of the module, one model, one backend. */

import { LocalEngine, type EngineApi } from "../engines.js";
import { GenoLeWMError } from "../errors.js";
import type { Handlers } from "../service.js";
import { instantiate } from "../wasm.js";
import { Peer, type Port } from "./peer.js";

let started: LocalEngine | null = null;

function engine(): LocalEngine {
  if (started !== null) return started;
  throw new GenoLeWMError({ code: "INTERNAL.UNREACHABLE", message: "The engine was not started." });
}

const handlers: Handlers<EngineApi> = {
  start: async ({ module, files, backend }) => {
    const wasm = await instantiate(module);
    const model = wasm.Model.load(new Map(files));
    started = await LocalEngine.start(wasm, model, backend);
    return { device: started.device };
  },
  selfCheck: async () => (await engine().selfCheck(), null),
  probe: () => engine().probe(),
  score: ({ job }) => engine().score(job),
  encodeWindow: ({ window, editLocus }) => engine().encodeWindow(window, editLocus),
  predict: ({ state, edits }) => engine().predict(state, edits),
  lost: () => engine().lost(),
};

new Peer<EngineApi, Record<never, never>>(globalThis as unknown as Port, handlers);
