/** The near side of the coordinator's worker. */

import { disposedError } from "../errors.js";
import type { MakeWorker } from "../platform.js";
import type {
  CallContext,
  CoordinatorApi,
  OpenedReference,
  Service,
  SourceSpec,
} from "../service.js";
import { onWorkerFailure } from "./failure.js";
import { HeldSources, type WireSource } from "./sources.js";
import { startWorker, type HostHandlers, type Started } from "./start.js";

/** Sources go beside the other parameters, where the worker finds them. */
interface Packed {
  readonly params: unknown;
  readonly sources: Record<string, WireSource>;
  readonly release: () => void;
}

/** A coordinator in a worker, whose engines are in further ones. */
export class WorkerService implements Service {
  readonly #started: Started;
  readonly #held: HeldSources;
  /** What keeps the sources of an open reference, by its id. */
  readonly #releases = new Map<number, () => void>();
  /** What keeps the sources of the model, which an engine that is lost is made of again. */
  readonly #modelReleases: (() => void)[] = [];

  private constructor(started: Started, held: HeldSources) {
    this.#started = started;
    this.#held = held;
  }

  /** Starts the module in a worker. */
  static async start(
    make: MakeWorker,
    module: WebAssembly.Module,
    signal: AbortSignal | undefined,
  ): Promise<WorkerService> {
    const held = new HeldSources();
    const handlers = { ...held.handlers, engine: engineHandler(make, module) };
    const started = await startWorker(make, handlers, signal);
    const service = new WorkerService(started, held);
    try {
      await started.peer.call("coordinator", { module }, { signal });
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
      const result = await this.#started.peer.call(
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
    this.#started.peer.call("coordinate", call).catch(() => undefined);
  }

  close(): void {
    this.#started.worker.terminate();
    this.#started.peer.close(disposedError());
    for (const release of this.#releases.values()) release();
    this.#releases.clear();
    for (const release of this.#modelReleases.splice(0)) release();
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

  /** A reference's sources are needed for as long as it is open, the model's always. */
  #keep(
    method: keyof CoordinatorApi,
    params: unknown,
    result: unknown,
    release: () => void,
  ): boolean {
    if (method === "load") {
      this.#modelReleases.push(release);
      return true;
    }
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

/** Starts a worker for an engine, and ends it when nobody wants it any more. */
function engineHandler(make: MakeWorker, module: WebAssembly.Module): HostHandlers["engine"] {
  const none = async (): Promise<never> => {
    throw disposedError();
  };
  return async ({ port }, { signal }) => {
    const handlers = { read: none, pull: none, engine: none };
    const { worker, peer } = await startWorker(make, handlers, signal);
    const over = new Promise<never>((_, reject) => {
      onWorkerFailure(worker, reject);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    try {
      signal.throwIfAborted();
      await peer.call("engine", { module, port }, { transfer: [port] });
      return await over;
    } finally {
      worker.terminate();
      peer.close(disposedError());
    }
  };
}
