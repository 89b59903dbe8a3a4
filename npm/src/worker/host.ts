/** The near side of the coordinator's worker. */

import { disposedError } from "../errors.js";
import type {
  CallContext,
  CoordinatorApi,
  Method,
  OpenedReference,
  Service,
  SourceSpec,
} from "../service.js";
import { onWorkerFailure } from "./failure.js";
import { Peer } from "./peer.js";
import { HeldSources, type HostApi, type WireSource } from "./sources.js";

/** The worker is started with the module, before it is asked for anything else. */
export interface WorkerApi {
  readonly start: Method<{ readonly module: WebAssembly.Module }, null>;
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

/** Sources go beside the other parameters, where the worker finds them. */
interface Packed {
  readonly params: unknown;
  readonly sources: Record<string, WireSource>;
  readonly release: () => void;
}

/** A coordinator in a worker. */
export class WorkerService implements Service {
  readonly #worker: Worker;
  readonly #held = new HeldSources();
  readonly #peer: Peer<HostApi, WorkerApi>;
  /** What keeps the sources of an open reference, by its id. */
  readonly #releases = new Map<number, () => void>();

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#peer = new Peer(worker, this.#held.handlers);
    onWorkerFailure(worker, (error) => this.#peer.close(error));
  }

  /** Starts the module in `worker`. */
  static async start(
    worker: Worker,
    module: WebAssembly.Module,
    signal: AbortSignal | undefined,
  ): Promise<WorkerService> {
    const service = new WorkerService(worker);
    try {
      await service.#peer.call("start", { module }, { signal });
      return service;
    } catch (error) {
      service.close();
      throw error;
    }
  }

  async call<K extends keyof CoordinatorApi>(
    method: K,
    params: CoordinatorApi[K]["params"],
    context: CallContext<CoordinatorApi[K]["event"]>,
  ): Promise<CoordinatorApi[K]["result"]> {
    const { release, ...packed } = this.#pack(params);
    let keep = false;
    try {
      const result = await this.#peer.call(
        "coordinate",
        { method, ...packed },
        {
          signal: context.signal,
          emit: context.emit as (event: unknown) => void,
          unclaimed: method === "openReference" ? (opened) => this.#closeAgain(opened) : undefined,
        },
      );
      keep = this.#keep(method, params, result, release);
      return result as CoordinatorApi[K]["result"];
    } finally {
      if (!keep) release();
    }
  }

  /** A reference that was open just when its caller had enough would stay in the worker. */
  #closeAgain(opened: unknown): void {
    const params = { id: (opened as OpenedReference).id };
    const call = { method: "closeReference", params, sources: {} } as const;
    this.#peer.call("coordinate", call).catch(() => undefined);
  }

  close(): void {
    this.#worker.terminate();
    this.#peer.close(disposedError());
    for (const release of this.#releases.values()) release();
    this.#releases.clear();
  }

  #pack(params: unknown): Packed {
    const { sources = {}, ...others } = (params ?? {}) as {
      readonly sources?: Readonly<Record<string, SourceSpec>>;
    };
    const wired = Object.entries(sources).map(
      ([name, spec]) => [name, this.#held.wire(spec)] as const,
    );
    return {
      params: params === null ? null : others,
      sources: Object.fromEntries(wired.map(([name, { source }]) => [name, source])),
      release: () => wired.forEach(([, { release }]) => release()),
    };
  }

  /** A reference's sources are needed for as long as it is open. */
  #keep(
    method: keyof CoordinatorApi,
    params: unknown,
    result: unknown,
    release: () => void,
  ): boolean {
    if (method === "openReference") {
      this.#releases.set((result as OpenedReference).id, release);
      return true;
    }
    if (method === "closeReference") {
      const { id } = params as CoordinatorApi["closeReference"]["params"];
      this.#releases.get(id)?.();
      this.#releases.delete(id);
    }
    return false;
  }
}
