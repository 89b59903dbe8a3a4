/** What calls have in common: how they are stopped, and what they tell meanwhile. */

import type { BackendName } from "./model.js";

/** What a runtime is doing. `done` never falls, `total` never changes, and the last has `done === total`. */
export type Progress =
  | {
      readonly kind: "load";
      readonly stage: LoadStage;
      readonly done: number;
      readonly total: number;
      /** While weights are loaded, the bytes of them that have come. */
      readonly doneBytes?: number;
      /** All of them. */
      readonly totalBytes?: number;
    }
  | {
      readonly kind: "index";
      readonly doneBytes: number;
      readonly totalBytes: number;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: "score";
      /** Share of the input that is finished, in units of which there are `total`. */
      readonly done: number;
      readonly total: number;
      /** Alleles with a score so far. */
      readonly scored: number;
      /** Alleles without one so far. */
      readonly skipped: number;
      /** Alleles scored a second, over the last seconds. */
      readonly allelesPerSecond: number;
      /** An estimate, once there is one. */
      readonly secondsLeft: number | null;
    }
  | {
      readonly kind: "plan";
      /** Candidates that were looked at, of as many as there are if nothing ends the search early. */
      readonly done: number;
      readonly total: number;
      /** Rounds that are over. */
      readonly rounds: number;
      /** The least distance from the target so far, once a round is over. */
      readonly bestDistance: number | null;
      /** An estimate, once there is one. */
      readonly secondsLeft: number | null;
    };

/** The steps of loading, in order. */
export type LoadStage = "wasm" | "model" | "verify" | "backend" | "ready";

/** Something that a person should be told. */
export interface Notice {
  /**
   * `backend-fallback`: work goes on, on the processor. `fewer-workers`: not all instances of the
   * model could be started, and work goes on with the others. `input-warning`: the file is odd.
   */
  readonly kind: "backend-fallback" | "fewer-workers" | "input-warning";
  /** A sentence. */
  readonly message: string;
}

/** What stops a call. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** How a runtime is started. */
export interface LoadOptions {
  /** `auto` (the default) takes WebGPU where it is there, right and faster, and the processor else. */
  backend?: "auto" | BackendName;
  /**
   * Instances of the model on the processor, each on a core. The default is the number of cores,
   * four at most; 1 where there are no workers.
   */
  threads?: number;
  /**
   * Whether work runs off the calling thread. The default is true where there are Web Workers and
   * a document (a page), and false in Node, Deno and Cloudflare Workers.
   */
  worker?: boolean;
  /**
   * Starts the script `@genolewm/runtime/worker` as a module worker, once for each that is needed:
   * for pages whose bundler, origin or policy does not let the package start it by itself. `worker`
   * is true then.
   */
  startWorker?: () => Worker;
  /** Told of every step of loading. What a callback throws is uncaught, and stops nothing. */
  onProgress?: (progress: Progress) => void;
  /** Told of what went otherwise than asked, such as a fall-back to the processor. */
  onNotice?: (notice: Notice) => void;
  /** Stops loading. */
  signal?: AbortSignal;
}
