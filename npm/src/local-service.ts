/** A coordinator on the caller's thread. */

import type { Coordinator } from "./coordinator.js";
import { GenoLeWMError } from "./errors.js";
import type { CallContext, CoordinatorApi, Handlers, Service } from "./service.js";

/** Calls `coordinator` directly; failures come out as they would of a worker. */
export function localService(coordinator: Coordinator): Service {
  const handlers: Handlers<CoordinatorApi> = coordinator;
  return {
    async call<K extends keyof CoordinatorApi>(
      method: K,
      params: CoordinatorApi[K]["params"],
      context: CallContext<CoordinatorApi[K]["event"]>,
    ): Promise<CoordinatorApi[K]["result"]> {
      try {
        return await handlers[method](params, context);
      } catch (error) {
        context.signal.throwIfAborted();
        throw GenoLeWMError.from(error);
      }
    },
    close: () => coordinator.dispose(),
  };
}
