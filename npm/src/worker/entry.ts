/** The script of the coordinator's worker. It starts the engines' workers itself. */

import { Coordinator, type RemoteStarter } from "../coordinator.js";
import { GenoLeWMError } from "../errors.js";
import type { CallContext, Handlers } from "../service.js";
import { instantiate } from "../wasm.js";
import { RemoteEngine } from "./engine-host.js";
import type { WorkerApi } from "./host.js";
import { Peer, type Port } from "./peer.js";
import { revive, type HostApi } from "./sources.js";

let coordinator: Coordinator | null = null;

/** Engines in workers below this one. */
function engineStarter(module: WebAssembly.Module): RemoteStarter {
  return (files) => (backend) => {
    // Written out, so that bundlers find the script.
    const worker = new Worker(new URL("./engine-entry.js", import.meta.url), { type: "module" });
    return RemoteEngine.start(worker, module, files, backend);
  };
}

const handlers: Handlers<WorkerApi> = {
  start: async ({ module }) => {
    coordinator = new Coordinator(await instantiate(module), engineStarter(module));
    return null;
  },
  coordinate: async ({ method, params, sources }, context) => {
    if (coordinator === null) {
      throw new GenoLeWMError({
        code: "INTERNAL.UNREACHABLE",
        message: "The worker was not started.",
      });
    }
    const revived = Object.entries(sources).map(([name, wire]) => [name, revive(wire, host)]);
    const whole = params === null ? null : { ...params, sources: Object.fromEntries(revived) };
    const handler = coordinator.handlers[method] as (
      params: unknown,
      context: CallContext,
    ) => Promise<unknown>;
    return handler(whole, context);
  },
};

const host = new Peer<WorkerApi, HostApi>(globalThis as unknown as Port, handlers);
