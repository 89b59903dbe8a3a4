/** The near side of an engine worker. */

import type { Engine, EngineApi } from "../engines.js";
import { GenoLeWMError } from "../errors.js";
import type { BackendName } from "../types.js";
import { Peer } from "./peer.js";
import { onWorkerFailure } from "./failure.js";

/** An engine in a worker of its own. */
export class RemoteEngine implements Engine {
  readonly backend: BackendName;
  readonly capacity = 2;
  readonly #worker: Worker;
  readonly #peer: Peer<Record<never, never>, EngineApi>;
  #device = "";
  #gone = false;

  private constructor(worker: Worker, backend: BackendName) {
    this.#worker = worker;
    this.backend = backend;
    this.#peer = new Peer(worker, {});
    onWorkerFailure(worker, (error) => this.#close(error));
  }

  /** Starts the worker's instance; a worker that cannot be used is ended. */
  static async start(
    worker: Worker,
    module: WebAssembly.Module,
    files: ReadonlyMap<string, Uint8Array>,
    backend: BackendName,
  ): Promise<RemoteEngine> {
    const engine = new RemoteEngine(worker, backend);
    try {
      engine.#device = (await engine.#peer.call("start", { module, files, backend })).device;
      return engine;
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  get device(): string {
    return this.#device;
  }

  async selfCheck(): Promise<void> {
    await this.#peer.call("selfCheck", null);
  }

  probe(): Promise<number> {
    return this.#peer.call("probe", null);
  }

  score(job: Uint8Array): Promise<Float64Array> {
    return this.#peer.call("score", { job });
  }

  encodeWindow(window: string, editLocus: number | null): Promise<Float32Array> {
    return this.#peer.call("encodeWindow", { window, editLocus });
  }

  predict(state: Float32Array, edits: string): Promise<Float32Array> {
    return this.#peer.call("predict", { state, edits });
  }

  async lost(): Promise<boolean> {
    return this.#gone || this.#peer.call("lost", null).catch(() => true);
  }

  dispose(): void {
    this.#close(new GenoLeWMError({ code: "RESOURCE.GENERIC", message: "The worker was ended." }));
  }

  #close(reason: GenoLeWMError): void {
    this.#gone = true;
    this.#worker.terminate();
    this.#peer.close(reason);
  }
}
