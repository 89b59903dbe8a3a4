/** The network on one backend: on this thread, or behind a worker. */

import { nextTask } from "./abort.js";
import type { Pace } from "./pace.js";
import type { Method } from "./service.js";
import type { BackendName } from "./types.js";
import { release, type Wasm, type WasmEngine, type WasmLoader, type WasmModel } from "./wasm.js";
import type { Pour } from "./weight-feed.js";

/** Sequences of edits from one state. */
export interface Followed {
  readonly state: Float32Array;
  /** JSON. */
  readonly sequences: string;
  readonly prediction: string;
  readonly every: boolean;
}

/** Sequences of edits of a window. */
export interface Edited {
  readonly window: string;
  /** JSON. */
  readonly sequences: string;
  readonly locus: number | null;
}

/** An instance of the model that scores. */
export interface Engine {
  readonly backend: BackendName;
  /** What receipts call the device. */
  readonly device: string;
  /** Jobs that it takes at once: one to work on, and one so that it need not wait for the next. */
  readonly capacity: number;
  /** Rejects when known answers do not come out. */
  selfCheck(): Promise<void>;
  /** Scores a small fixed batch; answers its number of alleles. */
  probe(): Promise<number>;
  /** Two numbers for each candidate of a job. */
  score(job: Uint8Array): Promise<Float64Array>;
  encodeWindow(window: string, editLocus: number | null): Promise<Float32Array>;
  predict(state: Float32Array, edits: string): Promise<Float32Array>;
  /** The last state of each sequence of edits, or with `every` all states of the one. */
  follow(asked: Followed): Promise<Float32Array>;
  /** The states of a window with each sequence of edits. */
  encodeEdited(asked: Edited): Promise<Float32Array>;
  /** Whether it will never answer again: asked after a failure. */
  lost(): Promise<boolean>;
  dispose(): void;
}

/** Makes an engine; rejects where the backend is not there, and when it does not keep `pace`. */
export type EngineStarter = (backend: BackendName, pace?: Pace) => Promise<Engine>;

/** Alleles a second of `probes` that run side by side, and how many alleles one of them had. */
export async function rate(
  probes: readonly (() => Promise<number>)[],
): Promise<{ readonly batch: number; readonly perSecond: number }> {
  const start = performance.now();
  const alleles = await Promise.all(probes.map((probe) => probe()));
  const seconds = (performance.now() - start) / 1000;
  const total = alleles.reduce((sum, count) => sum + count, 0);
  return { batch: alleles[0] ?? 0, perSecond: total / seconds };
}

/** How an engine worker is spoken to: as {@link Engine}, with its start, its weights and its end of them before. */
export interface EngineApi {
  readonly start: Method<
    {
      readonly files: ReadonlyMap<string, Uint8Array>;
      readonly weights: ReadonlyMap<string, number>;
      readonly backend: BackendName;
    },
    null
  >;
  readonly push: Method<{ readonly piece: Uint8Array }, null>;
  readonly finish: Method<null, { readonly device: string }>;
  readonly selfCheck: Method<null, null>;
  readonly probe: Method<null, number>;
  readonly score: Method<{ readonly job: Uint8Array }, Float64Array>;
  readonly encodeWindow: Method<
    { readonly window: string; readonly editLocus: number | null },
    Float32Array
  >;
  readonly predict: Method<{ readonly state: Float32Array; readonly edits: string }, Float32Array>;
  readonly follow: Method<Followed, Float32Array>;
  readonly encodeEdited: Method<Edited, Float32Array>;
  readonly lost: Method<null, boolean>;
}

/** What takes the weights of a model, on a backend. */
export async function startLoader(
  wasm: Wasm,
  model: WasmModel,
  backend: BackendName,
): Promise<WasmLoader> {
  return backend === "cpu" ? wasm.Loader.cpu(model) : wasm.Loader.webgpu(model);
}

/** An engine in this thread's instance of the module. */
export class LocalEngine implements Engine {
  readonly backend: BackendName;
  readonly device: string;
  readonly capacity: number;
  readonly #engine: WasmEngine;
  #busy = 0;
  #disposed = false;
  /** After a trap the instance's memory is not to be trusted. */
  #broken = false;

  private constructor(engine: WasmEngine, backend: BackendName) {
    this.#engine = engine;
    this.backend = backend;
    this.device = engine.device;
    // The processor is this thread, which does one thing at a time.
    this.capacity = backend === "cpu" ? 1 : 2;
  }

  /** Loads a model; rejects where there is no such backend. */
  static async start(
    wasm: Wasm,
    model: WasmModel,
    backend: BackendName,
    pour: Pour,
  ): Promise<LocalEngine> {
    const loader = await startLoader(wasm, model, backend);
    try {
      await pour(async (piece) => loader.push(piece));
    } catch (error) {
      release(loader);
      throw error;
    }
    return LocalEngine.loaded(loader, backend);
  }

  /** An engine all of whose weights have come. */
  static loaded(loader: WasmLoader, backend: BackendName): LocalEngine {
    return new LocalEngine(loader.finish(), backend);
  }

  selfCheck(): Promise<void> {
    return this.#use((engine) => engine.selfCheck());
  }

  probe(): Promise<number> {
    return this.#use((engine) => engine.probe());
  }

  // The processor works within the call: a trap in a task of the module's own would be nobody's,
  // and end a process.
  score(job: Uint8Array): Promise<Float64Array> {
    const now = this.backend === "cpu";
    return this.#use(async (engine) => (now ? engine.scoreNow(job) : engine.score(job)));
  }

  encodeWindow(window: string, editLocus: number | null): Promise<Float32Array> {
    const now = this.backend === "cpu";
    const locus = editLocus ?? undefined;
    return this.#use(async (engine) =>
      now ? engine.encodeWindowNow(window, locus) : engine.encodeWindow(window, locus),
    );
  }

  predict(state: Float32Array, edits: string): Promise<Float32Array> {
    const now = this.backend === "cpu";
    return this.#use(async (engine) =>
      now ? engine.predictNow(state, edits) : engine.predict(state, edits),
    );
  }

  follow({ state, sequences, prediction, every }: Followed): Promise<Float32Array> {
    const now = this.backend === "cpu";
    return this.#use(async (engine) =>
      now
        ? engine.followNow(state, sequences, prediction, every)
        : engine.follow(state, sequences, prediction, every),
    );
  }

  encodeEdited({ window, sequences, locus }: Edited): Promise<Float32Array> {
    const now = this.backend === "cpu";
    const at = locus ?? undefined;
    return this.#use(async (engine) =>
      now
        ? engine.encodeEditedNow(window, sequences, at)
        : engine.encodeEdited(window, sequences, at),
    );
  }

  async lost(): Promise<boolean> {
    return this.#disposed || this.#broken || this.#engine.lost();
  }

  /** Takes effect when nothing is under way: wasm must not lose what it is working on. */
  dispose(): void {
    this.#disposed = true;
    this.#freeWhenIdle();
  }

  async #use<T>(work: (engine: WasmEngine) => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      // Work on the processor holds the thread: what waits for it comes first.
      await nextTask();
      return await work(this.#engine);
    } catch (error) {
      this.#broken ||= error instanceof WebAssembly.RuntimeError;
      throw error;
    } finally {
      this.#busy -= 1;
      this.#freeWhenIdle();
    }
  }

  #freeWhenIdle(): void {
    if (this.#disposed && this.#busy === 0 && !this.#broken) this.#engine.free();
  }
}
