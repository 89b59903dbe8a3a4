/** The coordinator's side of an engine in a worker of its own. */

import { abortable } from "../abort.js";
import type { Edited, Engine, EngineApi, Followed } from "../engines.js";
import { GenoLeWMError } from "../errors.js";
import type { LoadParams } from "../service.js";
import type { BackendName } from "../types.js";
import type { Pour } from "../weight-feed.js";
import { Peer } from "./peer.js";
import type { HostApi } from "./sources.js";

/** An engine behind a port. The thread that started the coordinator has started its worker too. */
export class RemoteEngine implements Engine {
  readonly backend: BackendName;
  readonly capacity = 2;
  readonly #peer: Peer<Record<never, never>, EngineApi>;
  readonly #life = new AbortController();
  #device = "";

  private constructor(host: Pick<Peer<never, HostApi>, "call">, backend: BackendName) {
    const { port1, port2 } = new MessageChannel();
    this.backend = backend;
    this.#peer = new Peer(port1, {});
    const { signal } = this.#life;
    // It never answers, but fails when its worker does.
    host
      .call("engine", { port: port2 }, { signal, transfer: [port2] })
      .catch((error: unknown) => this.#close(error));
    signal.addEventListener("abort", () => port1.close());
  }

  /** Asks `host` for a worker, and starts an engine in it; one that cannot be used, or that `signal` gives up, is ended. */
  static async start(
    host: Pick<Peer<never, HostApi>, "call">,
    { files, weights }: Pick<LoadParams, "files" | "weights">,
    backend: BackendName,
    pour: Pour,
    signal?: AbortSignal,
  ): Promise<RemoteEngine> {
    const engine = new RemoteEngine(host, backend);
    const peer = engine.#peer;
    const start = async (): Promise<void> => {
      await peer.call("start", { files, weights, backend });
      await pour(async (bytes) => {
        // Other engines take the same bytes, and a message carries whole buffers.
        const piece = bytes.slice();
        await peer.call("push", { piece }, { transfer: [piece.buffer] });
      });
      engine.#device = (await peer.call("finish", null)).device;
    };
    try {
      await abortable(start(), signal);
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

  follow(asked: Followed): Promise<Float32Array> {
    return this.#peer.call("follow", asked);
  }

  encodeEdited(asked: Edited): Promise<Float32Array> {
    return this.#peer.call("encodeEdited", asked);
  }

  async lost(): Promise<boolean> {
    return this.#life.signal.aborted || this.#peer.call("lost", null).catch(() => true);
  }

  dispose(): void {
    this.#close(new GenoLeWMError({ code: "RESOURCE.GENERIC", message: "The worker was ended." }));
  }

  #close(reason: unknown): void {
    this.#peer.close(reason);
    this.#life.abort(reason);
  }
}
