/**
 * Weights on their way to the engines: each file is read once for all engines that start together, piece by
 * piece, and none is held as a whole.
 */

import { Turns } from "./abort.js";
import type { SourceSpec } from "./service.js";
import { openChunks } from "./sources.js";

/** A file of weights, in the order in which a loader takes them. */
export interface WeightFile {
  readonly path: string;
  readonly size: number;
}

/** Takes the next bytes, which it may not keep. */
export type Push = (piece: Uint8Array) => Promise<void>;

/** Has all weights pushed; settles when they are. */
export type Pour = (push: Push) => Promise<void>;

/** Time for which an engine that is ready waits for the others. */
const PATIENCE_MS = 1_000;

interface Engine {
  readonly push: Push;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The weights of a model. */
export class WeightFeed {
  readonly #files: readonly WeightFile[];
  readonly #sources: Readonly<Record<string, SourceSpec>>;
  readonly #tell: (doneBytes: number, totalBytes: number) => void;
  /** Engines that start and have not asked yet. */
  #expected = 0;
  #waiting: Engine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tell` hears how far a reading is. */
  constructor(
    files: readonly WeightFile[],
    sources: Readonly<Record<string, SourceSpec>>,
    tell: (doneBytes: number, totalBytes: number) => void,
  ) {
    this.#files = files;
    this.#sources = sources;
    this.#tell = tell;
  }

  /** Starts an engine with what pours the weights into it. */
  async start<T>(work: (pour: Pour) => Promise<T>, signal: AbortSignal): Promise<T> {
    let expected = true;
    this.#expected += 1;
    const arrive = (): void => {
      if (expected) this.#expected -= 1;
      expected = false;
      if (this.#expected === 0) this.#begin(signal);
    };
    const pour: Pour = (push) =>
      new Promise((resolve, reject) => {
        this.#waiting.push({ push, resolve, reject });
        this.#timer ??= setTimeout(() => this.#begin(signal), PATIENCE_MS);
        arrive();
      });
    return work(pour).finally(arrive);
  }

  #begin(signal: AbortSignal): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const engines = this.#waiting.splice(0);
    if (engines.length === 0) return;
    this.#read(engines, signal).then(
      () => engines.forEach(({ resolve }) => resolve()),
      (error: unknown) => engines.forEach(({ reject }) => reject(error)),
    );
  }

  async #read(engines: readonly Engine[], signal: AbortSignal): Promise<void> {
    const total = this.#files.reduce((sum, { size }) => sum + size, 0);
    const turns = new Turns();
    let taking = engines;
    let done = 0;
    for (const { path } of this.#files) {
      const { pieces } = await openChunks(this.#sources[path] as SourceSpec, signal);
      for await (const piece of pieces) {
        signal.throwIfAborted();
        taking = await pushed(taking, piece);
        if (taking.length === 0) return;
        done += piece.length;
        this.#tell(done, total);
        await turns.take();
      }
    }
  }
}

/** The engines that took a piece: one that cannot has failed, and the others go on. */
async function pushed(engines: readonly Engine[], piece: Uint8Array): Promise<Engine[]> {
  const took = await Promise.all(
    engines.map(({ push, reject }) =>
      push(piece).then(
        () => true,
        (error: unknown) => (reject(error), false),
      ),
    ),
  );
  return engines.filter((_, place) => took[place]);
}
