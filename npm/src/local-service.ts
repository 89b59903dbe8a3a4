/** A coordinator on the caller's thread. */

import type { Coordinator } from "./coordinator.js";
import { GenoLeWMError } from "./errors.js";
import type { Service } from "./service.js";

/** Calls `coordinator` directly; failures come out as they would of a worker. */
export function localService(coordinator: Coordinator): Service {
  const call: Service["call"] = async (method, params, context) => {
    try {
      return await coordinator.handlers[method](params, context);
    } catch (error) {
      context.signal.throwIfAborted();
      throw GenoLeWMError.from(error);
    }
  };
  return { call, close: () => coordinator.dispose() };
}
