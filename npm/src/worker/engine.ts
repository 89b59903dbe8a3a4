/** The far side of an engine's worker: one instance of the module, one model, one backend. */

import { LocalEngine, type EngineApi } from "../engines.js";
import { GenoLeWMError } from "../errors.js";
import type { Handlers } from "../service.js";
import type { Wasm } from "../wasm.js";
import { Peer, type Port } from "./peer.js";

/** Answers for an engine at `port`. */
export function serveEngine(wasm: Wasm, port: Port): void {
  let started: LocalEngine | null = null;
  const engine = (): LocalEngine => {
    if (started !== null) return started;
    throw new GenoLeWMError({
      code: "INTERNAL.UNREACHABLE",
      message: "The engine was not started.",
    });
  };
  const handlers: Handlers<EngineApi> = {
    start: async ({ files, backend }) => {
      started = await LocalEngine.start(wasm, wasm.Model.load(new Map(files)), backend);
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
