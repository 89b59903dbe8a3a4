/** The script of every worker: of the coordinator's, and of the engines' that it asks for. */

import { Coordinator } from "../coordinator.js";
import { GenoLeWMError } from "../errors.js";
import type { CallContext, Handlers } from "../service.js";
import { instantiate } from "../wasm.js";
import type { WorkerApi } from "./api.js";
import { serveEngine } from "./engine.js";
import { RemoteEngine } from "./engine-host.js";
import { Peer, type Port } from "./peer.js";
import { revive, type HostApi } from "./sources.js";

let coordinator: Coordinator | null = null;

const handlers: Handlers<WorkerApi> = {
  coordinator: async ({ module }) => {
    coordinator = new Coordinator(
      await instantiate(module),
      (model) =>
        (...how) =>
          RemoteEngine.start(host, model, ...how),
    );
    return null;
  },
  engine: async ({ module, port }) => {
    serveEngine(await instantiate(module), port);
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

// What was sent before a module has run may be lost: the other side waits for this word.
host.call("ready", null).catch(() => undefined);
