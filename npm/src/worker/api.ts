/** What a thread asks of a worker that it started. One script serves, whatever it is asked for. */

import type { CoordinatorApi, Method } from "../service.js";
import type { WireSource } from "./sources.js";

/** A worker becomes a coordinator with `coordinator`, or an engine with `engine`. */
export interface WorkerApi {
  readonly coordinator: Method<{ readonly module: WebAssembly.Module }, null>;
  /** An engine that is spoken to through `port`. */
  readonly engine: Method<
    { readonly module: WebAssembly.Module; readonly port: MessagePort },
    null
  >;
  /** A call of {@link CoordinatorApi}, with its sources as a message carries them. */
  readonly coordinate: Method<
    {
      readonly method: keyof CoordinatorApi;
      readonly params: unknown;
      readonly sources: Readonly<Record<string, WireSource>>;
    },
    unknown,
    unknown
  >;
}
